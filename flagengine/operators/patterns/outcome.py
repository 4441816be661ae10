"""The outcomes of compiling a pattern, and the exceptions that end the parsing early."""

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
    """A pattern that can be searched for without the server.

    `search(text)` tells whether the pattern matches anywhere in the text; None when only the server
    knows. `search` is a field instead of a method to save a call for every subject.
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
    """A pattern that the server's engine rejects: the filter matches nobody, negated or not."""


class UnsupportedPattern(Record):
    """A pattern that may be valid, but whose answers are not provably the same as the server's."""

    reason: str


CompiledPattern = Search | InvalidType | UnsupportedPattern
INVALID: Final = InvalidType()


class InvalidPatternError(Exception):
    """A certainly invalid pattern; raised only inside this package."""


class UnsupportedPatternError(Exception):
    """An unsupported pattern; raised only inside this package, with the reason as its message."""
