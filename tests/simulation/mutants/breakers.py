"""Bugs in the circuit breaker of requests for flags."""

from .mutant import Mutant

_BREAKER = "breaker.py"

MUTANTS = (
    Mutant(
        "pause-is-ignored", _BREAKER,
        "return Paused(error, until - now) if now < until else None", "return None",
    ),
    Mutant(
        "pauses-do-not-grow", _BREAKER,
        "            self._failed_trials += 1\n", "",
    ),
    Mutant(
        "two-trials-at-once", _BREAKER,
        "        if trial is not None:\n            until = trial[1] + self.policy.trial_lasts\n", "",
    ),
    Mutant(
        "breaker-opens-one-failure-too-late", _BREAKER,
        "or self._failures >= policy.most_failures", "or self._failures > policy.most_failures",
    ),
    Mutant(
        "timeouts-count-as-any-failure", _BREAKER,
        "        self._timeouts += is_timeout\n", "",
    ),
    Mutant(
        "retry-after-does-not-open", _BREAKER,
        "if not (retry_after or self._is_enough()):", "if not self._is_enough():",
    ),
    Mutant(
        "failed-trial-closes-the-breaker", _BREAKER,
        "            self._begin_pause(now, retry_after, draw)\n            return None\n        self._failures += 1\n",
        "            self.reset()\n            return None\n        self._failures += 1\n",
    ),
    Mutant(
        "trial-is-tried-again", _BREAKER,
        "return not permit.is_trial and (not self.is_open or permit is self._only_failing)", "return True",
    ),
)  # fmt: skip
