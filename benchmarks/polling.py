"""The time from the text of a poll that changes one of a thousand flags to the answers of all.

Without parsing the JSON, which is measured alone just before and subtracted.
"""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from time import perf_counter_ns
from typing import Any

from benchmarks.loading import timed_answer
from benchmarks.workloads import of_flags

__all__ = ["Poll"]

_PERCENT = 99
_FLAGS = 1_000


class Poll:
    """A rival that has answered all flags of a document."""

    def __init__(self, rival: Any) -> None:
        self._rival = rival
        self._flags = list(of_flags("poll", _FLAGS).flags)
        first = of_flags("poll", _FLAGS)
        engine = rival.load(rival.document(first))
        timed_answer(self._rival, engine, first)

    def change(self, number: int) -> float:
        """Change a flag; return the milliseconds of the load and all answers without the JSON."""
        at = number % len(self._flags)
        flag = self._flags[at]
        rollout = number % _PERCENT + 1
        rollout = rollout % _PERCENT + 1 if rollout == flag.conditions[0].rollout else rollout
        condition = replace(flag.conditions[0], rollout=rollout)
        self._flags[at] = replace(flag, conditions=(condition, *flag.conditions[1:]))
        later = of_flags("poll", _FLAGS, tuple(self._flags))
        text = self._rival.document(later)
        gc.collect()
        started = perf_counter_ns()
        parsed = json.loads(text)
        json_alone = perf_counter_ns() - started
        del parsed
        started = perf_counter_ns()
        engine = self._rival.reload(text)
        loaded = perf_counter_ns() - started
        return (loaded + timed_answer(self._rival, engine, later) - json_alone) / 1e6
