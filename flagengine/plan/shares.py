"""Shares and subjects: how many are let in, whose hash says so, and what a draw may give (SPEC R3).

What a hash is needed for is decided here. Computing one is the business of whoever evaluates.
"""

from collections.abc import Sequence
from enum import Enum

from flagengine.results.resolution import Missing, UnresolvedReason
from flagengine.results.verdicts import UNSUPPORTED, Gap
from flagengine.values.record import Record

__all__ = ["Answer", "BucketBy", "Bucketing", "Share", "VariantPlan", "possible_variants"]

Answer = bool | str
"""A flag's value when it has one; True is that of a flag without a variant."""


class Share(Record):
    """A share of all subjects in percent; its bound belongs to it."""

    percentage: float

    @property
    def without_hash(self) -> bool | None:
        """Whether it holds everyone (True) or no one (False); None when the hash decides.

        Without a hash, 0 % counts as holding no one, although one subject in 2^60 is inside, and
        the empty distinct id is (SPEC R3.16).
        """
        if self.percentage >= 100.0:
            return True
        return False if self.percentage <= 0 else None

    def contains(self, h: float | None, *, may_be_empty: bool = False) -> bool | None:
        """Tell whether a subject's h is inside; None when h is unknown and decides.

        With ``may_be_empty`` an unknown h may be that of the empty distinct id, which is in 0 %.
        """
        if self.percentage >= 100.0 or h is None:
            is_open = may_be_empty and self.percentage == 0
            return None if is_open else self.without_hash
        return h <= self.percentage / 100.0


class BucketBy(Enum):
    """What a hash is taken of."""

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
        """Whether the hash can be known here, once its subject is given."""
        return self.by not in (BucketBy.CONTINUOUS_PERSON, BucketBy.UNNAMED_GROUP)

    @property
    def is_of_group(self) -> bool:
        """Whether the server skips the condition when the group is not there, whatever its share."""
        return self.by in (BucketBy.GROUP, BucketBy.UNNAMED_GROUP)

    @property
    def is_cut(self) -> bool:
        """Whether the subject is cut before it is hashed: only distinct ids are (SPEC R3.13)."""
        return self.by is BucketBy.PERSON

    def gap(self) -> Gap:
        """Return why the hash is not known, where it is not (SPEC R3.15)."""
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


def possible_variants(variants: Sequence[VariantPlan]) -> tuple[Answer, ...]:
    """Return what an unknown hash in [0, 1) may draw; True stands for no variant."""
    possible: list[Answer] = []
    reached = 0.0
    for variant in variants:
        if variant.upper > reached and reached < 1.0:
            possible.append(variant.key)
            reached = variant.upper
    return (*possible, True) if reached < 1.0 else tuple(possible)
