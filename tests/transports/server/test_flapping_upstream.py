"""A server upstream that goes away, is slow, broken or closed: what SDKs of this server get meanwhile."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.errors import (
    ClientBusyError,
    ConnectError,
    RequestError,
    RequestTimeoutError,
)
from flagengine.transports.http.base import Request, Response
from flagengine.transports.http.live import LiveTransport
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.polling.health import StalenessBudget
from flagengine.transports.polling.sources.http import HttpDefinitions
from flagengine.transports.server import ProjectSettings, UpstreamSettings
from flagengine.transports.server import upstream as upstream_module

from ..raw_server import Connection, serving
from .support import BETA, KEY, SECRET, Answer, Bench, definitions

AGE = "x-flagengine-definitions-age"
HOST = "https://upstream.example"
GOOD = Response(200, {"ETag": '"1"'}, json.dumps(definitions(BETA)).encode())


def _relay(
    transport: Any, clock: ManualClock | None = None, *, host: str = HOST, **upstream: Any
) -> Bench:
    """Return a relay whose definitions and undecided flags come from the host."""
    source = HttpDefinitions(
        transport, host=host, project_key=KEY, secret_key=SECRET, timeout=1.0, clock=clock
    )
    project = ProjectSettings(
        project_key=KEY,
        secret_keys=(SECRET,),
        source=source,
        staleness=StalenessBudget(90.0, 600.0),
        upstream=UpstreamSettings(host=host, **upstream),
    )
    return Bench(project, transport=transport, clock=clock)


def _definitions(bench: Bench) -> Answer:
    return bench("GET", "/flags/definitions", None, {"authorization": f"Bearer {SECRET}"})


# Definitions.


@pytest.mark.parametrize(
    "failure",
    [
        ConnectError("refused"),
        RequestTimeoutError("too late"),
        *(Response(status) for status in (301, 403, 404, 429, 500, 502, 503)),
        Response(200, {}, b"<html>"),
        Response(200, {}, b'{"flags": '),
        Response(200, {}, b"[]"),
    ],
    ids=lambda each: f"{getattr(each, 'status', '')}{type(each).__name__}",
)
def test_the_last_good_definitions_are_served_with_their_age(failure: RequestError | Response):
    clock, transport = ManualClock(), MemoryTransport([GOOD])
    bench = _relay(transport, clock)
    transport.default = failure
    for age, is_ready in ((30, True), (300, True), (599, True), (601, False), (86_400, False)):
        clock.advance(age - (clock.monotonic()))
        bench.load()
        assert bench.flags()["flags"]["beta"]["enabled"]
        answer = _definitions(bench)
        assert (answer.status, answer.header(AGE)) == (200, str(age))
        assert bench("GET", "/_health").status == 200
        project = bench("GET", "/_health").json["projects"]["default"]
        assert (project["age"], project["failures"] > 0) == (age, True)
        assert bench("GET", "/_ready").status == (200 if is_ready else 503)
    transport.default = GOOD
    clock.advance(601)
    bench.load()
    assert _definitions(bench).header(AGE) == "0"
    assert bench("GET", "/_ready").status == 200
    assert bench("GET", "/_health").json["projects"]["default"]["failures"] == 0


@pytest.mark.parametrize("status", [401, 402])
def test_a_refusal_upstream_takes_definitions_out_of_use_and_is_no_refusal_of_the_sdk(status: int):
    clock, transport = ManualClock(), MemoryTransport([GOOD])
    bench = _relay(transport, clock)
    before = _definitions(bench).header("etag")
    transport.default = Response(status)
    clock.advance(30)
    bench.load()
    answer = _definitions(bench)
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert bench("POST", "/flags", {"token": KEY, "distinct_id": "u"}).status == 503
    assert bench("GET", "/_ready").status == 503
    transport.default = GOOD
    clock.advance(600)
    bench.load()
    assert _definitions(bench).header("etag") == before
    assert "If-None-Match" not in transport.requests[-1].headers, "it no longer has that document"


def test_an_upstream_that_is_down_from_the_start_is_asked_again_and_nothing_is_invented():
    clock, transport = ManualClock(), MemoryTransport(default=ConnectError("refused"))
    bench = _relay(transport, clock)
    assert (_definitions(bench).status, bench("GET", "/_ready").status) == (503, 503)
    transport.default = GOOD
    clock.advance(1)
    bench.load()
    assert (_definitions(bench).status, bench("GET", "/_ready").status) == (200, 200)


def _half(connection: Connection) -> None:
    connection.read()
    connection.send(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"flags": [')
    connection.sock.close()


def _garbage(connection: Connection) -> None:
    connection.read()
    connection.send(b"\x00\xff\x01 this is no HTTP\r\n\r\n")
    connection.sock.close()


def _endless(connection: Connection) -> None:
    connection.read()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    connection.server.hang()


@pytest.mark.parametrize("serve", [_half, _garbage, _endless])
def test_answers_that_break_off_on_the_way_change_nothing(serve: Callable[[Connection], None]):
    clock = ManualClock()
    with serving(serve) as upstream:
        memory, live = MemoryTransport([GOOD]), LiveTransport()

        class Switching:
            def request(self, request: Request, /) -> Response:
                return (live if memory.requests else memory).request(request)

        bench = _relay(Switching(), clock, host=upstream.url, flags_timeout=0.3)
        clock.advance(30)
        bench.load()
        assert len(upstream.requests) == 1
        assert _definitions(bench).header(AGE) == "30"
        assert bench("GET", "/_health").json["projects"]["default"]["failures"] == 1
        live.close()


# Flags that only the server upstream decides.

COHORT = {
    "key": "members",
    "id": 8,
    "active": True,
    "filters": {
        "groups": [
            {
                "properties": [{"key": "id", "value": 5, "type": "cohort", "operator": "in"}],
                "rollout_percentage": 100,
            }
        ]
    },
}
STATIC = Response(200, {"ETag": '"2"'}, json.dumps(definitions(BETA, COHORT)).encode())


def _decided(enabled: bool = True) -> Response:  # noqa: FBT002 - reads well
    record = {"key": "members", "value": enabled, "reason": {"code": "condition_match"}}
    body = {"flags": {"members": record}, "errorsWhileComputingFlags": False}
    return Response(200, {}, json.dumps(body).encode())


class Gate:
    """A transport that answers for definitions at once, and for flags when it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.begun = threading.Semaphore(0)
        self.asked: list[Request] = []
        self.answer: Response | RequestError = _decided()

    def request(self, request: Request, /) -> Response:
        if "definitions" in request.url:
            return STATIC
        self.asked.append(request)
        self.begun.release()
        assert self.opened.wait(20)
        if isinstance(self.answer, RequestError):
            raise self.answer
        return self.answer


