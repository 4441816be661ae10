"""One connection without a socket: what is written, and how it ends, in orders that sockets seldom show."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from flagengine.transports.server.connections.guard import ConnectionGuard
from flagengine.transports.server.connections.limits import ConnectionLimits
from flagengine.transports.server.connections.protocol import GuardedProtocol

from .raw_client import request

LIMITS = ConnectionLimits(max_connections=32)


class Wire(asyncio.Transport):
    """A transport that remembers what happens to it; ``unread`` is what its client has not read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended: list[str] = []
        self.unread = 0

    def write(self, data: Any) -> None:
        assert not self.ended or self.ended == ["paused"], "nothing is written after the end"
        self.written += data

    def write_eof(self) -> None:
        self.ended.append("eof")

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.ended.append("closed")

    def abort(self) -> None:
        self.ended.append("aborted")

    def is_closing(self) -> bool:
        return "closed" in self.ended or "aborted" in self.ended

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    @property
    def statuses(self) -> list[int]:
        return [int(each.split()[0]) for each in self.written.split(b"HTTP/1.1 ")[1:]]


class Talk:
    """A connection to an application that answers once ``answering`` is set."""

    def __init__(self, *, reads_body: bool = True) -> None:
        self.answering = asyncio.Event()
        self.seen: list[bytes] = []
        self._reads_body = reads_body
        self.guard = ConnectionGuard(LIMITS)
        config = Config(
            self._application, log_config=None, access_log=False, interface="asgi3", ws="none"
        )
        config.load()
        self.state = ServerState()
        self._make = partial(
            GuardedProtocol, guard=self.guard, config=config, server_state=self.state, app_state={}
        )
        self.protocol, self.wire = self.connect()

    def connect(self) -> tuple[GuardedProtocol, Wire]:
        protocol, wire = self._make(), Wire()
        protocol.connection_made(wire)
        return protocol, wire

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", self._reads_body
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.seen.append(body)
        await self.answering.wait()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    async def hear(self, *parts: bytes) -> None:
        for part in parts:
            self.protocol.data_received(part)
            await turns()

    async def answer(self) -> None:
        self.answering.set()
        await turns()

    def look(self, seconds: float) -> None:
        """Let the guard look, so many seconds from now."""
        now = asyncio.get_running_loop().time() + seconds
        self.guard.look([self.protocol], now)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def talking(
    test: Callable[[Talk], Awaitable[None]], *, reads_body: bool = True
) -> Callable[[], None]:
    async def run() -> None:
        await test(Talk(reads_body=reads_body))

    def wrapped() -> None:
        asyncio.run(run())

    wrapped.__name__ = test.__name__  # type: ignore[attr-defined] # a function
    wrapped.__doc__ = None
    return wrapped


@talking
async def test_who_has_finished_sending_is_answered_and_who_has_not_is_not(talk: Talk) -> None:
    await talk.hear(request())
    assert talk.protocol.eof_received() is True
    await talk.answer()
    assert talk.wire.statuses == [200]
    assert talk.wire.ended == ["closed"]
    protocol, _ = talk.connect()
    protocol.data_received(request("/", "POST", b"{", Content_Length="9"))
    assert protocol.eof_received() is False


@talking
async def test_far_above_the_limit_connections_are_dropped_without_a_word(talk: Talk) -> None:
    wires = [talk.connect()[1] for _ in range(40)]
    assert [bool(wire.ended) for wire in wires] == [False] * 31 + [True] * 9
    assert [wire.statuses for wire in wires[31:33]] == [[503], [503]]
    assert {tuple(wire.ended) for wire in wires[33:]} == {("aborted",)}
    assert not any(wire.written for wire in wires[33:])


@talking
async def test_a_slow_reader_has_time_as_long_as_it_reads(talk: Talk) -> None:
    await talk.answer()
    await talk.hear(request())
    talk.wire.unread = 100_000
    talk.protocol.pause_writing()
    talk.look(29)
    talk.wire.unread = 80_000
    talk.look(31)
    assert not talk.wire.ended, "it has read 20,000 bytes"
    talk.wire.unread = 79_000
    talk.look(60)
    assert not talk.wire.ended, "it has as long again"
    talk.look(62)
    assert talk.wire.ended == ["aborted"]
    assert talk.guard.refused == {"slow_reader": 1}


@talking
async def test_a_reader_that_catches_up_is_none(talk: Talk) -> None:
    await talk.answer()
    await talk.hear(request())
    talk.wire.unread = 100_000
    talk.protocol.pause_writing()
    talk.wire.unread = 0
    talk.protocol.resume_writing()
    talk.look(40)
    assert not talk.wire.ended
    talk.protocol.pause_writing()
    talk.look(40)
    assert not talk.wire.ended
    talk.look(80)
    assert talk.wire.ended == ["closed"], "it waits for no further request"


