"""The rules of a format 2 flag as Python: tests in stored order, then pause, holdout and rollout."""

from flagengine.compiled import runtime
from flagengine.compiled.program import Program, RuleBranch
from flagengine.compiled.source import FunctionSource
from flagengine.compiled.tests import TestWriter

__all__ = ["RuleWriter"]


class RuleWriter:
    """A writer of all rules of one flag; the subject that is hashed is in ``distinct_id``."""

    def __init__(self, source: FunctionSource, tests: TestWriter, program: Program) -> None:
        """Write into ``source``."""
        self._source = source
        self._tests = tests
        self._program = program

    def write(self) -> None:
        """Write one block per rule, and the default value behind the last."""
        for branch in self._program.rules:
            index, name = branch.plan.index, branch.rule.type
            with self._source.block(f"while True:  # rule {index + 1}, {name}"):
                self._write_tests(branch)
                self._write_outcomes(branch)
        self._source.line(f"return {self._source.constant(self._program.nothing, 'default')}")

    def _write_tests(self, branch: RuleBranch) -> None:
        """Write each test with the end of the walk if it has no verdict."""
        stuck = self._source.constant(runtime.Stuck(self._program.plan, branch.plan), "stuck")
        for node in branch.plan.tests:
            verdict = self._tests.write(node)
            with self._source.block(f"if {verdict} is not True:"):
                self._source.line(f"if {verdict} is False: break")
                self._source.line(f"return {stuck}({verdict})")

    def _write_outcomes(self, branch: RuleBranch) -> None:
        bind = self._source.constant
        if branch.rule.paused:
            self._source.line(f"return {bind(branch.paused, 'paused')}")
            return
        if branch.withholds is not None:
            call = f"{bind(branch.withholds.within, 'within')}(distinct_id)"
            self._source.line(f"if {call}: return {bind(branch.held_out, 'held_out')}")
        if branch.within is None:
            self._source.line(f"return {self._match(branch)}")
            return
        call = f"{bind(branch.within.within, 'within')}(distinct_id)"
        self._source.line(f"if {call}: return {self._match(branch)}")
        missed = branch.missed
        self._source.line("break" if missed is None else f"return {bind(missed, 'missed')}")

    def _match(self, branch: RuleBranch) -> str:
        bind = self._source.constant
        if branch.draw is None:
            return bind(branch.matches[0], "result")
        return f"{bind(branch.matches, 'results')}[{bind(branch.draw.draw, 'draw')}(distinct_id)]"
