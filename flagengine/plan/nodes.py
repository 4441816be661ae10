"""The meaning of filters and cohorts, typed: tests, and combinations of tests.

There are eight kinds of node. A node holds names and compiled operands, never the document's words,
and decides only what does not depend on the subject.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from flagengine.definitions.model import Filter
from flagengine.definitions.reading import shown
from flagengine.operators import Matcher
from flagengine.results.resolution import Reason, Resolution, UnresolvedReason, Value
from flagengine.results.verdicts import UNSUPPORTED, D, Gap, all_of, any_of, negated
from flagengine.values.record import Record, brief

__all__ = [
    "AllOf",
    "AnyOf",
    "CohortTest",
    "Combination",
    "Constant",
    "FlagTest",
    "Node",
    "Not",
    "PropertyTest",
    "Undecidable",
    "distinct",
    "repetition",
    "walk",
]


class PropertyTest(Record):
    """A matcher applied to one property of the person (``group`` None) or of a group type.

    ``doubt`` is the verdict of a value that the matcher does not decide.
    """

    key: str
    matcher: Matcher
    group: str | None = None
    origin: Filter | None = None
    doubt: Gap = UNSUPPORTED


class Constant(Record):
    """A filter whose verdict no input can change; ``why`` is for people.

    ``deleted`` is a dependency on a deleted flag, whose override replaces the verdict.
    """

    verdict: bool
    why: str
    origin: Filter | None = None
    deleted: "FlagTest | None" = None


class Undecidable(Record):
    """A filter that only the server can decide.

    With ``may_fail`` the server may even fail the whole flag, that is, answer false (SPEC R10).
    """

    reason: UnresolvedReason
    why: str
    may_fail: bool = False
    origin: Filter | None = None


class FlagTest(Record):
    """A test of another flag's value: True for enabled, False for disabled, text for a variant.

    ``broken`` says why the dependency cannot be followed, and is None when it can. ``absent`` names
    the undefined flags of the dependency chain; overrides may still give them values.
    """

    key: str
    expected: bool | str
    broken: str | None = None
    absent: tuple[str, ...] = ()
    origin: Filter | None = None

    def matches(self, resolution: Resolution) -> bool | None:
        """Compare the other flag's answer; None when the answer is unresolved (SPEC R11.1, R11.7).

        A flag that has no value for another reason counts as false (R11.10).
        """
        value = resolution.value
        if value is None:
            return None if resolution.reason is Reason.UNRESOLVED else self.expected is False
        if isinstance(self.expected, str):
            return value == self.expected
        return (value is not False) is self.expected

    def why_broken(self, overridden: Mapping[str, Value]) -> str | None:
        """Say why the dependency cannot be followed; an override may replace it (SPEC R11.5)."""
        if self.key in overridden:
            is_hidden = overridden[self.key] is None
            return f"{shown(self.key)!r} is overridden to be absent" if is_hidden else None
        absent = [key for key in self.absent if overridden.get(key) is None]
        if absent:
            return f"the flag {shown(absent[0])!r} is not in the definitions"
        return self.broken


class AllOf(Record):
    """Kleene AND."""

    parts: "tuple[Node, ...]"

    def join(self, verdicts: Iterable[bool | D]) -> bool | D:
        """Combine the verdicts of the parts."""
        return all_of(verdicts)


class AnyOf(Record):
    """Kleene OR, except that a part that may fail the flag beats a true part (SPEC R10)."""

    parts: "tuple[Node, ...]"

    def join(self, verdicts: Iterable[bool | D]) -> bool | D:
        """Combine the verdicts of the parts."""
        return any_of(verdicts)


class Not(Record):
    """Kleene NOT."""

    part: "Node"

    @property
    def parts(self) -> "tuple[Node, ...]":
        """The negated part, as a tuple."""
        return (self.part,)

    def join(self, verdicts: Iterable[bool | D]) -> bool | D:
        """Invert the part's verdict."""
        (verdict,) = verdicts
        return negated(verdict)


class CohortTest(Record):
    """Membership of a cohort; tests that ask for the same membership share ``definition``.

    It is compared by identity, because a definition may hold another one often. With ``may_fail`` the server may be unable to look the cohort up, and a server that reaches the
    cohorts of the condition then fails the whole flag, whatever the verdict (SPEC R10.8).
    """

    cohort: str
    definition: "Node"
    negated: bool = False
    may_fail: bool = False
    origin: Filter | None = None

    if not TYPE_CHECKING:
        __eq__ = object.__eq__
        __hash__ = object.__hash__
        __repr__ = brief("cohort", "negated", "may_fail")

    @property
    def parts(self) -> "tuple[Node, ...]":
        """The definition, as a tuple."""
        return (self.definition,)

    def join(self, verdicts: Iterable[bool | D]) -> bool | D:
        """Return the definition's verdict, inverted for ``not_in``."""
        (verdict,) = verdicts
        return negated(verdict) if self.negated else verdict


Leaf = PropertyTest | Constant | Undecidable | FlagTest
Combination = AllOf | AnyOf | Not | CohortTest
Node = Leaf | Combination


def repetition(nodes: Iterable[Node]) -> int:
    """Return how many nodes :func:`walk` yields more often than once."""
    sizes: dict[int, int] = {}

    def size(node: Node) -> int:
        if id(node) not in sizes:
            parts = node.parts if isinstance(node, Combination) else ()
            sizes[id(node)] = 1 + sum(map(size, parts))
        return sizes[id(node)]

    return sum(map(size, nodes)) - len(sizes)


def distinct(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield what :func:`walk` yields, each node only where it comes first."""
    waiting, seen = [*nodes][::-1], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            if isinstance(node, Combination):
                waiting.extend(reversed(node.parts))


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes and everything below them, in reading order.

    A cohort that is named often is walked as often; see :func:`distinct`.
    """
    waiting = [*nodes][::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Combination):
            waiting.extend(reversed(node.parts))
