"""The polling state machine: when to fetch, what a result means, and when to fetch again.

Rule 1: nothing here does I/O, reads a clock, takes a lock or starts a thread. `now` is an argument
(monotonic seconds), and the poller returns its decisions as data. So a thread and a caller of
``tick`` can use the same poller.

Rule 2: at most one fetch is in progress. Every fetch has a generation, a number that only grows; a
result counts only if it belongs to the fetch in progress. A late result (after `abandon` or a newer
publication) is ignored.

Rule 3: "unchanged" only confirms the version that the fetch named. If the fetch named no version,
"unchanged" counts as a failure; after another publication it is late, and ignored (rule 2).

Rule 4: failures keep the last good definitions; only the statuses in the policy's table clear them.
"""

from __future__ import annotations

from ..retry import clamp_retry_after
from .actions import Clear, Fetch, Ignore, Keep, PollAction, Publish, Refresh, ReloadReply, Wait
from .fetch_results import Failed, FailureKind, FetchResult, Loaded, Unchanged
from .policy import RETRY_AFTER_CEILING, FailureRule, PollPolicy, failure_rule

__all__ = ["Poller"]


class Poller:
    """A state machine with the rules above. Not thread-safe: its caller locks around each call."""

    __slots__ = (
        "_due",
        "_failures",
        "_generation",
        "_held_until",
        "_loaded",
        "_out",
        "_policy",
        "_published",
        "_refusals",
        "_stopped",
        "_version",
    )

    def __init__(self, policy: PollPolicy | None = None) -> None:
        self._policy = policy or PollPolicy()
        self._generation = 0
        self._published = 0
        self._version: str | None = None
        self._loaded = False
        self._out: Fetch | None = None
        # None: due at once. Not zero, because a monotonic clock may start at any number.
        self._due: float | None = None
        self._held_until: float | None = None
        self._failures = 0
        self._refusals = 0
        self._stopped = False

    @property
    def failures(self) -> int:
        """How many fetches in a row have failed."""
        return self._failures

    @property
    def fetching(self) -> bool:
        """Whether a fetch is in progress."""
        return self._out is not None

    @property
    def stopped(self) -> bool:
        """Whether the poller has been stopped for good."""
        return self._stopped

    @property
    def due(self) -> float | None:
        """When the next fetch is due; None: at once."""
        return self._due

    def poll(self, now: float) -> Fetch | Wait:
        """Return the fetch to make now, or the time until which nothing is due."""
        if self._stopped or self._out is not None:
            return Wait(None)
        if self._due is not None and now < self._due:
            return Wait(self._due)
        self._out = Fetch(self._next_generation(), self._version, self._loaded)
        return self._out

    def request(self, now: float) -> ReloadReply:
        """Make a load due now; refuse while the server has asked for a pause."""
        if self._stopped:
            return ReloadReply.STOPPED
        if self._out is not None:
            return ReloadReply.JOINED
        if self._held_until is not None and now < self._held_until:
            return ReloadReply.HELD_BACK
        self._due = None
        return ReloadReply.ACCEPTED

    def fetched(self, generation: int, result: FetchResult, now: float) -> PollAction:
        """Take the result of a fetch; return what it means for the definitions in use."""
        fetch = self._out
        if fetch is None or fetch.generation != generation:
            return Ignore(generation)
        self._out = None
        # `published` put newer definitions into use during this fetch.
        if generation < self._published:
            self._due = now + self._policy.interval
            return Ignore(generation)
        if isinstance(result, Unchanged) and fetch.version is None:
            why = "answered 'unchanged' to an unconditional request"
            result = Failed(FailureKind.MALFORMED, why)
        if isinstance(result, Failed):
            return self._failed(generation, result, now)
        return self._succeeded(generation, result, now)

    def published(self, version: str | None = None) -> int:
        """Note that the application published definitions; return their generation."""
        self._published = self._next_generation()
        self._version = version
        self._loaded = True
        return self._published

    def abandon(self, generation: int | None = None) -> None:
        """Forget the fetch in progress, whose thread is gone (after a fork); fetch again at once.

        With `generation`, do so only if the fetch in progress has this generation.
        """
        if self._out is not None and generation in (None, self._out.generation):
            self._out = None
            self._due = None

    def stop(self) -> None:
        """Stop fetching for good; ignore a late result."""
        self._stopped = True
        self._out = None

    def _next_generation(self) -> int:
        self._generation += 1
        return self._generation

    def _succeeded(
        self, generation: int, result: Loaded | Unchanged, now: float
    ) -> Publish | Refresh:
        self._failures = self._refusals = 0
        self._held_until = None
        self._due = now + self._policy.interval
        self._published = generation
        self._loaded = True
        if isinstance(result, Loaded):
            self._version = result.version
            return Publish(generation, result)
        self._version = result.version or self._version
        return Refresh(generation, self._version)

    def _failed(self, generation: int, failure: Failed, now: float) -> Keep | Clear:
        rule = failure_rule(failure)
        self._failures += 1
        self._refusals = self._refusals + 1 if rule.backs_off else 0
        self._due = now + self._delay(rule, failure)
        self._held_until = self._due if rule.backs_off or failure.retry_after else None
        if rule.clears:
            self._version = None
            self._loaded = False
            return Clear(generation, failure)
        return Keep(generation, failure)

    def _delay(self, rule: FailureRule, failure: Failed) -> float:
        if rule.backs_off:
            delay = self._policy.backoff(self._refusals)
        elif rule.clears or self._published:
            delay = self._policy.interval
        else:
            delay = self._policy.retry_first_load(self._failures)
        return max(delay, clamp_retry_after(failure.retry_after, RETRY_AFTER_CEILING))
