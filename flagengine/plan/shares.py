"""Shares, the subjects that are hashed, and the variants that a draw may give (SPEC R3).

This module decides what a hash is needed for; the evaluators compute the hash.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import accumulate
from typing import Final

from flagengine.results.resolution import Missing, UnresolvedReason, Value
from flagengine.results.verdicts import UNSUPPORTED, Gap
from flagengine.values.record import Record, derived

__all__ = [
    "NO_DRAW",
    "Answer",
    "BucketBy",
    "Bucketing",
    "Draw",
    "Served",
    "Share",
    "VariantPlan",
    "draw_of",
    "possible_variants",
]


class Served(Record):
    """The value that a format 2 rule gives: read-only JSON, None for the caller's default.

    ``variant_key`` names the variant of an experiment that has the value.
    """

    value: Value
    variant_key: str | None = None


Answer = bool | str | Served
"""A flag's value; True for an enabled flag without a variant."""


class Share(Record):
    """A share of all subjects in percent, upper bound included."""

    percentage: float

    @property
    def without_hash(self) -> bool | None:
        """Whether the share holds everyone (True) or no one (False); None when the hash decides.

        Without a hash 0 % holds no one, although the empty distinct id and one subject in 2^60 are
        inside (SPEC R3.16).
        """
        if self.percentage >= 100.0:
            return True
        return False if self.percentage <= 0 else None

    def contains(self, h: float | None, *, may_be_empty: bool = False) -> bool | None:
        """Tell whether a subject's h is inside; None when h decides and is unknown.

        With ``may_be_empty`` an unknown h may belong to the empty distinct id, which is inside 0 %.
        """
        if self.percentage >= 100.0 or h is None:
            is_open = may_be_empty and self.percentage == 0
            return None if is_open else self.without_hash
        return h <= self.percentage / 100.0


class BucketBy(Enum):
    """The kinds of subject that a hash is taken of."""

    PERSON = "person"
    CONTINUOUS_PERSON = "person, remembered by the server"
    DEVICE = "device"
    GROUP = "group"
    UNNAMED_GROUP = "group without a name in the mapping"


class Bucketing(Record):
    """The subject of a condition's hash; ``group`` is the group type's name, or its index."""

    by: BucketBy
    group: str | None = None

    @property
    def is_hashable(self) -> bool:
        """Whether the hash can be computed once its subject is given."""
        return self.by not in (BucketBy.CONTINUOUS_PERSON, BucketBy.UNNAMED_GROUP)

    @property
    def is_of_group(self) -> bool:
        """Whether the server skips the condition, whatever its share, when the group is missing."""
        return self.by in (BucketBy.GROUP, BucketBy.UNNAMED_GROUP)

    @property
    def is_cut(self) -> bool:
        """Whether the subject is cut before hashing: only distinct ids are cut (SPEC R3.13)."""
        return self.by is BucketBy.PERSON

    def gap(self) -> Gap:
        """Return the gap of a hash that is not known (SPEC R3.15)."""
        if self.by is BucketBy.PERSON:
            return Gap.lacking(Missing(distinct_id=True))
        if self.by is BucketBy.DEVICE:
            return Gap.lacking(Missing(device_id=True))
        if self.by is BucketBy.GROUP:
            return Gap.lacking(Missing(groups=(self.group or "",)))
        if self.by is BucketBy.CONTINUOUS_PERSON:
            return Gap(UnresolvedReason.EXPERIENCE_CONTINUITY)
        return UNSUPPORTED


class VariantPlan(Record):
    """A variant and the exclusive upper end of its interval, as a fraction of 1."""

    key: str
    upper: float
    weight: float


class Draw(Record):
    """The choice of a variant by hash; without variants there is none.

    All conditions of a flag share one draw. ``values`` holds what a match may give, by the position
    drawn, and ``possible`` what it may give when the hash is not known.
    """

    variants: tuple[VariantPlan, ...]
    keys: frozenset[str] = derived()
    values: tuple[Answer, ...] = derived()
    possible: tuple[Answer, ...] = derived()
    _ends: tuple[float, ...] = derived()

    def __post_init__(self) -> None:
        """List the values, and the highest end so far of each variant."""
        variants = self.variants
        keys = tuple(variant.key for variant in variants)
        object.__setattr__(self, "keys", frozenset(keys))
        object.__setattr__(self, "values", (*keys, True))
        object.__setattr__(self, "possible", possible_variants(variants))
        ends = accumulate((variant.upper for variant in variants), max)
        object.__setattr__(self, "_ends", tuple(ends))

    def position(self, h: float) -> int:
        """Return the position of the first variant whose upper end is above h; their number if none."""
        return bisect_right(self._ends, h)


def draw_of(weights: Iterable[tuple[str, float]]) -> Draw:
    """Return the draw of ``(key, weight in percent)`` pairs, whose weights are cumulated.

    The sum runs left to right from 0.0; each weight is divided by 100 first (SPEC R3.9, R20.61).
    """
    plans, upper = [], 0.0
    for key, weight in weights:
        upper += weight / 100.0
        plans.append(VariantPlan(key, upper, weight))
    return Draw(tuple(plans))


def possible_variants(variants: Sequence[VariantPlan]) -> tuple[Answer, ...]:
    """Return the values that an unknown hash in [0, 1) may draw; True means no variant."""
    possible: list[Answer] = []
    reached = 0.0
    for variant in variants:
        if variant.upper > reached and reached < 1.0:
            possible.append(variant.key)
            reached = variant.upper
    return (*possible, True) if reached < 1.0 else tuple(possible)


NO_DRAW: Final = Draw(())
"""The draw of conditions that give one value."""
