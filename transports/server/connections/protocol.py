"""One connection: uvicorn's protocol on httptools' parser, with the limits that both lack.

This is what happens until the headers of a request are here; `answering` has what comes then, and `ending` how a
connection ends. uvicorn alone waits for headers for ever, keeps as many as come, and loses the body of a request
that offers HTTP/2. Nothing here parses HTTP.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from flagengine import extra_for

from .answering import AnsweringProtocol, RefusedError
from .ending import NEVER
from .half_closing import HalfClosing
from .heads import refusal_of_head, without_upgrade
from .refusals import Refusal

with extra_for("flagengine serve"):
    import httptools

__all__ = ["GuardedProtocol"]

_MOST_PIPELINED: Final = 500
_RESERVE: Final = 16
"""For how many connections one above the limit gets an answer that says so; those above are only closed."""


class GuardedProtocol(AnsweringProtocol):
    """A connection with limits.

    Args:
        guard: has the limits, and is told of refusals.
        arguments: those that uvicorn gives.
    """

    # What the event loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; refuse a connection above the limit."""
        super().connection_made(transport)
        self._deadline = self.loop.time() + self._limits.header_timeout
        most = self._limits.max_connections
        above = len(self.connections) - most
        if above > max(1, most // _RESERVE):
            self._note(Refusal.FULL)
            transport.abort()
        elif above > 0:
            self._refuse(Refusal.FULL)

    def data_received(self, data: bytes) -> None:
        """Read what has arrived, up to the limits."""
        if self._is_discarding:
            return
        while True:
            self._unread += len(data)
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._begin_again() + data[upgrade.args[0] :]
            except httptools.HttpParserError:
                self._refuse(self._refusal or Refusal.MALFORMED)
                return
            else:
                break
        if self._unread:
            self._check_unread()

    # What the parser calls. For each request, so without calls of the base's methods where they are short.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; drop one that comes after the body."""
        if not self._is_in_headers:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to answer, if the headers are within the limits."""
        parser = self.parser
        self._refusal = refusal_of_head(
            parser.get_method(), self.url, self.headers, size=self._unread, limits=self._limits
        )
        if self._refusal is not None:
            raise RefusedError
        if parser.should_upgrade():
            return  # read again without the upgrade: see ``data_received``
        self._is_in_headers = self._is_waiting = False
        self._unread = 0
        self._deadline = NEVER
        super().on_headers_complete()
        self.url = b""  # not empty: the next request has begun
        cycle = self.cycle
        if not parser.should_keep_alive():
            cycle.keep_alive = False  # uvicorn before 0.53 sees that when it answers
        if not cycle.keep_alive:
            finish = partial(self._finish, cycle)
            cycle.transport = HalfClosing(self.transport, finish)  # type: ignore[assignment]
        if len(self.pipeline) > _MOST_PIPELINED:
            self._refusal = Refusal.PIPELINE
            raise RefusedError

    # Steps.

    def _check_unread(self) -> None:
        """Refuse headers that are too large before they end, and note when a request begins."""
        if self._unread > self._limits.max_header_bytes:
            is_url = self._is_in_headers and 2 * len(self.url) > self._unread
            self._refuse(Refusal.LONG_URL if is_url else Refusal.LARGE_HEADERS)
        elif self._is_waiting:
            self._is_waiting = False
            self._deadline = self.loop.time() + self._limits.header_timeout

    def _begin_again(self) -> bytes:
        """Return the head without its offer of another protocol, for a new parser.

        A parser takes whatever follows such a head for that protocol, although a body follows.
        """
        parser = self.parser
        head = without_upgrade(
            parser.get_method(),
            self.url,
            parser.get_http_version().encode(),
            self.headers,
            keeps_alive=parser.should_keep_alive(),
        )
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._unread = 0
        return head
