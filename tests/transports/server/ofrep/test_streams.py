"""Server-sent events: a stream says when to ask again, as OFREP's ADR-0008 has it."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.server.ofrep.revisions import Revisions
from flagengine.transports.server.ofrep.streams import PATH, EventStreams
from flagengine.transports.server.web.request import Request

from .schemas import assert_fits
from .support import ALL, ask, context, flag, serving, serving_flags

BETA, OTHER = {"flags": [flag("beta")]}, {"flags": [flag("beta", share=0)]}
THIRD = {"flags": [flag("beta"), flag("gamma")]}
FOREVER = 3600.0


def events_of(piece: bytes) -> list[dict[str, str]]:
    """Return the fields of the events, and comments as ``comment``, as a browser reads them."""
    found = []
    for block in piece.decode().removesuffix("\n\n").split("\n\n"):
        pairs = (line.partition(":") for line in block.split("\n"))
        found.append({name or "comment": value.removeprefix(" ") for name, _, value in pairs})
    return found


class Stream:
    """A stream without a socket."""

    def __init__(self, server, *, keep_alive=FOREVER, query="", **headers):
        self.server = server
        given = [(name.replace("_", "-").encode(), v.encode()) for name, v in headers.items()]
        request = Request("GET", PATH, query_string=query.encode(), headers=given)
        endpoint = EventStreams(
            server.projects,
            server.changes,
            Revisions(),
            clock=server.clock,
            keep_alive=keep_alive,
        )
        self.answer = endpoint(request)

    async def next(self) -> dict[str, str]:
        async with asyncio.timeout(20):
            piece = await anext(self.answer.pieces)
        (event,) = events_of(piece)
        if "data" in event:
            assert event["event"] == "message"
            assert_fits(event, "sseEvent") if "retry" not in event else None
            event |= json.loads(event.pop("data"))
            assert_fits({"type": event["type"]}, "sseEventData")
        return event


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def quiet(clock):
    """Return a server whose definitions are a minute old."""
    server = serving_flags(flag("beta"), clock=clock)
    clock.advance(60)
    return server


def publish(server, document, project=0):
    [*server.projects][project].loader.publish(document)


async def nothing_comes_of_it(waiting):
    """Let everything run that a change has set going, and see that no event came."""
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()


def run(steps):
    asyncio.run(steps)


def test_a_stream_begins_with_an_id_from_which_a_browser_continues(quiet):
    async def steps():
        event = await Stream(quiet).next()
        assert event["type"] == "hello"
        assert event["retry"] == "3000"
        assert event["id"] == Revisions().of(quiet.projects.only)

    run(steps())


def test_a_change_is_told_with_the_state_that_the_server_has_then(quiet):
    async def steps():
        quiet.changes.begin()
        stream = Stream(quiet)
        first = await stream.next()
        publish(quiet, OTHER)
        event = await stream.next()
        assert event["type"] == "refetchEvaluation"
        assert event["etag"] == event["id"] != first["id"]
        assert event["lastModified"] == 1_700_000_060
        return event["etag"]

    run(steps())


def test_the_state_that_an_event_names_is_no_other_state(quiet):
    etag = Revisions().of(quiet.projects.only)
    tag = ask(quiet, ALL, context()).headers["etag"]
    same = ask(quiet, ALL, context(), query=f"flagConfigEtag={etag}", if_none_match=tag)
    assert same.status == 304
    publish(quiet, THIRD)
    other = ask(quiet, ALL, context(), query=f"flagConfigEtag={etag}", if_none_match=tag)
    assert other.status == 200


def test_a_load_that_brings_the_same_is_no_change(quiet):
    async def steps():
        quiet.changes.begin()
        stream = Stream(quiet)
        first = await stream.next()
        waiting = asyncio.create_task(stream.next())
        publish(quiet, json.loads(json.dumps(BETA)))
        await nothing_comes_of_it(waiting)
        publish(quiet, OTHER)
        event = await waiting
        assert event["id"] == Revisions().of(quiet.projects.only) != first["id"]

    run(steps())


def test_forced_values_are_a_change(quiet):
    async def steps():
        quiet.changes.begin()
        stream = Stream(quiet)
        ids = [(await stream.next())["id"]]
        for values in ({"beta": False}, {"beta": "x"}, None):
            quiet.projects.only.forced.force(values)
            quiet.changes.notify()
            ids.append((await stream.next())["id"])
        assert ids[0] == ids[3]
        assert len({*ids}) == 3

    run(steps())


def test_a_stream_hears_of_its_own_project_alone(clock):
    async def steps():
        server = serving(BETA, BETA, clock=clock)
        clock.advance(60)
        server.changes.begin()
        stream = Stream(server, query="token=phc_1")
        await stream.next()
        waiting = asyncio.create_task(stream.next())
        publish(server, THIRD, project=0)
        await nothing_comes_of_it(waiting)
        publish(server, OTHER, project=1)
        assert (await waiting)["id"] == Revisions().of([*server.projects][1])

    run(steps())


def test_whoever_missed_a_change_is_told_at_once(quiet):
    async def steps():
        known = Revisions().of(quiet.projects.only)
        assert (await Stream(quiet, last_event_id="older").next())["type"] == "refetchEvaluation"
        assert (await Stream(quiet, last_event_id=known).next())["type"] == "hello"

    run(steps())


def test_a_change_between_the_flags_and_the_stream_is_not_missed(quiet, clock):
    async def steps():
        ask_again = Stream(quiet)
        assert (await ask_again.next())["type"] == "hello"
        publish(quiet, OTHER)
        assert (await Stream(quiet).next())["type"] == "refetchEvaluation"
        clock.advance(31)
        assert (await Stream(quiet).next())["type"] == "hello"

    run(steps())


def test_before_definitions_are_loaded_an_event_has_no_id(clock):
    async def steps():
        server = serving(None, clock=clock)
        server.changes.begin()
        stream = Stream(server)
        first = await stream.next()
        assert (first["type"], "id" in first) == ("hello", False)
        publish(server, BETA)
        assert (await stream.next())["type"] == "refetchEvaluation"

    run(steps())


def test_definitions_that_are_taken_out_of_use_are_no_reason_to_ask(quiet):
    async def steps():
        quiet.changes.begin()
        stream = Stream(quiet)
        await stream.next()
        store = quiet.projects.only.loader.store
        waiting = asyncio.create_task(stream.next())
        store.clear(generation=store.current.generation + 1)
        await nothing_comes_of_it(waiting)
        publish(quiet, OTHER)
        assert (await waiting)["type"] == "refetchEvaluation"

    run(steps())


def test_a_quiet_stream_says_that_it_lives(quiet):
    async def steps():
        stream = Stream(quiet, keep_alive=0.001)
        await stream.next()
        assert [await stream.next() for _ in range(3)] == [{"comment": ""}] * 3

    run(steps())


def test_a_stream_ends_when_the_server_stops(quiet):
    async def steps():
        quiet.changes.begin()
        stream = Stream(quiet)
        await stream.next()
        quiet.begin_stop()
        with pytest.raises(StopAsyncIteration):
            await stream.next()

    run(steps())


@pytest.mark.parametrize("ends", [True, False], ids=["client goes", "task is cancelled"])
def test_nothing_is_left_of_a_stream_whose_client_has_gone(quiet, ends):
    async def steps():
        quiet.changes.begin()
        sent, begun, gone = [], asyncio.Event(), asyncio.Event()

        async def receive():
            if not begun.is_set():
                return {"type": "http.request", "body": b""}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if message["type"] == "http.response.body":
                begun.set()

        scope = {"type": "http", "method": "GET", "path": PATH, "query_string": b"", "headers": []}
        answering = asyncio.create_task(quiet.application()(scope, receive, send))
        await begun.wait()
        assert len(quiet.changes._waiting) == 1
        gone.set() if ends else answering.cancel()
        async with asyncio.timeout(20):
            await asyncio.wait([answering])
        assert quiet.changes._waiting == set()
        assert [message["type"] for message in sent].count("http.response.start") == 1
        assert len(asyncio.all_tasks()) == 1

    run(steps())


# Over sockets.


@contextmanager
def opened(running, path, **headers) -> Iterator[SimpleNamespace]:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers=names)
    response = connection.getresponse()

    def event():
        lines = []
        while (line := response.readline()) not in (b"\n", b""):
            lines.append(line)
        return events_of(b"".join(lines) + b"\n")[0] if lines else None

    try:
        yield SimpleNamespace(response=response, event=event)
    finally:
        connection.close()


def test_a_browser_hears_of_changes_until_the_server_ends():
    pytest.importorskip("uvicorn", reason="needs the extra `server`")
    from flagengine.transports.server.background import BackgroundServer  # noqa: PLC0415

    server = serving(BETA, BETA, poll_interval=FOREVER)
    running = BackgroundServer(server)
    with running:
        body = ask(server, ALL, context(), x_api_key="phc_1").json
        path = body["eventStreams"][0]["endpoint"]["requestUri"]
        with opened(running, path, origin="https://shop.example") as stream:
            headers = stream.response.headers
            assert stream.response.status == 200
            assert headers["content-type"] == "text/event-stream"
            assert headers["cache-control"] == "no-cache"
            assert headers["x-accel-buffering"] == "no"
            assert headers["access-control-allow-origin"] == "https://shop.example"
            first = stream.event()
            publish(server, THIRD, project=1)
            event = stream.event()
            assert json.loads(event["data"])["type"] == "refetchEvaluation"
            assert event["id"] != first["id"]
            with opened(running, path, last_event_id=first["id"]) as again:
                assert json.loads(again.event()["data"])["etag"] == event["id"]
            running.__exit__()
            assert stream.event() is None


def test_a_stream_needs_a_project_key():
    server = serving(BETA, project_key="phc_shop", secret_keys=("phs_secret_secret",))
    for query in ("", "token=", "token=phc_other", "token=phs_secret_secret"):
        answer = ask(server, PATH, method="GET", query=query)
        assert answer.status == 401
        assert_fits(answer.json, "bulkEvaluationFailure")
    # Programs that can send headers may name the project as in other requests.
    given = Stream(server, x_api_key="phs_secret_secret")
    assert dict(given.answer.headers)[b"content-type"] == b"text/event-stream"
