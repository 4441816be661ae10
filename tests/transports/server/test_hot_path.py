"""What the way of a request is quick by: results that are remembered, and bodies that are read without a timer."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from flagengine.transports.server.fragments import enclosed
from flagengine.transports.server.web.begun import Begun
from flagengine.transports.server.web.body import read_body
from flagengine.transports.server.web.remembering import remembering
from flagengine.transports.server.web.request import Request
from flagengine.transports.server.web.response import Refused
from tests.transports.server.support import Bench


class Client:
    """Sends a body in parts; ``wait`` is before each part but the first."""

    def __init__(self, *parts: bytes, wait: Any = None) -> None:
        self._parts = list(parts)
        self._wait = wait
        self._is_first = True

    async def receive(self) -> dict[str, Any]:
        if not self._is_first and self._wait is not None:
            await self._wait()
        self._is_first = False
        part = self._parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self._parts)}


def read(client: Client, seconds: float = 5.0) -> bytes:
    return asyncio.run(read_body(client.receive, None, limit=1_000, seconds=seconds))


def test_a_body_that_is_there_needs_no_event_loop() -> None:
    reading = read_body(Client(b"ab", b"cd").receive, None, limit=1_000, seconds=5.0)
    with pytest.raises(StopIteration) as end:
        reading.send(None)
    assert end.value.value == b"abcd"


def test_a_body_that_comes_in_parts_is_waited_for() -> None:
    async def a_moment() -> None:
        await asyncio.sleep(0)

    assert read(Client(b"ab", b"cd", b"ef", wait=a_moment)) == b"abcdef"


def test_a_body_that_does_not_come_is_refused_after_its_time() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Refused) as refused:
        read(Client(b"ab", b"cd", wait=forever), seconds=0.001)
    assert refused.value.response.status == 408


def test_a_part_that_is_too_much_is_refused_before_the_next_is_read() -> None:
    client = Client(b"x" * 1_001, b"never read")
    with pytest.raises(Refused) as refused:
        read(client)
    assert refused.value.response.status == 413
    assert client._parts == [b"never read"]


def test_what_waits_is_closed_if_the_one_who_awaits_it_is_cancelled() -> None:
    closed: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append("closed")

    async def main() -> None:
        async def awaiting() -> None:
            await Begun(waits())

        task = asyncio.ensure_future(awaiting())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert closed == ["closed"]


def test_results_are_remembered_for_short_texts_alone() -> None:
    asked: list[bytes] = []

    @remembering
    def length(text: bytes) -> int:
        asked.append(text)
        return len(text)

    short, long = b"x" * 256, b"x" * 257
    assert [length(text) for text in (short, short, long, long)] == [256, 256, 257, 257]
    assert asked == [short, long, long]


def test_the_first_of_several_headers_of_a_name_counts() -> None:
    request = Request("GET", "/", headers=[(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert (request.header(b"a"), request.field(b"b"), request.header(b"c")) == ("1", b"2", None)


def test_a_query_that_is_remembered_cannot_be_changed() -> None:
    first = Request("GET", "/", query_string=b"v=2&v=3&config=").query
    assert dict(first) == {"v": "2", "config": ""}
    with pytest.raises(TypeError):
        first["v"] = "4"  # type: ignore[index]


def test_text_around_no_pieces_is_one_piece() -> None:
    assert enclosed(b"{", [], b"}") == [b"{}"]
    assert enclosed(b"{", [b"a"], b"}") == [b"{a}"]
    assert enclosed(b"{", [b"a", b"b"], b"}") == [b"{a", b"b}"]


def test_each_answer_has_a_request_id_of_its_own() -> None:
    bench = Bench()
    found = [bench.flags()["requestId"] for _ in range(300)]
    assert len(set(found)) == len(found)
    assert {UUID(each).version for each in found} == {4}