async def _flags(bench: Bench, person: str = "u", **fields: Any) -> Any:
    body = {"token": KEY, "distinct_id": person, **fields}
    answer = await bench.ask("POST", "/flags?v=2", body)
    assert answer.status == 200
    return answer.json


def test_a_hundred_equal_requests_at_once_are_one_upstream():
    gate, clock = Gate(), ManualClock()
    bench = _relay(gate, clock)

    async def ask() -> list[Any]:
        waiting = [asyncio.create_task(_flags(bench)) for _ in range(100)]
        await asyncio.to_thread(gate.begun.acquire)
        gone = waiting.pop()
        gone.cancel()  # a client that goes takes the answer from nobody
        gate.opened.set()
        return await asyncio.gather(*waiting)

    found = asyncio.run(ask())
    assert len(gate.asked) == 1
    assert all(each["flags"]["members"]["enabled"] for each in found)
    assert not any(each["errorsWhileComputingFlags"] for each in found)
    assert bench.flags()["flags"]["members"]["enabled"], "the answer is remembered"
    assert len(gate.asked) == 1
    clock.advance(10.5)
    assert bench.flags()["flags"]["members"]["enabled"]
    assert len(gate.asked) == 2, "for a bounded time"
    assert bench.flags(distinct_id="another")["flags"]["members"]["enabled"]
    assert len(gate.asked) == 3


