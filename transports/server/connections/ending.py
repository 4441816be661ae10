"""How a connection ends: refused with a reason that its client can read, late, or after its last answer.

uvicorn alone waits for a reader for ever, writes an error into the middle of an answer, and closes while a client
still sends, which loses the answer that says why.
"""

from __future__ import annotations

import math
from typing import Any, Final

from flagengine import extra_for

from .guard import ConnectionGuard
from .refusals import Refusal

with extra_for("flagengine serve"):
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["LINGER", "NEVER", "EndingProtocol"]

NEVER: Final = math.inf
LINGER: Final = 5.0
"""For how many seconds a client that was refused may go on sending, so that it reads why."""
_PROGRESS: Final = 16 * 1024
"""How many bytes a client must read within ``write_timeout``."""


class EndingProtocol(HttpToolsProtocol):
    """A connection that notes its deadlines, at which the guard looks, and ends politely.

    Args:
        guard: has the limits, and is told of refusals.
        arguments: those that uvicorn gives.
    """

    def __init__(self, *, guard: ConnectionGuard, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._guard = guard
        self._limits = guard.limits
        self._deadline = NEVER
        self._write_deadline = NEVER
        self._unsent = 0
        self._is_discarding = False
        self._held = 0

    @property
    def _is_in_the_middle_of_headers(self) -> bool:
        """Whether a part of the headers of a request is here."""
        return False

    # What the event loop and uvicorn call.

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what the connection has sent."""
        self._release()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note from when on the client does not read."""
        super().pause_writing()
        self._expect_reader()

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        super().resume_writing()
        self._write_deadline = NEVER

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
            self._deadline = NEVER
            if self._is_in_the_middle_of_headers and not self._is_discarding:
                self._refuse(Refusal.LATE_HEADERS)
            else:
                self._close()

    def _expire_reader(self, now: float) -> None:
        left = self.transport.get_write_buffer_size()
        if left and left + _PROGRESS > self._unsent:
            self._write_deadline = NEVER
            self._note(Refusal.SLOW_READER)
            self.transport.abort()
            return
        self._unsent, self._write_deadline = left, now + self._limits.write_timeout
        if not left and not self.transport.is_closing():
            self._write_deadline = NEVER

    # Steps.

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
        self._deadline = self.loop.time() + LINGER

    def _close(self) -> None:
        self.transport.close()
        self._expect_reader()

    def _expect_reader(self) -> None:
        self._unsent = self.transport.get_write_buffer_size()
        self._write_deadline = self.loop.time() + self._limits.write_timeout

    def _release(self) -> None:
        if self._held:
            self._guard.release(self._held)
            self._held = 0

    def _note(self, refusal: Refusal) -> None:
        self._guard.note(refusal, self.client[0] if self.client else None)
