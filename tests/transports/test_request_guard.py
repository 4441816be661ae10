"""The guard of flag requests, remote config and surveys: what counts, and what it costs."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from typing import Any

import pytest

from flagengine.transports import AsyncClient, Client, ManualClock, Response
from flagengine.transports.breaker import Paused, Permit
from flagengine.transports.errors import (
    ConnectError,
    ConnectionLostError,
    InvalidRequestError,
    InvalidResponseError,
    RequestTimeoutError,
    StatusError,
    TLSError,
    TransportError,
)
from flagengine.transports.flags.query import FlagQuery
from flagengine.transports.flags.remote import RemoteFlags
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.request_guard import RequestGuard

from .client.bench import FLAGS, SECRET, Bench, flag, local
from .raw_server import Connection, ok, serving

LOG = logging.getLogger("flagengine.test")
PATIENCE = 20.0


def guard(pause: float | None = 5.0, clock: ManualClock | None = None) -> RequestGuard:
    return RequestGuard(
        "things", pause=pause, log=LOG, clock=clock or ManualClock(), draw=lambda: 0.0
    )


def fail(guarded: RequestGuard, error: TransportError, times: int = 1) -> None:
    for _ in range(times):
        permit = guarded.ask()
        if isinstance(permit, Paused):
            return
        guarded.note(permit, guarded.begin(), error)
        guarded.end(permit)


@pytest.mark.parametrize(
    ("error", "opens"),
    [
        (RequestTimeoutError("slow"), True),
        (ConnectError("refused"), True),
        (TLSError("expired"), True),
        (ConnectionLostError("reset"), True),
        (StatusError(500), True),
        (StatusError(503), True),
        (StatusError(429), True),
        (StatusError(408), True),
        (StatusError(101), True),
        (StatusError(400), False),
        (StatusError(401), False),
        (StatusError(402), False),
        (StatusError(404), False),
        (InvalidRequestError("no url"), False),
        (InvalidResponseError("html", status=200), False),
    ],
    ids=repr,
)
def test_only_a_failing_server_makes_requests_pause(error: TransportError, opens: bool) -> None:
    guarded = guard()
    fail(guarded, error, 5)
    assert isinstance(guarded.ask(), Paused) is opens


def test_a_request_that_was_never_sent_says_nothing_about_the_server() -> None:
    guarded = guard()
    for _ in range(3):
        fail(guarded, ConnectError("refused"), 1)
        fail(guarded, InvalidRequestError("no url"), 1)
    fail(guarded, ConnectError("refused"), 2)
    assert isinstance(guarded.ask(), Paused)


@pytest.mark.parametrize("pause", [0, 0.0, None])
def test_it_can_be_turned_off(pause: float | None) -> None:
    guarded = guard(pause)
    fail(guarded, StatusError(503, retry_after=30.0), 50)
    assert guarded.refusal() is None
    assert guarded.may_retry(Permit())


def test_each_episode_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    guarded = guard(clock=clock)
    with caplog.at_level(logging.DEBUG, LOG.name):
        for _ in range(2):
            fail(guarded, ConnectError("refused"), 5)
            for _ in range(4):
                clock.advance(120.0)
                fail(guarded, ConnectError("refused"))
            clock.advance(120.0)
            permit = guarded.ask()
            assert isinstance(permit, Permit)
            guarded.note(permit, guarded.begin(), None)
    opened = "things: the server fails (refused); no requests for 5 s, then one at a time"
    told = [(record.levelname, record.message) for record in caplog.records]
    assert told == [("WARNING", opened), ("INFO", "things: the server answers again")] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_child_of_a_fork_has_a_trial_of_its_own() -> None:
    clock = ManualClock()
    guarded = guard(clock=clock)
    fail(guarded, ConnectError("refused"), 5)
    clock.advance(5.0)
    assert isinstance(guarded.ask(), Permit)
    with guarded._lock:
        child = os.fork()
        if child == 0:
            guarded.after_fork()
            os._exit(0 if isinstance(guarded.ask(), Permit) else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert isinstance(guarded.ask(), Paused)


# Flag requests.

QUERY = FlagQuery("u", keys=("beta",))
GOOD = Response(200, body=b'{"flags": {"beta": {"enabled": true}}}')


class Flags:
    """Flag requests with a script of answers."""

    def __init__(self, *script: Any, **options: Any) -> None:
        self.clock = ManualClock()
        self.transport = MemoryTransport(script, default=GOOD)
        self.flags = RemoteFlags(
            self.transport,
            host="http://host",
            project_key="phc_x",
            sleep=self.clock.advance,
            guard=guard(clock=self.clock),
            **options,
        )

    def read(self) -> tuple[tuple[str, ...], int]:
        outcome = self.flags.evaluate(QUERY)
        return outcome.errors, outcome.attempts


def test_reads_in_a_pause_ask_nothing_and_tell_the_last_failure() -> None:
    bench = Flags(*[RequestTimeoutError("3 s")] * 2, max_retries=0)
    assert [bench.read() for _ in range(7)] == [(("timeout",), 1)] * 2 + [(("timeout",), 0)] * 5
    paused = bench.flags.paused()
    assert paused is not None
    assert paused.errors == ("timeout",)
    bench.clock.advance(5.0)
    assert bench.flags.paused() is None
    assert [bench.read() for _ in range(2)] == [((), 1)] * 2
    assert len(bench.transport.requests) == 4


def test_too_many_requests_are_not_followed_by_more() -> None:
    bench = Flags(Response(429, {"Retry-After": "12"}), max_retries=3)
    assert [bench.read() for _ in range(2)] == [
        (("api_error_429",), 1),
        (("api_error_429",), 0),
    ]
    bench.clock.advance(11.9)
    assert bench.read() == (("api_error_429",), 0)
    bench.clock.advance(0.1)
    assert bench.read() == ((), 1)


def test_a_gateway_that_asks_for_a_pause_is_not_asked_again() -> None:
    bench = Flags(Response(502, {"Retry-After": "12"}), max_retries=3)
    assert bench.read() == (("api_error_502",), 1)
    assert bench.read() == (("api_error_502",), 0)


def test_an_interrupted_read_leaves_the_trial_to_another() -> None:
    bench = Flags(*[ConnectError("refused")] * 5, max_retries=0)
    for _ in range(5):
        bench.read()
    bench.clock.advance(5.0)

    def interrupt(_: object) -> Response:
        raise KeyboardInterrupt

    bench.transport.play(interrupt)
    with pytest.raises(KeyboardInterrupt):
        bench.read()
    assert bench.read() == ((), 1)


# Clients.


def hanging(connection: Connection) -> None:
    while (request := connection.read()) is not None:
        if "/flags/?" in request.line:
            connection.server.hang()
        connection.send(ok())


@pytest.mark.contract("get-feature-flag")
def test_a_server_that_hangs_costs_all_reads_of_a_thread_two_timeouts() -> None:
    with serving(hanging) as server:
        client = Client(
            "phc_x",
            host=server.url,
            feature_flags_request_timeout=1.0,
            enable_local_evaluation=False,
        )
        started = time.monotonic()
        assert [client.get_feature_flag("a", f"u{n}") for n in range(12)] == [None] * 12
        assert time.monotonic() - started < 2 + 4
        asked = [request for request in server.requests if "/flags/?" in request.line]
        assert len(asked) == 2
        client.flush(PATIENCE)
        called = [
            event["properties"]
            for request in server.requests
            if "/batch" in request.line
            for event in request.json()["batch"]
        ]
        client.shutdown(PATIENCE)
    assert [each["$feature_flag_error"] for each in called] == ["flag_missing,timeout"] * 12


@pytest.mark.contract("get-feature-flag")
def test_a_server_that_hangs_costs_all_reads_at_once_a_timeout_together() -> None:
    with serving(hanging) as server:
        client = AsyncClient(
            "phc_x",
            host=server.url,
            feature_flags_request_timeout=1.0,
            send_feature_flag_event=False,
        )

        async def main() -> float:
            started = time.monotonic()
            reads = [client.get_feature_flag("a", f"u{n}") for n in range(12)]
            assert await asyncio.gather(*reads) == [None] * 12
            return time.monotonic() - started

        assert asyncio.run(main()) < 1 + 4
        asked = [request for request in server.requests if "/flags/?" in request.line]
        assert len(asked) == 12

        async def again() -> None:
            assert await client.get_feature_flag("a", "u") is None

        asyncio.run(again())
        assert len([r for r in server.requests if "/flags/?" in r.line]) == 12
        asyncio.run(client.shutdown(0))


@pytest.mark.contract("get-feature-flag")
def test_in_a_pause_local_flags_are_answered_and_no_error_is_reported_again() -> None:
    with Bench(definitions=local(flag("on")), feature_flags_request_max_retries=0) as bench:
        bench.client.wait_for_local_evaluation_ready()
        bench.server.play(FLAGS, *[Response(500)] * 5)
        for _ in range(9):
            assert bench.client.get_feature_flag("elsewhere", "u") is None
        assert len(bench.errors) == 5
        assert bench.client.get_feature_flag("on", "u") is True


@pytest.mark.parametrize(
    ("read", "path"),
    [
        (lambda client: client.get_surveys(), "/api/surveys/"),
        (
            lambda client: client.get_remote_config_payload("a"),
            "/api/projects/@current/feature_flags/a/remote_config",
        ),
    ],
    ids=["surveys", "remote config"],
)
def test_remote_config_and_surveys_pause_apart_from_flags(read: Any, path: str) -> None:
    with Bench(secret_key=SECRET, enable_local_evaluation=False) as bench:
        bench.server.play(path, *[ConnectError("refused")] * 5)
        for _ in range(8):
            assert not read(bench.client)
        assert len(bench.server.requests) == len(bench.errors) == 5
        bench.client.get_feature_flag("a", "u")
        assert len(bench.server.requests) == 6
        bench.clock.advance(6.0)
        read(bench.client)
        assert len(bench.server.requests) == 7


@pytest.mark.parametrize("pause", [0, None])
def test_the_option_turns_all_pauses_off(pause: float | None) -> None:
    with Bench(feature_flags_request_pause=pause, feature_flags_request_max_retries=0) as bench:
        bench.server.play(FLAGS, *[Response(500)] * 9)
        bench.server.play("/api/surveys/", *[Response(500)] * 9)
        for _ in range(9):
            bench.client.get_feature_flag("a", "u")
            bench.client.get_surveys()
        assert len(bench.server.requests) == 18


@pytest.mark.parametrize(
    ("pause", "error"), [(-1, ValueError), ("soon", ValueError), (True, TypeError)]
)
def test_the_option_is_checked(pause: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="feature_flags_request_pause must be"):
        Client("phc_x", feature_flags_request_pause=pause)


def test_threads_share_one_trial() -> None:
    clock = ManualClock()
    guarded = guard(clock=clock)
    fail(guarded, ConnectError("refused"), 5)
    clock.advance(5.0)
    start, found = threading.Barrier(16), []

    def ask() -> None:
        start.wait(PATIENCE)
        found.append(guarded.ask())

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sum(isinstance(each, Permit) for each in found) == 1