@pytest.mark.parametrize(("most", "asked"), [(3, 5), (1, 6), (0, 6)])
def test_so_many_flags_are_remembered_and_no_more(
    most: int, asked: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(upstream_module, "_MOST_REMEMBERED", most)
    gate = Gate()
    gate.opened.set()
    bench = _relay(gate, ManualClock())
    for person in ("a", "b", "c", "d", "b", "a"):
        assert bench.flags(distinct_id=person)["flags"]["members"]["enabled"]
    assert len(gate.asked) == asked


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500, 503])
def test_a_refusal_of_flags_upstream_leaves_them_undecided(status: int):
    gate = Gate()
    gate.opened.set()
    gate.answer = Response(status)
    found = _relay(gate, ManualClock()).flags()
    assert found["errorsWhileComputingFlags"] is True
    assert found["flags"]["members"]["failed"] is True
    assert found["flags"]["beta"]["enabled"] is True


def test_requests_pause_while_upstream_fails_and_go_on_when_it_answers_again():
    gate, clock = Gate(), ManualClock()
    gate.opened.set()
    gate.answer = ConnectError("refused")
    bench = _relay(gate, clock)
    for number in range(100):
        assert bench.flags(distinct_id=f"u{number}")["errorsWhileComputingFlags"] is True
    assert len(gate.asked) < 10
    gate.answer = _decided()
    before = len(gate.asked)
    clock.advance(60)
    assert bench.flags()["errorsWhileComputingFlags"] is False
    assert len(gate.asked) == before + 1


def test_no_more_requests_wait_for_upstream_than_it_can_be_asked_in_time():
    gate, clock = Gate(), ManualClock()
    bench = _relay(gate, clock)

    async def ask() -> list[Any]:
        waiting = [asyncio.create_task(_flags(bench, f"u{number}")) for number in range(400)]
        await asyncio.to_thread(gate.begun.acquire)
        found, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert all(each.result()["errorsWhileComputingFlags"] for each in found)
        gate.opened.set()
        return await asyncio.gather(*waiting)

    found = asyncio.run(ask())
    assert sum(each["flags"]["members"].get("failed", False) for each in found) == 400 - 256


def test_a_thread_that_hangs_upstream_costs_a_request_a_bounded_time():
    gate = Gate()
    bench = _relay(gate, flags_timeout=0.01)
    (upstream,) = bench.server.upstreams.values()
    upstream._patience = 0.05

    async def ask() -> Any:
        try:
            return await asyncio.wait_for(_flags(bench), 10)
        finally:
            gate.opened.set()

    assert asyncio.run(ask())["errorsWhileComputingFlags"] is True


def _refused(_: object) -> Any:
    raise ClientBusyError


def test_what_the_threads_refuse_leaves_flags_undecided():
    gate = Gate()
    bench = _relay(gate, ManualClock())
    bench.server.threads.submit = _refused  # type: ignore[method-assign] # as of a pool that is full
    assert bench.flags()["errorsWhileComputingFlags"] is True


@pytest.mark.parametrize(
    ("disables", "requests"), [({}, 2), ({"geoip_disable": False}, 2), ({"geoip_disable": True}, 1)]
)
def test_answers_are_shared_by_addresses_only_if_the_place_does_not_matter(
    disables: dict[str, bool], requests: int
):
    gate = Gate()
    gate.opened.set()
    bench = _relay(gate, ManualClock())
    body = {"token": KEY, "distinct_id": "u", **disables}

    async def ask() -> None:
        for address in ("203.0.113.1", "198.51.100.1"):
            answer = await bench.ask("POST", "/flags?v=2", body, client=address)
            assert answer.status == 200

    asyncio.run(ask())
    assert len(gate.asked) == requests


@pytest.mark.parametrize("client", ["evil\r\nX-Forged: 1", " 1.2.3.4", "\x80", "::1", "ü"])
def test_an_odd_client_address_is_no_header_that_breaks_the_request(client: str):
    def serve(connection: Connection) -> None:
        while connection.read():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(_decided().body))
            connection.send(_decided().body)

    with serving(serve) as upstream:
        memory, live = MemoryTransport(default=STATIC), LiveTransport()

        class Split:
            def request(self, request: Request, /) -> Response:
                return (memory if "definitions" in request.url else live).request(request)

        bench = _relay(Split(), host=upstream.url)
        body = {"token": KEY, "distinct_id": "u"}
        answer = bench("POST", "/flags?v=2", body, client=client)
        live.close()
        assert answer.status == 200
        assert all("x-forged" not in each.headers for each in upstream.requests)
        assert answer.json["flags"]["members"]["enabled"] is True
