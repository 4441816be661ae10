"""A request from the end of its headers on: its body, its answer, and the wait for the next request.

The bodies of all connections together have a limit, which uvicorn alone has not.
"""

from __future__ import annotations

from typing import Any

from flagengine import extra_for

from .ending import LINGER, EndingProtocol
from .guard import ConnectionGuard
from .refusals import Refusal

with extra_for("flagengine serve"):
    from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

__all__ = ["AnsweringProtocol", "RefusedError"]


class AnsweringProtocol(EndingProtocol):
    """A connection that keeps bodies within a limit, and waits for the next request for a bounded time.

    Args:
        guard: has the limits, and is told of refusals.
        arguments: those that uvicorn gives.
    """

    def __init__(self, *, guard: ConnectionGuard, **arguments: Any) -> None:
        super().__init__(guard=guard, **arguments)
        self.url = b""
        self._refusal: Refusal | None = None
        # The bytes since the parser has last come to the end of headers, to content or to the end of a request.
        self._unread = 0
        self._is_in_headers = True
        self._is_waiting = False

    # What the event loop calls.

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that has finished sending but still reads; return whether there is such an answer."""
        cycle = self.cycle
        if self._is_discarding or cycle is None or cycle.response_started or cycle.more_body:
            return False
        cycle.keep_alive = False
        return True

    # What the parser calls.

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body for the application; drop it if the answer has been sent."""
        self._unread = 0
        cycle = self.cycle
        if cycle.response_complete:
            return
        self._held += len(body)
        if not self._guard.hold(len(body)):
            self._refusal = Refusal.BODIES
            raise RefusedError
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
            self._deadline = self.loop.time() + LINGER
        else:
            self._wait()

    # Steps.

    @property
    def _has_begun(self) -> bool:
        """Whether a part of the next request is here."""
        return bool(self._unread or self.url)

    @property
    def _is_in_the_middle_of_headers(self) -> bool:
        return self._is_in_headers and self._has_begun

    def _wait(self) -> None:
        """Wait for the next request, whose first bytes may be here."""
        limits = self._limits
        self._is_waiting = not self._has_begun
        seconds = limits.keep_alive_timeout if self._is_waiting else limits.header_timeout
        self._deadline = self.loop.time() + seconds


class RefusedError(Exception):
    """Stops the parser."""
