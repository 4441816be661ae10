"""Verdicts and gaps, and three-valued logic over verdicts (SPEC R5, R10)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TypeVar

from flagengine.results.resolution import NOTHING_MISSING, Missing, UnresolvedReason
from flagengine.values.record import Record

__all__ = [
    "INVALID_PROPERTY",
    "INVALID_REGEX",
    "UNSUPPORTED",
    "D",
    "Gap",
    "Verdict",
    "all_of",
    "any_of",
    "joined",
    "negated",
]


if TYPE_CHECKING:  # a Protocol takes a quarter of a millisecond to define
    from typing import Protocol, Self

    class Doubt(Protocol):
        """A verdict that is neither True nor False, such as a :class:`Gap`."""

        @property
        def may_fail(self) -> bool:
            """Whether the server may fail the flag instead of going on (SPEC R10)."""

        def __or__(self, other: Self | None) -> Self:
            """Join two doubts."""


D = TypeVar("D", bound="Doubt")


class Gap(Record):
    """The reason why a test has no verdict, and the missing inputs; compared by identity.

    With ``may_fail`` the server may fail the flag instead of going on (SPEC R10). ``needed`` is
    the smallest set of inputs that would certainly close the gap; None when no inputs would.
    """

    reason: UnresolvedReason
    missing: Missing = NOTHING_MISSING
    may_fail: bool = False
    needed: Missing | None = None

    if not TYPE_CHECKING:
        __eq__ = object.__eq__
        __hash__ = object.__hash__

    @classmethod
    def lacking(cls, missing: Missing) -> "Gap":
        """Return the gap of an input that was not given."""
        return cls(UnresolvedReason.MISSING_CONTEXT, missing, needed=missing)

    def __or__(self, other: "Gap | None") -> "Gap":
        """Join two gaps: the reason of higher precedence, and all missing inputs."""
        if other is None or other is self:
            return self
        return Gap(
            min(self.reason, other.reason, key=_PRECEDENCE.index),
            self.missing | other.missing,
            self.may_fail or other.may_fail,
            None if self.needed is None or other.needed is None else self.needed | other.needed,
        )


_PRECEDENCE: Final = tuple(UnresolvedReason)

UNSUPPORTED: Final = Gap(UnresolvedReason.UNSUPPORTED_DEFINITION)
"""The gap that no input closes: only the server knows."""

INVALID_REGEX: Final = Gap(UnresolvedReason.INVALID_REGEX)
"""The error of a format 2 predicate whose pattern is no pattern (SPEC R20)."""

INVALID_PROPERTY: Final = Gap(UnresolvedReason.INVALID_PROPERTY)
"""The error of a format 2 predicate that compares as a number what is none (SPEC R20)."""

Verdict = bool | Gap
"""True, False, or the gap of a test without a verdict."""


def all_of(verdicts: Iterable[bool | D]) -> bool | D:
    """Return the Kleene AND: false beats doubt."""
    found = list(verdicts)
    if False in found:
        return False
    return joined(found) or True


def any_of(verdicts: Iterable[bool | D]) -> bool | D:
    """Return the Kleene OR: true beats doubt, except a doubt that may fail the flag (SPEC R10)."""
    found = list(verdicts)
    doubt = joined(found)
    if doubt is not None and doubt.may_fail:
        return doubt
    return True in found or doubt or False


def negated(verdict: bool | D) -> bool | D:
    """Return the Kleene NOT: a doubt stays a doubt."""
    return not verdict if isinstance(verdict, bool) else verdict


def joined(verdicts: Iterable[bool | D]) -> D | None:
    """Return the doubts among the verdicts, joined; None when there are none.

    They are joined in pairs, and the pairs again: the more a doubt names, the fewer joins it meets.
    """
    doubts = [verdict for verdict in verdicts if not isinstance(verdict, bool)]
    while len(doubts) > 1:
        pairs = zip(doubts[::2], doubts[1::2], strict=False)
        left_over = doubts[len(doubts) & ~1 :]
        doubts = [*(left | right for left, right in pairs), *left_over]
    return doubts[0] if doubts else None