@talking
async def test_a_closed_connection_whose_rest_is_never_read_is_dropped(talk: Talk) -> None:
    await talk.answer()
    await talk.hear(request(Connection="close"))
    assert talk.wire.ended == ["closed"]
    talk.wire.unread = 50_000
    talk.look(31)
    talk.look(62)
    assert talk.wire.ended == ["closed", "aborted"]


@talking
async def test_garbage_behind_a_request_waits_for_its_answer_and_gets_none(talk: Talk) -> None:
    await talk.hear(request(), b"\x00garbage\r\n\r\n", request())
    assert talk.wire.written == b""
    await talk.answer()
    assert talk.wire.statuses == [200]
    assert talk.wire.ended == ["closed"]


@talking
async def test_a_broken_body_behind_a_request_ends_the_connection(talk: Talk) -> None:
    broken = request("/", "POST", b"zz\r\n", Transfer_Encoding="chunked")
    await talk.hear(request() + broken)
    assert talk.wire.ended == ["closed"]
    assert talk.wire.written == b""


@talking
async def test_a_broken_body_is_refused_and_its_reader_told(talk: Talk) -> None:
    await talk.hear(request("/", "POST", b"2\r\n{}\r\nzz\r\n", Transfer_Encoding="chunked"))
    assert talk.wire.statuses == [400]
    assert talk.seen == [b""], "it is told that the client is gone"
    await talk.answer()
    assert talk.wire.statuses == [400]
    assert talk.wire.ended == ["eof"]
    talk.look(6)
    assert talk.wire.ended == ["eof", "closed"]
    assert talk.guard.held == 0


async def _answered_early(talk: Talk) -> None:
    await talk.answer()
    await talk.hear(request("/", "POST", b"{", Content_Length="9"))
    assert talk.wire.statuses == [200]


async def _sent_to_its_end(talk: Talk) -> None:
    await _answered_early(talk)
    await talk.hear(b"12345678", request())
    assert talk.wire.statuses == [200, 200]
    talk.look(70)
    assert not talk.wire.ended


async def _never_sent(talk: Talk) -> None:
    await _answered_early(talk)
    talk.look(4)
    assert not talk.wire.ended
    talk.look(6)
    assert talk.wire.ended == ["closed"]


async def _closing(talk: Talk) -> None:
    await talk.answer()
    await talk.hear(request("/", "POST", b"{", Content_Length="9", Connection="close"))
    assert talk.wire.statuses == [200]
    assert talk.wire.ended == ["eof"], "it may still be sending"
    await talk.hear(b"12345678")
    talk.look(6)
    assert talk.wire.ended == ["eof", "closed"]


@pytest.mark.parametrize("test", [_sent_to_its_end, _never_sent, _closing])
def test_a_body_that_nobody_reads_is_dropped_for_a_bounded_time(
    test: Callable[[Talk], Awaitable[None]],
) -> None:
    talking(test, reads_body=False)()


@talking
async def test_a_declined_upgrade_keeps_the_wish_to_close(talk: Talk) -> None:
    await talk.answer()
    headers = {"Upgrade": "h2c", "Connection": "upgrade, close"}
    await talk.hear(request("/", "POST", b"{}", **headers))
    assert talk.seen == [b"{}"]
    assert talk.wire.statuses == [200]
    assert talk.wire.ended == ["closed"]


@talking
async def test_the_end_of_the_server_closes_what_waits_and_lets_the_rest_be_answered(
    talk: Talk,
) -> None:
    idle, wire = talk.connect()
    await talk.hear(request())
    for each in (talk.protocol, idle):
        each.shutdown()
    assert wire.ended == ["closed"]
    assert not talk.wire.ended
    await talk.answer()
    assert talk.wire.statuses == [200]
    assert talk.wire.ended == ["closed"]


@talking
async def test_an_answer_that_fails_ends_the_connection(talk: Talk) -> None:
    async def failing(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    for headers in ({}, {"Connection": "close"}):
        protocol, wire = talk.connect()
        protocol.app = failing
        protocol.data_received(request(**headers))
        await turns()
        assert wire.ended == ["closed"]


@talking
async def test_headers_have_their_own_time_once_their_first_byte_has_arrived(talk: Talk) -> None:
    await talk.answer()
    await talk.hear(request())
    talk.look(70)
    assert not talk.wire.ended
    await talk.hear(b"GET / HT")
    talk.look(9)
    assert not talk.wire.ended
    talk.look(11)
    assert talk.wire.statuses == [200, 408]


@talking
async def test_headers_that_began_behind_a_request_have_it_too(talk: Talk) -> None:
    await talk.hear(request() + b"GET / HT")
    talk.look(1000)
    assert not talk.wire.ended, "the application has the time that it wants"
    await talk.answer()
    talk.look(11)
    assert talk.wire.statuses == [200, 408]


@talking
async def test_what_comes_after_a_body_is_no_header(talk: Talk) -> None:
    body = b"2\r\n{}\r\n0\r\nX-Role: admin\r\n\r\n"
    await talk.hear(request("/", "POST", Transfer_Encoding="chunked"), body)
    assert talk.seen == [b"{}"]
    assert b"x-role" not in dict(talk.protocol.headers)
