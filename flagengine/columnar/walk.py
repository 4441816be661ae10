"""The hashes that can still affect a row's answer, decided once per case (SPEC R3, R5).

This walk follows holdout and conditions as the interpreter does, over verdicts that are already
known. It decides no answer, only which bucket numbers are computed, and must never leave out a
number that matters.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flagengine.columnar.cases import Cases, smallest_type
from flagengine.columnar.verdicts import Label
from flagengine.hashing.buckets import bound, upper
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan
from flagengine.plan.shares import Bucketing, Share, VariantPlan
from flagengine.results.verdicts import all_of

__all__ = ["Shares", "Start", "Walk"]


class Shares:
    """Intervals of bucket numbers; all numbers in an interval give the same answer."""

    def __init__(self, firsts: Sequence[int]) -> None:
        """Bind the first number of each interval but the lowest, in ascending order."""
        self._firsts = np.array(firsts, np.uint64)

    @classmethod
    def of_rollouts(cls, shares: set[Share]) -> "Shares":
        """Return the intervals between the bounds of rollouts; a bound is inside its rollout."""
        return cls(sorted({bound(share.percentage) + 1 for share in shares}))

    @classmethod
    def of_variants(cls, variants: Sequence[VariantPlan]) -> "Shares":
        """Return the intervals of variants, by position; the last interval has no variant."""
        ends = np.array([upper(variant.upper) for variant in variants], np.uint64)
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

    def position(self, share: Share) -> int:
        """Return the last interval that is inside a rollout."""
        first = np.uint64(bound(share.percentage) + 1)
        return int(np.searchsorted(self._firsts, first, side="left"))


_COUNTED: Final = 12
"""The number of intervals up to which comparing with every bound is faster than searching."""


@dataclass(frozen=True, slots=True)
class Start:
    """The parts of a case that are known before hashing."""

    enrollment: Any
    held_out: bool
    verdicts: Sequence[Label | tuple[Label, ...]]
    present: Mapping[Bucketing, bool | str]


class Walk:
    """The walk of one flag."""

    def __init__(self, plan: FlagPlan) -> None:
        """Bind a plan."""
        self._plan = plan
        self.shares: dict[Bucketing, Shares] = {
            bucketing: Shares.of_rollouts(shares) for bucketing, shares in self._rollouts().items()
        }
        self.variants: Shares = Shares.of_variants(plan.variants)

    def _rollouts(self) -> dict[Bucketing, set[Share]]:
        found: dict[Bucketing, set[Share]] = {}
        for condition in self._plan.conditions:
            if condition.share.without_hash is None:
                found.setdefault(condition.bucketing, set()).add(condition.share)
        return found

    @property
    def drawing(self) -> set[Bucketing]:
        """The subjects that may have to draw a variant."""
        return {condition.bucketing for condition in self._plan.conditions if condition.draws}

    def rollouts(self, start: Start) -> frozenset[Bucketing]:
        """Return the subjects whose rollout hash may matter to a case."""
        found = set()
        for condition, verdict in self._reached(start):
            inside = condition.share.without_hash
            if inside is None:
                found.add(condition.bucketing)
            elif verdict is True and condition.ends(inside):
                break
        return frozenset(found)

    def draws(self, start: Start, intervals: Mapping[Bucketing, int]) -> frozenset[Bucketing]:
        """Return the subjects whose variant hash may matter to a case."""
        found = set()
        for condition, verdict in self._reached(start):
            inside = self._is_inside(condition, intervals)
            if inside and condition.draws:
                found.add(condition.bucketing)
            if verdict is True and condition.ends(inside):
                break
        return frozenset(found)

    def _is_inside(self, condition: ConditionPlan, intervals: Mapping[Bucketing, int]) -> bool:
        inside = condition.share.without_hash
        if inside is None:
            last = self.shares[condition.bucketing].position(condition.share)
            inside = intervals[condition.bucketing] <= last
        return inside

    def _reached(self, start: Start) -> Iterator[tuple[ConditionPlan, Label]]:
        """Yield the conditions that are not false and whose hash can be computed.

        Leave out the conditions of an empty id, whose hash is the same for every row (SPEC R3.16).
        """
        if start.enrollment is not None or start.held_out:
            return
        for condition, label in zip(self._plan.conditions, start.verdicts, strict=True):
            verdict = all_of(label) if isinstance(label, tuple) else label
            has_hash = start.present.get(condition.bucketing) is True
            if verdict is not False and has_hash and condition.bucketing.is_hashable:
                yield condition, verdict
