"""Search without RE2: an automaton in Python, whose states are made when a text first needs them.

It reads a text once from left to right. A state is the set of places in the pattern that a match may
have reached, so the time is at most the length of the text times the size of the pattern, whatever
both are; a transition that was taken before costs one look-up. `MAX_WORK` bounds that product.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from flagengine.operators.patterns.membership import ascii_test, test_of
from flagengine.operators.patterns.nodes import (
    Alternatives,
    Assertion,
    Chars,
    Group,
    Literal,
    Node,
    Repeat,
    Sequence,
)
from flagengine.operators.patterns.outcome import UnsupportedPatternError

__all__ = ["MAX_WORK", "Automaton"]

MAX_WORK: Final = 4_000_000
_MAX_SIZE: Final = 5_000
_MAX_TRANSITIONS: Final = 20_000
_Test = Callable[[str], bool]


class _Beside(Enum):
    """What stands beside a position, as far as an assertion asks."""

    NOTHING = auto()
    LINE_BREAK = auto()
    WORD = auto()
    OTHER = auto()


_EDGES: Final = (_Beside.NOTHING, _Beside.LINE_BREAK)


class _Place:
    """A place in the pattern: an assertion to hold or a character to read, and the places behind it.

    A place with neither is a fork; the place without a successor is the end of a match.
    """

    __slots__ = ("assertion", "following", "test")

    def __init__(
        self,
        *following: "_Place",
        test: _Test | None = None,
        assertion: Assertion | None = None,
    ) -> None:
        self.following = list(following)
        self.test = test
        self.assertion = assertion


class _State(dict[str, "_State"]):
    """The places that a match may have reached before the next character; the next state by character."""

    __slots__ = ("automaton", "before", "is_last", "places")

    def __init__(self, automaton: "Automaton", places: frozenset[_Place], before: _Beside) -> None:
        super().__init__()
        self.automaton: Automaton = automaton
        self.places: frozenset[_Place] = places
        self.before: _Beside = before
        self.is_last: bool | None = None
        """Whether a text may end here; None until it was asked."""

    def __missing__(self, char: str) -> "_State":
        return self.automaton.follow(self, char)


class Automaton:
    """A search for a pattern anywhere in a text."""

    def __init__(self, node: Node, *, ascii_only: bool) -> None:
        """Build the places; raise `UnsupportedPatternError` for a pattern of too many."""
        self._ascii_only = ascii_only
        self._tests: dict[Node, _Test] = {}
        self.size: int = 1
        self._end = _Place()
        self._start = self._before(node, self._end)
        self._found = _State(self, frozenset(), _Beside.OTHER)
        self._forget()

    def search(self, text: str) -> bool:
        """Tell whether the pattern matches anywhere in the text."""
        state, found = self._first, self._found
        for char in text:
            state = state[char]
            if state is found:
                return True
        if state.is_last is None:
            state.is_last = self._end in self._reached(state, _Beside.NOTHING)
        return state.is_last

    def follow(self, state: _State, char: str) -> _State:
        """Return the state behind a character, and remember it."""
        beside = _beside(char)
        reached = self._reached(state, beside)
        if self._end in reached:
            following = self._found
        else:
            behind = [place.following[0] for place in reached if place.test and place.test(char)]
            following = self._state(frozenset((self._start, *behind)), beside)
        state[char] = following
        return following

    def _state(self, places: frozenset[_Place], before: _Beside) -> _State:
        self._transitions += 1
        if self._transitions > _MAX_TRANSITIONS:
            self._forget()
        found = self._states.get((places, before))
        if found is None:
            found = self._states[places, before] = _State(self, places, before)
        return found

    def _forget(self) -> None:
        self._states: dict[tuple[frozenset[_Place], _Beside], _State] = {}
        self._transitions = 0
        self._first = _State(self, frozenset((self._start,)), _Beside.NOTHING)

    def _reached(self, state: _State, after: _Beside) -> set[_Place]:
        """Return all places that are reached without reading a character."""
        waiting = list(state.places)
        reached = set(waiting)
        while waiting:
            place = waiting.pop()
            if place.test is None and _holds(place.assertion, state.before, after):
                new = [other for other in place.following if other not in reached]
                waiting += new
                reached.update(new)
        return reached

    def _before(self, node: Node, behind: _Place) -> _Place:
        """Return the place from which the node and then ``behind`` must match."""
        if isinstance(node, Sequence):
            for item in reversed(node.items):
                behind = self._before(item, behind)
            return behind
        if isinstance(node, Group):
            return self._before(node.item, behind)
        if isinstance(node, Repeat):
            return self._repeated(node, behind)
        self.size += 1
        if self.size > _MAX_SIZE:
            raise UnsupportedPatternError("a pattern of this size needs google-re2")
        if isinstance(node, Alternatives):
            return _Place(*(self._before(item, behind) for item in node.items))
        if isinstance(node, Assertion):
            return _Place(behind, assertion=node)
        return _Place(behind, test=self._test(node))

    def _repeated(self, node: Repeat, behind: _Place) -> _Place:
        if node.most is None:
            place = _Place()
            place.following = [self._before(node.item, place), behind]
        else:
            place = behind
            for _ in range(node.most - node.least):
                place = _Place(self._before(node.item, place), behind)
        for _ in range(node.least):
            place = self._before(node.item, place)
        return place

    def _test(self, node: Literal | Chars) -> _Test:
        if node not in self._tests:
            self._tests[node] = self._new_test(node)
        return self._tests[node]

    def _new_test(self, node: Literal | Chars) -> _Test:
        if isinstance(node, Literal):
            return node.char.__eq__
        return ascii_test(node.members) if self._ascii_only else test_of(node.members)


def _beside(char: str) -> _Beside:
    if char == "\n":
        return _Beside.LINE_BREAK
    is_word = char == "_" or (char.isascii() and char.isalnum())
    return _Beside.WORD if is_word else _Beside.OTHER


def _holds(assertion: Assertion | None, before: _Beside, after: _Beside) -> bool:
    match assertion:
        case None:
            return True
        case Assertion.TEXT_START:
            return before is _Beside.NOTHING
        case Assertion.TEXT_END:
            return after is _Beside.NOTHING
        case Assertion.LINE_START:
            return before in _EDGES
        case Assertion.LINE_END:
            return after in _EDGES
        case _:
            is_boundary = (before is _Beside.WORD) != (after is _Beside.WORD)
            return is_boundary == (assertion is Assertion.WORD_BOUNDARY)
