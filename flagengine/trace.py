"""What the interpreter saw: the explanation, as data (SPEC R5, R13).

A tree of frozen values. Rendering it for people and machines is :mod:`flagengine.explain`'s.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from flagengine.definitions import Filter
from flagengine.resolution import NOTHING_MISSING, Missing, Resolution, UnresolvedReason

__all__ = [
    "NOT_SHOWN",
    "ConditionTrace",
    "FlagTrace",
    "Gap",
    "HashTrace",
    "TestTrace",
    "Verdict",
]


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a test has no verdict here, and what would have to be known.

    With ``may_fail`` the server may fail the flag instead of going on (SPEC R10). ``is_curable``
    tells whether knowing what is missing would close the gap.
    """

    reason: UnresolvedReason
    missing: Missing = NOTHING_MISSING
    may_fail: bool = False
    is_curable: bool = False

    @classmethod
    def lacking(cls, missing: Missing) -> "Gap":
        """Return the gap of an input that was not given."""
        return cls(UnresolvedReason.MISSING_CONTEXT, missing, is_curable=True)

    def __or__(self, other: "Gap | None") -> "Gap":
        """Join two gaps: the reason of higher precedence, everything that is missing."""
        if other is None:
            return self
        return Gap(
            min(self.reason, other.reason, key=_PRECEDENCE.index),
            self.missing | other.missing,
            self.may_fail or other.may_fail,
            self.is_curable and other.is_curable,
        )


_PRECEDENCE: Final = tuple(UnresolvedReason)

Verdict = bool | Gap
"""True, False, or why neither."""


class NotShown(Enum):
    """The type of :data:`NOT_SHOWN`."""

    NOT_SHOWN = "not shown"


NOT_SHOWN: Final = NotShown.NOT_SHOWN
"""Stands where a test has no actual value."""


@dataclass(frozen=True, slots=True)
class TestTrace:
    """One test: a filter, or a combination of the tests in ``children``.

    ``kind`` is property, cohort, flag, constant, undecidable, all, any or not. ``actual`` is the
    JSON value compared, ABSENT, NOT_GIVEN, or :data:`NOT_SHOWN` where there is no such thing.
    """

    __test__ = False  # pytest collects classes by their name

    kind: str
    verdict: Verdict
    origin: Filter | None = None
    actual: Any = NOT_SHOWN
    group: str | None = None
    note: str = ""
    children: "tuple[TestTrace, ...]" = ()
    dependency: "FlagTrace | None" = None


@dataclass(frozen=True, slots=True)
class HashTrace:
    """A bucket number against its bound. ``bucket`` is None when it was not or cannot be taken.

    ``verdict`` is True for inside, False for outside, None for unknown.
    """

    subject: str
    bucket: float | None
    bound: float
    verdict: bool | None


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """One condition: its tests, its rollout, and what it contributed.

    ``answers`` are the values it may give; ``passes`` tells whether the walk can go on after it.
    """

    index: int
    verdict: Verdict | None
    tests: tuple[TestTrace, ...] = ()
    rollout: HashTrace | None = None
    draw: HashTrace | None = None
    answers: tuple[bool | str, ...] = ()
    passes: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class FlagTrace:
    """How one flag came to its resolution; ``deciding`` names the step that decided.

    ``smallest_missing`` is the smallest set of inputs that would make the answer definite
    whatever their values are: empty when it is, None when no inputs would.
    """

    resolution: Resolution
    deciding: str
    smallest_missing: Missing | None = NOTHING_MISSING
    conditions: tuple[ConditionTrace, ...] = ()
    enrollment: TestTrace | None = None
    holdout: HashTrace | None = None
