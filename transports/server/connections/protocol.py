"""One connection: uvicorn's protocol on httptools' parser, with the limits that both lack.

uvicorn alone waits for headers, and for a reader, for ever; keeps as many headers as come; writes an error
into the middle of an answer; loses the body of a request that offers HTTP/2; and closes while a client still
sends, which loses the answer that says why. Nothing here parses HTTP.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from functools import partial
from typing import Any, Final

from flagengine import extra_for

from .guard import ConnectionGuard
from .half_closing import HalfClosing
from .refusals import Refusal

with extra_for("flagengine serve"):
    import httptools
    from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["GuardedProtocol"]

_NEVER: Final = math.inf
_LINGER: Final = 5.0
"""For how many seconds a client that was refused may go on sending, so that it reads why."""
_PROGRESS: Final = 16 * 1024
"""How many bytes a client must read within ``write_timeout``."""
_MOST_PIPELINED: Final = 500
_RESERVE: Final = 16
"""For how many connections one above the limit gets an answer that says so; those above are only closed."""
_OF_UPGRADES: Final = frozenset({b"upgrade", b"http2-settings", b"connection"})


class GuardedProtocol(HttpToolsProtocol):
    """A connection with limits. It notes its deadlines; the guard looks at them.

    Args:
        guard: has the limits, and is told of refusals.
        arguments: those that uvicorn gives.
    """

    def __init__(self, *, guard: ConnectionGuard, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._guard = guard
        self._limits = guard.limits
        self.url = b""
        self._refusal: Refusal | None = None
        self._deadline = _NEVER
        self._write_deadline = _NEVER
        self._unsent = 0
        # The bytes since the parser has last come to the end of headers, to content or to the end of a request.
        self._unread = 0
        self._is_in_headers = True
        self._is_waiting = False
        self._is_discarding = False
        self._held = 0

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
                data = self._without_upgrade() + data[upgrade.args[0] :]
            except httptools.HttpParserError:
                self._refuse(self._refusal or Refusal.MALFORMED)
                return
            else:
                break
        if self._unread:
            self._check_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what the connection has sent."""
        self._release()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that has finished sending but still reads; return whether there is such an answer."""
        cycle = self.cycle
        if self._is_discarding or cycle is None or cycle.response_started or cycle.more_body:
            return False
        cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """Note from when on the client does not read."""
        super().pause_writing()
        self._expect_reader()

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        super().resume_writing()
        self._write_deadline = _NEVER

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
        refusal = self._refusal_of_headers()
        if refusal is not None:
            self._refusal = refusal
            raise _RefusedError
        if self.parser.should_upgrade():
            return  # read again without the upgrade: see ``data_received``
        self._is_in_headers = self._is_waiting = False
        self._unread = 0
        self._deadline = _NEVER
        super().on_headers_complete()
        self.url = b""  # not empty: the next request has begun
        if not self.cycle.keep_alive:
            finish = partial(self._finish, self.cycle)
            self.cycle.transport = HalfClosing(self.transport, finish)  # type: ignore[assignment]
        if len(self.pipeline) > _MOST_PIPELINED:
            self._refusal = Refusal.PIPELINE
            raise _RefusedError

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body for the application; drop it if the answer has been sent."""
        self._unread = 0
        cycle = self.cycle
        if cycle.response_complete:
            return
        self._held += len(body)
        if not self._guard.hold(len(body)):
            self._refusal = Refusal.BODIES
            raise _RefusedError
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        if self.parser.should_upgrade():
            return
        self._is_in_headers = True
        self._unread = 0
        cycle = self.cycle
        cycle.more_body = False
        if not cycle.response_complete:
            cycle.message_event.set()
        elif not self.transport.is_closing():
            self._wait()

    # What uvicorn calls.

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for it."""
        self.server_state.total_requests += 1
        if not self.pipeline:
            self._release()
        if self.transport.is_closing():
            self._expect_reader()
            return
        if self._is_discarding:
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.cycle.more_body:
            self._deadline = self.loop.time() + _LINGER
        else:
            self._wait()

    def shutdown(self) -> None:
        """Close, or do so after the answer that is under way."""
        super().shutdown()
        self._expect_reader()

    # What the guard calls.

    def expire(self, now: float) -> None:
        """End the connection if the client is late."""
        if self._write_deadline <= now:
            self._expire_reader(now)
        elif self._deadline <= now:
            self._deadline = _NEVER
            is_late = self._is_in_headers and self._has_begun and not self._is_discarding
            if is_late:
                self._refuse(Refusal.LATE_HEADERS)
            else:
                self._close()

    def _expire_reader(self, now: float) -> None:
        left = self.transport.get_write_buffer_size()
        if left and left + _PROGRESS > self._unsent:
            self._write_deadline = _NEVER
            self._note(Refusal.SLOW_READER)
            self.transport.abort()
            return
        self._unsent, self._write_deadline = left, now + self._limits.write_timeout
        if not left and not self.transport.is_closing():
            self._write_deadline = _NEVER

    # Steps.

    @property
    def _has_begun(self) -> bool:
        """Whether a part of the next request is here."""
        return bool(self._unread or self.url)

    def _release(self) -> None:
        if self._held:
            self._guard.release(self._held)
            self._held = 0

    def _wait(self) -> None:
        """Wait for the next request, whose first bytes may be here."""
        limits = self._limits
        self._is_waiting = not self._has_begun
        seconds = limits.keep_alive_timeout if self._is_waiting else limits.header_timeout
        self._deadline = self.loop.time() + seconds

    def _check_unread(self) -> None:
        """Refuse headers that are too large before they end, and note when a request begins."""
        if self._unread > self._limits.max_header_bytes:
            is_url = self._is_in_headers and 2 * len(self.url) > self._unread
            self._refuse(Refusal.LONG_URL if is_url else Refusal.LARGE_HEADERS)
        elif self._is_waiting:
            self._is_waiting = False
            self._deadline = self.loop.time() + self._limits.header_timeout

    def _refusal_of_headers(self) -> Refusal | None:
        limits, most = self._limits, self._limits.max_header_bytes
        if len(self.headers) > limits.max_headers:
            return Refusal.MANY_HEADERS
        if self._unread > most:  # what has arrived may be more than the headers
            if len(self.url) > most:
                return Refusal.LONG_URL
            size = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size + len(self.url) > most:
                return Refusal.LARGE_HEADERS
        return Refusal.TUNNEL if self.parser.get_method() == b"CONNECT" else None

    def _without_upgrade(self) -> bytes:
        """Return the headers without the offer of another protocol, which nobody must accept, for a new parser.

        The parser takes whatever follows such headers for that protocol, although a body follows.
        """
        parser, kept = self.parser, [each for each in self.headers if each[0] not in _OF_UPGRADES]
        if not parser.should_keep_alive():
            kept.append((b"connection", b"close"))
        version = parser.get_http_version().encode()
        first = b"%b %b HTTP/%b\r\n" % (parser.get_method(), self.url, version)
        lines = (b"%b: %b\r\n" % each for each in kept)
        self.parser = httptools.HttpRequestParser(self)
        with suppress(AttributeError):  # httptools before 0.6.3
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._unread = 0
        return b"".join((first, *lines, b"\r\n"))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer why the connection ends, unless an earlier request is being answered."""
        self._note(refusal)
        self._is_discarding = True
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started or not cycle.more_body:
                # The answer that is under way is the last.
                cycle.keep_alive = False
                return
            if self.pipeline:
                self._close()
                return
            cycle.disconnected = True
            cycle.body.clear()
            cycle.message_event.set()
            self._release()
        answer = refusal.answer(self.server_state.default_headers)
        if answer:
            self.transport.write(answer)
            self._end()
        else:
            self._close()

    def _finish(self, cycle: RequestResponseCycle) -> None:
        """Close after the last answer."""
        if cycle.more_body:
            self._end()
        else:
            self._close()

    def _end(self) -> None:
        """End the answers; let the client, which may still be sending, read the last."""
        self._is_discarding = True
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._expect_reader()
        self._deadline = self.loop.time() + _LINGER

    def _close(self) -> None:
        self.transport.close()
        self._expect_reader()

    def _expect_reader(self) -> None:
        self._unsent = self.transport.get_write_buffer_size()
        self._write_deadline = self.loop.time() + self._limits.write_timeout

    def _note(self, refusal: Refusal) -> None:
        self._guard.note(refusal, self.client[0] if self.client else None)


class _RefusedError(Exception):
    """Stops the parser."""
