"""The stream of changes: definitions, their health, forced values, and the end of the server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from flagengine.transports.polling.fetch_results import Failed, FailureKind
from flagengine.transports.server.explorer.news import news
from tests.transports.server.explorer.support import OLD, Explorer, document, flag


async def _next(stream: Any) -> dict[str, Any]:
    piece = await asyncio.wait_for(anext(stream), 10)
    assert piece.startswith(b"data: ")
    return json.loads(piece.removeprefix(b"data: "))


def _stream(explorer: Explorer) -> Any:
    explorer.server.changes.begin()
    return news(explorer.projects[0], explorer.server.changes, look_every=0.01)


def _reload(explorer: Explorer) -> None:
    explorer.projects[0].loader.request()
    explorer.load()


def test_the_state_comes_at_once_and_after_each_change():
    async def watch() -> None:
        explorer = Explorer()
        stream = _stream(explorer)
        first = await _next(stream)
        assert (first["flags"], first["changed"], first["forced"]) == (4, [], {})

        explorer.source.replace(document(flag("new", {})) | {"flags": [OLD, flag("new", {})]})
        _reload(explorer)
        second = await _next(stream)
        assert second["version"] != first["version"]
        assert second["changed"] == ["adult", "checkout", "new", "seated"]

        explorer.projects[0].forced.force({"old": True})
        third = await _next(stream)
        assert (third["forced"], third["changed"]) == ({"old": True}, [])

    asyncio.run(watch())


def test_definitions_that_cannot_be_loaded_are_news_once():
    async def watch() -> None:
        explorer = Explorer()
        stream = _stream(explorer)
        await _next(stream)
        explorer.source.fail(Failed(FailureKind.UNREADABLE, "cannot read flags.json: gone"))
        _reload(explorer)
        broken = await _next(stream)
        assert "cannot read flags.json" in broken["error"]
        assert broken["flags"] == 4
        _reload(explorer)
        explorer.source.replace(document())
        _reload(explorer)
        assert (await _next(stream))["error"] is None

    asyncio.run(watch())


def test_a_quiet_stream_shows_that_it_lives_and_ends_with_the_server():
    async def watch() -> None:
        explorer = Explorer()
        stream = _stream(explorer)
        await _next(stream)
        assert await asyncio.wait_for(anext(stream), 10) == b": still here\n\n"
        explorer.server.changes.close()
        assert await anext(stream, None) is None

    asyncio.run(watch())


def test_a_stream_ends_when_its_client_goes():
    answer = Explorer()("GET", "/_explorer/changes")  # the client is gone after its request
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    assert answer.body == b"" or answer.body.startswith(b"data: ")


def test_loading_the_same_definitions_again_is_no_news():
    async def watch() -> None:
        explorer = Explorer()
        stream = _stream(explorer)
        await _next(stream)
        _reload(explorer)
        assert await asyncio.wait_for(anext(stream), 10) == b": still here\n\n"

    asyncio.run(watch())
