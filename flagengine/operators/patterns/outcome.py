"""What compiling a pattern can come to, and the two ways in which parsing one ends early."""

from collections.abc import Callable
from typing import Final

from flagengine.values.record import Record

__all__ = [
    "INVALID",
    "CompiledPattern",
    "InvalidPatternError",
    "InvalidType",
    "Search",
    "UnsupportedPattern",
    "UnsupportedPatternError",
]


class Search(Record):
    """A pattern that can be answered here.

    `search(text)` tells whether the pattern matches anywhere in the text; None when only the server
    knows. It is a field, not a method, because it is called for every subject.
    """

    pattern: str
    search: Callable[[str], bool | None]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Search) and self.pattern == other.pattern

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __repr__(self) -> str:
        return f"Search(pattern={self.pattern!r})"


class InvalidType(Record):
    """The server's engine rejects the pattern: the filter matches nobody, negated or not."""


class UnsupportedPattern(Record):
    """The pattern may be valid, but its answers are not provably the server's: ask there."""

    reason: str


CompiledPattern = Search | InvalidType | UnsupportedPattern
INVALID: Final = InvalidType()


class InvalidPatternError(Exception):
    """Raised inside this package only: the pattern is certainly invalid."""


class UnsupportedPatternError(Exception):
    """Raised inside this package only: the message is the reason of an `UnsupportedPattern`."""
