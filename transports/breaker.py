"""When to ask a server that fails, and when not: a circuit breaker as a pure state machine.

=========  ==================================================================================
state      which requests are let through
=========  ==================================================================================
closed     all
open       none, until the pause is over
half open  one, the trial; its success closes the breaker, its failure begins a longer pause
=========  ==================================================================================

It opens after several failures in a row, after few that were slow, and at once when the server asks for
a pause. Nothing here reads a clock, draws random numbers or takes a lock: the time
and the draw are arguments, and ``GuardedBreaker`` has a lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar

from .retry import clamp_retry_after

__all__ = ["Breaker", "BreakerPolicy", "Change", "Paused", "Permit"]

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a breaker opens and for how long. Times are in seconds.

    Attributes:
        pause: the first pause; each failed trial doubles it, up to ``longest_pause``.
        most_failures: the number of failures in a row that opens the breaker.
        most_timeouts: the number of them that opens it if they were timeouts, whatever the timeout is.
        most_waiting: the time that failures in a row may take together.
        jitter: the part of a pause by which a draw lengthens it at most.
        trial_lasts: after this time without a result, a trial counts as lost and another may begin.
    """

    pause: float = 5.0
    longest_pause: float = 60.0
    most_failures: int = 5
    most_timeouts: int = 2
    most_waiting: float = 5.0
    jitter: float = 0.1
    trial_lasts: float = 120.0

    def pause_after(self, failed_trials: int, *, retry_after: float | None, draw: float) -> float:
        """Return the length of a pause; at least the server's Retry-After, within its bounds.

        >>> [BreakerPolicy().pause_after(n, retry_after=None, draw=0.0) for n in (0, 1, 2, 3, 4, 99)]
        [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
        """
        backoff = min(
            self.pause * 2.0 ** min(failed_trials, 60), max(self.pause, self.longest_pause)
        )
        return max(backoff * (1.0 + self.jitter * draw), clamp_retry_after(retry_after))


@dataclass(slots=True, eq=False)
class Permit:
    """The permission for one request with all its attempts."""

    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class Paused(Generic[E]):
    """The refusal of a request: the last failure, and the seconds until the next trial."""

    error: E
    seconds: float


class Change(Enum):
    """What a result changed: an episode of failures begins or ends."""

    OPENED = auto()
    CLOSED = auto()


class Breaker(Generic[E]):
    """A circuit breaker. ``E`` is what describes a failure."""

    def __init__(self, policy: BreakerPolicy | None = None) -> None:
        self.policy: BreakerPolicy = policy or BreakerPolicy()
        self._failures = 0
        # The request of which all failures in a row are attempts; None: several requests have failed.
        self._only_failing: Permit | None = None
        self._timeouts = 0
        self._waited = 0.0
        self._error: E | None = None
        # None: closed. Then the breaker stays open until a request succeeds.
        self._open_until: float | None = None
        self._failed_trials = 0
        # A trial in progress, and when it began.
        self._trial: tuple[Permit, float] | None = None

    @property
    def is_open(self) -> bool:
        """Whether at most a trial is let through."""
        return self._open_until is not None

    def refusal(self, now: float) -> Paused[E] | None:
        """Return why a request would be refused now; None if it would be let through.

        Safe without a lock: what it reads may change meanwhile, but each part only once.
        """
        until, error, trial = self._open_until, self._error, self._trial
        if until is None or error is None:
            return None
        if trial is not None:
            until = trial[1] + self.policy.trial_lasts
        return Paused(error, until - now) if now < until else None

    def ask(self, now: float) -> Permit | Paused[E]:
        """Return a permit, or why there is none; the caller must report the permit's result."""
        refusal = self.refusal(now)
        if refusal is not None:
            return refusal
        if not self.is_open:
            return Permit()
        trial = Permit(is_trial=True)
        self._trial = trial, now
        return trial

    def may_retry(self, permit: Permit) -> bool:
        """Return whether the request may be tried again after a failure.

        A trial may not. Nor may a request after which others have failed too, once the breaker is
        open; those that are only its own are the number that the caller allows.
        """
        return not permit.is_trial and (not self.is_open or permit is self._only_failing)

    def succeeded(self) -> Change | None:
        """Note that the server has answered a request, be it a trial or an older one."""
        was_open = self.is_open
        self.reset()
        return Change.CLOSED if was_open else None

    def failed(
        self,
        permit: Permit,
        error: E,
        *,
        now: float,
        took: float,
        is_timeout: bool = False,
        retry_after: float | None = None,
        draw: float = 0.0,
    ) -> Change | None:
        """Note that an attempt of the request has failed after ``took`` seconds.

        ``retry_after`` is the pause that the server asks for.
        """
        self._only_failing = permit if self._failures == 0 or permit is self._only_failing else None
        self._error = error
        if self._is_trial(permit):
            self._failed_trials += 1
            self._begin_pause(now, retry_after, draw)
            return None
        self._failures += 1
        self._timeouts += is_timeout
        self._waited += max(0.0, took)
        if self.is_open:
            # The request began before the pause. Its failure is no news.
            return None
        if not (retry_after or self._is_enough()):
            return None
        self._begin_pause(now, retry_after, draw)
        return Change.OPENED

    def gave_up(self, permit: Permit) -> None:
        """Note that the request ends without a result: it was interrupted or was never sent."""
        if self._is_trial(permit):
            self._trial = None

    def lose_trial(self) -> None:
        """Forget a trial in progress, so that the next request is one."""
        self._trial = None

    def reset(self) -> None:
        """Close the breaker and forget all failures."""
        self._failures = self._timeouts = self._failed_trials = 0
        self._waited = 0.0
        self._error = self._open_until = self._trial = self._only_failing = None

    def _is_trial(self, permit: Permit) -> bool:
        return self._trial is not None and permit is self._trial[0]

    def _is_enough(self) -> bool:
        policy = self.policy
        is_slow = self._timeouts >= policy.most_timeouts or self._waited >= policy.most_waiting
        return is_slow or self._failures >= policy.most_failures

    def _begin_pause(self, now: float, retry_after: float | None, draw: float) -> None:
        pause = self.policy.pause_after(self._failed_trials, retry_after=retry_after, draw=draw)
        self._open_until = now + pause
        self._trial = None
