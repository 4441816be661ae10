"""Which hashes a row's answer can hang on, judged once per case (SPEC R3, R5).

The walk over holdout and conditions as the interpreter does it, over verdicts that are already
there. It decides no answer: it only tells which bucket numbers are worth computing, and must never
leave out one that matters.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flagengine.columnar.cases import Cases, smallest_type
from flagengine.columnar.verdicts import Label, all_of
from flagengine.hashing.buckets import bound, upper
from flagengine.plan.nodes import BucketBy, Bucketing, ConditionPlan, FlagPlan

__all__ = ["Shares", "Start", "Walk", "is_hashable"]

_FULL: Final = 100.0


def is_hashable(bucketing: Bucketing) -> bool:
    """Tell whether the subject of a hash is known here."""
    return bucketing.by in (BucketBy.PERSON, BucketBy.DEVICE, BucketBy.GROUP)


class Shares:
    """The bounds between which a bucket number makes no difference."""

    def __init__(self, firsts: Sequence[int]) -> None:
        """Take the first number of each interval but the lowest, in rising order."""
        self._firsts = np.array(firsts, np.uint64)

    @classmethod
    def of_rollouts(cls, percentages: set[float]) -> "Shares":
        """Return the intervals between the bounds of rollouts, both ends of which are inside."""
        return cls(sorted({bound(one) + 1 for one in percentages}))

    @classmethod
    def of_variants(cls, plan: FlagPlan) -> "Shares":
        """Return the intervals of variants, by position; past the last there is none."""
        ends = np.array([upper(variant.upper) for variant in plan.variants], np.uint64)
        return cls(np.maximum.accumulate(ends).tolist())

    def intervals(self, numbers: NDArray[np.uint64]) -> Cases:
        """Return for every number the position of its interval."""
        labels = range(len(self._firsts) + 1)
        if len(labels) > _COUNTED:
            codes = np.searchsorted(self._firsts, numbers, side="right")
            return Cases(labels, codes.astype(smallest_type(len(labels))))
        codes = np.zeros(len(numbers), np.uint8)
        for first in self._firsts:
            codes += numbers >= first
        return Cases(labels, codes)

    def position(self, percentage: float) -> int:
        """Return the last interval that is inside a rollout."""
        return int(np.searchsorted(self._firsts, np.uint64(bound(percentage) + 1), side="left"))


_COUNTED: Final = 12
"""Up to so many intervals, comparing with every bound is faster than searching."""


@dataclass(frozen=True, slots=True)
class Start:
    """What is known of a case before hashing: a label per part."""

    enrollment: Any
    held_out: bool
    verdicts: Sequence[Label | tuple[Label, ...]]
    present: Mapping[Bucketing, bool | str]


class Walk:
    """The walk of one flag."""

    def __init__(self, plan: FlagPlan) -> None:
        """Bind a plan."""
        self._plan = plan
        self.shares = {
            bucketing: Shares.of_rollouts(percentages)
            for bucketing, percentages in self._rollouts().items()
        }
        self.variants = Shares.of_variants(plan)

    def _rollouts(self) -> dict[Bucketing, set[float]]:
        found: dict[Bucketing, set[float]] = {}
        for condition in self._plan.conditions:
            if is_hashable(condition.bucketing) and _is_share(condition):
                share = condition.rollout_percentage
                found.setdefault(condition.bucketing, set()).add(share)
        return found

    @property
    def drawing(self) -> set[Bucketing]:
        """The subjects whose variant may have to be drawn."""
        every = filter(self._draws, self._plan.conditions)
        return {one.bucketing for one in every if is_hashable(one.bucketing)}

    def _draws(self, condition: ConditionPlan) -> bool:
        return condition.pinned is None and bool(self._plan.variants)

    def rollouts(self, start: Start) -> frozenset[Bucketing]:
        """Return the subjects whose rollout hash may matter to a case."""
        found = set()
        for condition, verdict in self._reached(start):
            share = condition.rollout_percentage
            if _is_share(condition):
                found.add(condition.bucketing)
            elif verdict is True and (share >= _FULL or self._plan.early_exit):
                break
        return frozenset(found)

    def draws(self, start: Start, intervals: Mapping[Bucketing, int]) -> frozenset[Bucketing]:
        """Return the subjects whose variant hash may matter to a case."""
        found = set()
        for condition, verdict in self._reached(start):
            inside = self._is_inside(condition, intervals)
            if inside and self._draws(condition):
                found.add(condition.bucketing)
            if verdict is True and (inside or self._plan.early_exit):
                break
        return frozenset(found)

    def _is_inside(self, condition: ConditionPlan, intervals: Mapping[Bucketing, int]) -> bool:
        if not _is_share(condition):
            return condition.rollout_percentage >= _FULL
        last = self.shares[condition.bucketing].position(condition.rollout_percentage)
        return intervals[condition.bucketing] <= last

    def _reached(self, start: Start) -> Iterator[tuple[ConditionPlan, Label]]:
        """Yield the conditions whose hash can be computed that are not false already.

        Not those of the empty id, whose hash is the same for every row (SPEC R3.16).
        """
        if start.enrollment is not None or start.held_out:
            return
        for condition, label in zip(self._plan.conditions, start.verdicts, strict=True):
            verdict = all_of(label) if isinstance(label, tuple) else label
            has_hash = start.present.get(condition.bucketing) is True
            if verdict is not False and has_hash and is_hashable(condition.bucketing):
                yield condition, verdict


def _is_share(condition: ConditionPlan) -> bool:
    """Tell whether the hash decides who is inside; one id in 2^60 is inside 0 % (SPEC R19.7)."""
    return 0.0 < condition.rollout_percentage < _FULL
