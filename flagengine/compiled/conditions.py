"""One condition as a block of Python: its tests, then the hashes of its rollout and its draw."""

from typing import Any

from flagengine.compiled import runtime
from flagengine.compiled.program import Branch
from flagengine.compiled.source import FunctionSource
from flagengine.compiled.tests import TestWriter
from flagengine.plan.shares import BucketBy

__all__ = ["ConditionWriter"]


class ConditionWriter:
    """A writer of one condition.

    ``ending`` is the variable that holds the :class:`runtime.Ending`; ``subject`` is the variable
    of the subject that is hashed, or None when that subject is never known.
    """

    def __init__(
        self,
        source: FunctionSource,
        tests: TestWriter,
        ending: str,
        branch: Branch,
        subject: str | None,
    ) -> None:
        """Bind a condition, and write the expressions for its hashes."""
        self._source = source
        self._tests = tests
        self._branch = branch
        self._plan = branch.plan
        self._subject = subject
        self._may_lack_hash = subject is None or branch.plan.bucketing.by is BucketBy.DEVICE
        self._inside = self._written_inside()
        self._drawn = self._written_draw()
        self._ending = ending
        gap = branch.plan.bucketing.gap() if self._may_lack_hash else None
        self._gap = "None" if gap is None else self._bind(gap, "gap")

    def _bind(self, value: Any, stem: str) -> str:
        return self._source.constant(value, stem)

    # Hashes.

    def _written_inside(self) -> str:
        """Write the rollout's verdict: True, False, or None when the hash is not known."""
        known = repr(self._plan.share.without_hash)
        within = self._branch.within
        return known if within is None else self._hashed(self._bind(within.within, "within"), known)

    def _written_draw(self) -> str:
        """Write the position drawn: None when the hash is not known."""
        draw = self._branch.draw
        if draw is None:
            return "None" if self._plan.draws else "0"
        return self._hashed(self._bind(draw.draw, "draw"), "None")

    def _hashed(self, function: str, unknown: str) -> str:
        call = f"{function}({self._subject})"
        return (
            f"({unknown} if {self._subject} is None else {call})" if self._may_lack_hash else call
        )

    # The block.

    def write(self, *, has_groups: bool) -> None:
        """Write the condition as a block that returns, or goes on to the next condition."""
        source, index = self._source, self._plan.index
        self._lost = "lost, skipped" if has_groups else f"{index - 1}, -1"
        with source.block(f"while True:  # condition {index + 1}"):
            if self._plan.bucketing.by is BucketBy.GROUP:
                source.line(f"if {self._subject} is None: skipped = {index}; break")
            if has_groups:
                source.line(f"lost = {index}")
            before, after = self._plan.parted
            verdicts = []
            for node in before:
                verdicts.append(self._tests.write(node))
                source.line(f"if {verdicts[-1]} is False: break")
            if self._plan.bucketing.by is BucketBy.UNNAMED_GROUP:
                verdicts.append(self._gap)
            if after:
                self._write_failing([*verdicts, *map(self._tests.write, after)])
            else:
                self._write_verdicts(verdicts)
            source.line("break")

    def _write_failing(self, verdicts: list[str]) -> None:
        """Note that the server may fail the flag here, whatever the remaining verdicts."""
        self._note([*verdicts, self._bind(runtime.FAILING, "failing")])
        self._source.line(f"if {self._ending}.ends(notes): return {self._passed()}")

    def _write_verdicts(self, verdicts: list[str]) -> None:
        """Write the note for a test in doubt, then the hashes for tests that are all true."""
        if verdicts:
            known = " and ".join(f"{verdict} is True" for verdict in verdicts)
            with self._source.block(f"if not ({known}):"):
                self._note(verdicts)
                self._source.line("break")
        asks_hash = self._plan.needs_hash or self._plan.draws
        if self._subject is None and asks_hash:
            self._write_unknown_hash()
            return
        if self._may_lack_hash and asks_hash:
            with self._source.block(f"if {self._subject} is None:"):
                self._write_unknown_hash()
        self._write_match()

    def _write_unknown_hash(self) -> None:
        self._note([])
        ends = self._plan.ends(self._plan.share.without_hash)
        self._source.line(f"return {self._passed()}" if ends else "break")

    def _note(self, verdicts: list[str]) -> None:
        parts = [str(self._plan.index), self._inside, self._drawn, self._gap, *verdicts]
        self._source.line(f"notes += (({', '.join(parts)}),)")

    def _passed(self) -> str:
        """Write the conclusion of a walk that ends with its last note."""
        return f"{self._ending}.concluded(notes, out, {self._lost})"

    def _write_match(self) -> None:
        """Write the rollout, and the answers inside and outside of it."""
        source, index = self._source, self._plan.index
        if self._inside == "True":
            source.line(f"return {self._matched()}")
            return
        if self._inside != "False":
            source.line(f"if {self._inside}: return {self._matched()}")
        if self._plan.stops:
            source.line(
                f"return {self._answer(self._bind(self._branch.out, 'stop'), 'False', '0')}"
            )
        else:
            source.line(f"out = {index}")

    def _matched(self) -> str:
        matches = self._branch.matches
        if len(matches) == 1:
            result = self._bind(matches[0], "result")
        else:
            result = f"{self._bind(matches, 'results')}[{self._drawn}]"
        return self._answer(result, "True", self._drawn)

    def _answer(self, result: str, inside: str, drawn: str) -> str:
        """Write the prebuilt answer for a walk without notes, else the conclusion of the notes."""
        note = f"({self._plan.index}, {inside}, {drawn}, None)"
        return f"{result} if not notes else {self._ending}.concluded((*notes, {note}))"
