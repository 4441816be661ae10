"""The answers that are still possible after each step of all walks through a flag (SPEC R5).

A walk that has met no possible answer is open. A walk that has met one may still give it, and a walk
that has met several is unsettled for ever. So all walks together are two switches and one set of
answers, and a step takes constant time, however many variants its draw has.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from flagengine.plan.shares import Answer
from flagengine.values.record import Record

__all__ = ["Answers", "Outcome", "PossibleAnswers"]

Answers = frozenset[Answer]
_NOTHING: Final[Answers] = frozenset()


class Outcome(Record):
    """One way in which a step may go: a walk meets ``answers``, and passes or ends.

    With ``drawn`` there is a walk for each of the variants drawn, which it meets as well.
    """

    answers: Answers
    passes: bool
    drawn: Answers = _NOTHING

    @property
    def is_nothing(self) -> bool:
        """Whether a walk meets no answer."""
        return not self.answers and not self.drawn

    @property
    def singles(self) -> Answers:
        """The answers that a walk may meet alone."""
        if not self.answers:
            return self.drawn
        is_single = len(self.answers) == 1 and (not self.drawn or self.answers <= self.drawn)
        return self.answers if is_single else _NOTHING

    @property
    def is_several(self) -> bool:
        """Whether a walk may meet several answers at once."""
        if not self.answers:
            return False
        return len(self.answers) > 1 or (bool(self.drawn) and self.answers != self.drawn)


class PossibleAnswers:
    """The answers that the walks of one flag have met so far.

    The answers that walks may have met alone are in two parts: those that a draw may give, and all
    others.
    """

    def __init__(self, drawn: Answers, *, is_broken: bool) -> None:
        """Start the walks; ``drawn`` holds what a draw of the flag may give.

        A flag that is broken may be false before its first step.
        """
        self._all = drawn
        self._drawn: set[Answer] | Answers = set()
        self._others: set[Answer] = {False} if is_broken else set()
        self._is_open = not is_broken
        self._is_unsettled = False

    def endings(self, outcomes: Sequence[Outcome]) -> Iterator[bool]:
        """Yield whether exactly one answer is possible, for the walks that end at a step."""
        for outcome in outcomes:
            if outcome.passes:
                continue
            singles = outcome.singles
            if self._is_open:
                yield bool(singles)
                if outcome.is_several:
                    yield False
            if self._count:
                yield outcome.is_nothing or self._has_met(singles)
                if self._unsettles(outcome):
                    yield False
            if self._is_unsettled:
                yield False

    def advance(self, outcomes: Sequence[Outcome]) -> None:
        """Let the walks meet a step; those that it ends are left out."""
        passing = [outcome for outcome in outcomes if outcome.passes]
        found = [outcome.singles for outcome in passing]
        is_unsettled = self._is_unsettled and bool(passing)
        self._is_unsettled = is_unsettled or any(map(self._unsettles, passing))
        keeps = any(outcome.is_nothing for outcome in passing)
        if not keeps:
            self._keep_only(found)
        if self._is_open:
            self._add(found)
        self._is_open = self._is_open and keeps

    @property
    def _count(self) -> int:
        return len(self._drawn) + len(self._others)

    def _has_met(self, singles: Answers) -> bool:
        """Tell whether some walk has met one of the answers, and no other."""
        if singles is self._all:
            return bool(self._drawn)
        return any(answer in self._drawn or answer in self._others for answer in singles)

    def _unsettles(self, outcome: Outcome) -> bool:
        """Tell whether some walk meets a second answer at a step."""
        if outcome.is_several:
            return self._is_open or self._count > 0
        singles = outcome.singles
        if not self._count or not singles:
            return False
        return self._count > 1 or len(singles) > 1 or not self._has_met(singles)

    def _keep_only(self, found: Sequence[Answers]) -> None:
        """Leave out the walks that have met none of the answers."""
        picked = {answer for singles in found if singles is not self._all for answer in singles}
        self._others &= picked
        if not any(singles is self._all for singles in found):
            self._drawn = {answer for answer in picked if answer in self._drawn}

    def _add(self, found: Sequence[Answers]) -> None:
        """Let the open walks meet the answers."""
        for singles in found:
            if singles is self._all:
                self._drawn = self._all
                continue
            for answer in singles - self._all:
                self._others.add(answer)
            if isinstance(self._drawn, set):
                self._drawn |= singles & self._all
