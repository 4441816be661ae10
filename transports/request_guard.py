"""The circuit breaker of one kind of requests, shared by threads, with the clock and the log."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from http import HTTPStatus

from .breaker import Breaker, BreakerPolicy, Change, Paused, Permit
from .clock import Clock, SystemClock
from .errors import RequestError, RequestTimeoutError, StatusError, TransportError
from .log_fields import log_fields

__all__ = ["RequestGuard"]


class RequestGuard:
    """A guard that says whether to ask a server which may be failing. Safe for threads and forks.

    It logs the begin and the end of each episode of failures, and nothing in between.

    Args:
        what: the kind of requests, for the log.
        pause: the first pause after repeated failures, in seconds; 0 or None: let everything through.
        log: where to log.
        draw: returns a number in [0, 1), which scales the jitter of a pause.
    """

    def __init__(
        self,
        what: str,
        *,
        pause: float | None,
        log: logging.Logger,
        clock: Clock | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._what = what
        self._log = log
        self._clock = clock or SystemClock()
        self._draw = draw
        self._breaker: Breaker[TransportError] | None = None
        if pause:
            self._breaker = Breaker(BreakerPolicy(pause))
        self._lock = threading.Lock()

    def refusal(self) -> Paused[TransportError] | None:
        """Return why a request would be refused now, without a lock; None if it would not be."""
        breaker = self._breaker
        if breaker is None or not breaker.is_open:
            return None
        return breaker.refusal(self._clock.monotonic())

    def ask(self) -> Permit | Paused[TransportError]:
        """Return a permit, or why there is none. Report each attempt's result, and `end` at last."""
        breaker = self._breaker
        if breaker is None:
            return Permit()
        with self._lock:
            return breaker.ask(self._clock.monotonic())

    def begin(self) -> float:
        """Return the moment at which an attempt begins, for `note`."""
        return self._clock.monotonic()

    def note(self, permit: Permit, began: float, error: TransportError | None) -> None:
        """Note an attempt's result: the error with which it failed, if any."""
        breaker = self._breaker
        if breaker is None or not _is_result(error):
            return
        now, change = self._clock.monotonic(), None
        with self._lock:
            if error is None or not _is_failure(error):
                change = breaker.succeeded()
            else:
                change = breaker.failed(
                    permit,
                    error,
                    now=now,
                    took=now - began,
                    is_timeout=isinstance(error, RequestTimeoutError),
                    retry_after=getattr(error, "retry_after", None),
                    draw=self._draw(),
                )
            refusal = breaker.refusal(now)
        if change is Change.OPENED and refusal is not None:
            text = "%s: the server fails (%s); no requests for %.0f s, then one at a time"
            extra = log_fields(error=error, seconds=refusal.seconds)
            self._log.warning(text, self._what, error, refusal.seconds, extra=extra)
        elif change is Change.CLOSED:
            self._log.info("%s: the server answers again", self._what)

    def may_retry(self, permit: Permit) -> bool:
        """Return whether a request that failed may be tried again."""
        if self._breaker is None:
            return True
        with self._lock:
            return self._breaker.may_retry(permit)

    def end(self, permit: Permit) -> None:
        """Note that the request is over; one without a result must not keep others waiting."""
        if self._breaker is not None:
            with self._lock:
                self._breaker.gave_up(permit)

    def after_fork(self) -> None:
        """Renew the lock in a forked child, and leave a trial in progress to the parent."""
        self._lock = threading.Lock()
        if self._breaker is not None:
            self._breaker.lose_trial()


def _is_result(error: TransportError | None) -> bool:
    """Return whether the error, or None, says anything about the server."""
    return not isinstance(error, RequestError) or error.is_retryable or hasattr(error, "status")


def _is_failure(error: TransportError) -> bool:
    """Return whether the server failed, and did not merely refuse this request."""
    if isinstance(error, StatusError):
        is_too_many = error.status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
        # An answer that is not final comes of a broken server or proxy.
        is_final = error.status >= HTTPStatus.OK
        return is_too_many or not is_final or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, RequestError) and error.is_retryable
