"""The latest events of a server for development: found, waited for, forgotten, and streamed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from flagengine.transports.server.events.captured import Captured
from flagengine.transports.server.events.reading import CapturedEndpoint
from flagengine.transports.server.web.request import Request
from flagengine.transports.server.web.response import Streamed
from tests.transports.server.events.support import Taking, Upstream, event, relay_settings, uuid_of
from tests.transports.server.support import KEY, Bench


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [each["number"] for each in events]


def test_an_event_has_its_number_its_project_and_when_it_came():
    async def scenario() -> None:
        async with Taking() as server:
            await server.send(event())
            (found,) = await server.captured()
            assert found["number"] == 1
            assert found["project"] == "default"
            assert found["received_at"].endswith("Z")
            assert found["properties"]["number"] == 1

    asyncio.run(scenario())


def test_events_are_found_by_name_by_person_and_after_a_number():
    async def scenario() -> None:
        async with Taking() as server:
            await server.send(event(1, event="a"), event(2, event="b"), event(3, event="a"))
            assert numbers(await server.captured()) == [1, 2, 3]
            assert numbers(await server.captured("event=a")) == [1, 3]
            assert numbers(await server.captured("distinct_id=user-2")) == [2]
            assert numbers(await server.captured("event=a&distinct_id=user-2")) == []
            assert numbers(await server.captured("event=a&since=1")) == [3]
            assert numbers(await server.captured("event=")) == [1, 2, 3]

    asyncio.run(scenario())


def test_an_answer_says_where_the_next_begins():
    async def scenario() -> None:
        async with Taking() as server:
            await server.send(*(event(number) for number in range(5)))
            first = (await server.ask("GET", "/_events?limit=2")).json
            assert (numbers(first["events"]), first["next"]) == ([1, 2], 2)
            second = (await server.ask("GET", "/_events?limit=3&since=2")).json
            assert (numbers(second["events"]), second["next"]) == ([3, 4, 5], 5)
            none = (await server.ask("GET", "/_events?event=other")).json
            assert none == {"events": [], "next": 5, "forgotten": 0}
            later = (await server.ask("GET", "/_events?since=9")).json
            assert later == {"events": [], "next": 9, "forgotten": 0}

    asyncio.run(scenario())


def test_events_are_forgotten_on_demand_and_numbers_go_on():
    async def scenario() -> None:
        async with Taking() as server:
            await server.send(event(1), event(2))
            assert (await server.ask("DELETE", "/_events")).json == {"deleted": 2, "next": 2}
            assert await server.captured() == []
            await server.send(event(3))
            assert numbers(await server.captured()) == [3]

    asyncio.run(scenario())


def test_only_the_latest_events_are_kept():
    async def scenario() -> None:
        async with Taking(captured_events=3) as server:
            await server.send(*(event(number) for number in range(5)))
            answer = (await server.ask("GET", "/_events")).json
            assert (numbers(answer["events"]), answer["forgotten"]) == ([3, 4, 5], 2)

    asyncio.run(scenario())


def test_the_latest_events_have_a_bound_of_bytes_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flagengine.transports.server.events.captured._MOST_BYTES", 5_000)

    async def scenario() -> None:
        async with Taking() as server:
            for number in range(4):
                await server.send(event(number, properties={"a": "x" * 2_000}))
            assert numbers(await server.captured()) == [3, 4]

    asyncio.run(scenario())


def test_events_that_were_refused_are_not_there():
    async def scenario() -> None:
        async with Taking() as server:
            await server.send(event(1), {"event": "no id"})
            await server.send(event(2), api_key="phc_other")
            assert await server.captured() == []

    asyncio.run(scenario())


class TestWaiting:
    def test_a_request_waits_for_the_event_that_it_asks_for(self):
        async def scenario() -> None:
            async with Taking() as server:
                asked = asyncio.create_task(server.captured("event=b&wait=60"))
                await asyncio.sleep(0)
                await server.send(event(1, event="a"))
                assert not asked.done()
                await server.send(event(2, event="b"))
                assert numbers(await asked) == [2]

        asyncio.run(asyncio.wait_for(scenario(), 20))

    def test_a_request_does_not_wait_for_what_is_there(self):
        async def scenario() -> None:
            async with Taking() as server:
                await server.send(event())
                assert numbers(await server.captured("wait=60")) == [1]

        asyncio.run(asyncio.wait_for(scenario(), 20))

    def test_a_request_waits_no_longer_than_it_says(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("flagengine.transports.server.events.reading._LONGEST_WAIT", 0.01)

        async def scenario() -> None:
            async with Taking() as server:
                assert await server.captured("wait=1000") == []

        asyncio.run(asyncio.wait_for(scenario(), 20))

    def test_the_end_of_the_server_ends_the_waiting(self):
        async def scenario() -> None:
            async with Taking() as server:
                asked = asyncio.create_task(server.captured("wait=60"))
                await asyncio.sleep(0)
                server.server.begin_stop()
                assert await asked == []

        asyncio.run(asyncio.wait_for(scenario(), 20))

    @pytest.mark.parametrize("query", ["wait=soon", "since=-1", "limit=1.5", "since=" + "9" * 16])
    def test_a_number_must_be_one(self, query: str):
        async def scenario() -> None:
            async with Taking() as server:
                answer = await server.ask("GET", f"/_events?{query}")
                assert answer.status == 400
                assert query.partition("=")[0] in answer.text

        asyncio.run(scenario())


class TestStreams:
    def test_a_stream_has_each_event_from_now_on(self):
        async def scenario() -> None:
            async with Taking() as server:
                await server.send(event(1))
                pieces = await stream(server)
                await server.send(event(2), event(3))
                first, second = (await anext(pieces)).split(b"\n\n")[:2]
                assert first.startswith(b"id: 2\nevent: captured\ndata: {")
                found = json.loads(second.partition(b"data: ")[2])
                assert (found["number"], found["uuid"]) == (3, uuid_of(3))
                server.server.begin_stop()
                assert [each async for each in pieces] == []

        asyncio.run(asyncio.wait_for(scenario(), 20))

    @pytest.mark.parametrize(
        ("query", "headers"),
        [(b"since=1", []), (b"", [(b"last-event-id", b"1")])],
    )
    def test_a_stream_that_broke_goes_on_where_it_was(
        self, query: bytes, headers: list[tuple[bytes, bytes]]
    ):
        async def scenario() -> None:
            async with Taking() as server:
                await server.send(event(1), event(2), event(3, event="other"))
                pieces = await stream(server, query, headers)
                assert (await anext(pieces)).count(b"data: ") == 2

        asyncio.run(asyncio.wait_for(scenario(), 20))

    def test_a_stream_may_ask_for_some_events_alone(self):
        async def scenario() -> None:
            async with Taking() as server:
                pieces = await stream(server, b"event=b")
                await server.send(event(1, event="a"))
                await server.send(event(2, event="b"))
                assert (await anext(pieces)).startswith(b"id: 2\n")

        asyncio.run(asyncio.wait_for(scenario(), 20))

    def test_a_stream_without_events_shows_that_it_lives(self):
        async def scenario() -> None:
            endpoint = CapturedEndpoint(Captured(10), alive=0.001)
            answer = await endpoint.stream(Request("GET", "/_events/stream"))
            assert [await anext(answer.pieces) for _ in range(3)] == [b": still here\n\n"] * 3

        asyncio.run(asyncio.wait_for(scenario(), 20))

    def test_a_stream_is_one_for_the_browser(self):
        async def scenario() -> Streamed:
            return await CapturedEndpoint(Captured(10)).stream(Request("GET", "/_events/stream"))

        headers = dict(asyncio.run(scenario()).headers)
        assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
        assert headers[b"cache-control"] == b"no-store"


async def stream(
    server: Taking, query: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
) -> AsyncIterator[bytes]:
    """Return the pieces of a stream after its first, which says that it is open."""
    assert server.server.captured is not None
    endpoint = CapturedEndpoint(server.server.captured)
    request = Request("GET", "/_events/stream", query_string=query, headers=headers)
    pieces = (await endpoint.stream(request)).pieces
    assert await anext(pieces) == b": still here\n\n"
    return pieces


class TestWhoMaySeeThem:
    @pytest.mark.parametrize("path", ["/_events", "/_events/stream"])
    def test_nobody_outside_of_development(self, path: str):
        server = Bench(is_development=False)
        assert server("GET", path).status == 404

    def test_nothing_is_kept_outside_of_development(self):
        async def scenario() -> None:
            async with Taking(is_development=False) as server:
                await server.send(event())
                assert server.server.captured is None

        asyncio.run(scenario())


def test_events_of_several_projects_say_whose_they_are():
    async def scenario() -> None:
        projects = [relay_settings(name=name, project_key=f"phc_{name}") for name in ("a", "b")]
        server = Bench(*projects, transport=Upstream(), is_development=True)
        await server.server.start()
        for name in ("b", "a"):
            sent = {"api_key": f"phc_{name}", "batch": [event()]}
            assert (await server.ask("POST", "/batch/", sent)).status == 200
        found = (await server.ask("GET", "/_events")).json["events"]
        assert [each["project"] for each in found] == ["b", "a"]
        sent = {"api_key": KEY, "batch": [event()]}
        assert (await server.ask("POST", "/batch/", sent)).status == 401
        await server.server.stop()

    asyncio.run(scenario())
