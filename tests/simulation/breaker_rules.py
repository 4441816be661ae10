"""What must hold of requests for flags while the server fails: pauses, and one trial after each."""

from .outside import Outside
from .violations import Violation

_SLACK = 1e-6
_PAUSE, _LONGEST_PAUSE, _LONGEST_RETRY_AFTER = 5.0, 60.0, 30.0
_MOST_FAILURES, _MOST_TIMEOUTS, _MOST_WAITING = 5, 2, 5.0


class _Episode:
    """What a process has seen of a server that fails."""

    def __init__(self) -> None:
        self.failures = self.timeouts = self.trials = 0
        self.waited = 0.0
        # The calls whose requests have failed in a row.
        self.tasks: set = set()
        self.open_until: float | None = None
        self.opened_at = 0.0
        self.failed_at: float | None = None
        self.trial: int | None = None


class BreakerRules(Outside):
    """The rules about the circuit breaker. ``draws`` of a pause can only lengthen it."""

    def __init__(self, machine, *, is_preemptive: bool) -> None:
        self._machine = machine
        self._is_preemptive = is_preemptive
        self._episodes: dict[int, _Episode] = {}

    def _episode(self, process) -> _Episode:
        return self._episodes.setdefault(process.pid, _Episode())

    def forked(self, parent, child) -> None:
        """Let the child go on with its parent's pause, but not with its trial."""
        old, new = self._episode(parent), self._episode(child)
        new.__dict__.update(old.__dict__)
        new.tasks, new.trial = set(old.tasks), None
        if self._is_preemptive and old.failed_at == self._machine.scheduler.now:
            # The parent's thread may have lost its turn before it noted the failure, so nobody knows
            # how many the child counts.
            self._episodes[child.pid] = _Episode()

    def asks(self, process, number: int) -> None:
        """Check a request."""
        episode, now = self._episode(process), self._machine.scheduler.now
        # The further attempt of a call is allowed while nobody else has failed.
        if episode.open_until is None or episode.tasks == {self._machine.scheduler.current}:
            return
        if self._is_preemptive and now == episode.opened_at:
            # It had its permission before the failure, and lost its turn then.
            return
        if now < episode.open_until - _SLACK:
            left = episode.open_until - now
            raise Violation(
                "breaker", f"process {process.pid} asks {left:.3f} s before the end of a pause"
            )
        if episode.trial is not None:
            raise Violation("breaker", f"process {process.pid} has two trials at once")
        episode.trial = number

    def answered(self, process, number: int, began: float, error: str, pause: float) -> None:
        """Note an answer; ``error`` is "", "failure" or "timeout"."""
        episode, now = self._episode(process), self._machine.scheduler.now
        if not error:
            self._episodes[process.pid] = _Episode()
            return
        episode.failed_at = now
        pause = min(pause, _LONGEST_RETRY_AFTER)
        if number == episode.trial:
            episode.trial = None
            episode.trials += 1
            episode.open_until = now + max(min(_PAUSE * 2.0**episode.trials, _LONGEST_PAUSE), pause)
            return
        episode.failures += 1
        episode.timeouts += error == "timeout"
        episode.waited += now - began
        episode.tasks.add(self._machine.scheduler.current)
        is_enough = (
            episode.failures >= _MOST_FAILURES
            or episode.timeouts >= _MOST_TIMEOUTS
            or episode.waited >= _MOST_WAITING
            or pause > 0
        )
        if episode.open_until is None and is_enough:
            episode.open_until, episode.opened_at = now + max(_PAUSE, pause), now
