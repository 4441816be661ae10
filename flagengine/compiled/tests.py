"""Filters and their groups as Python: each test leaves True, False or a gap in a variable."""

from collections.abc import Iterable, Sequence
from typing import Final

from flagengine.compiled import runtime
from flagengine.compiled.flags import Flags
from flagengine.compiled.properties import PropertyWriter
from flagengine.compiled.source import FunctionSource
from flagengine.plan.nodes import (
    AllOf,
    AnyOf,
    CohortTest,
    Constant,
    FlagTest,
    Node,
    Not,
    PropertyTest,
    Undecidable,
    distinct,
)
from flagengine.plan.render import render_test
from flagengine.results.verdicts import UNSUPPORTED, Gap

__all__ = ["TestWriter", "may_fail"]

_MAX_BLOCKS: Final = 12
_MAX_JOINED_SINGLY: Final = 8
"""The number of parts up to which each doubt joins the doubts before; more are joined at the end."""


def may_fail(node: Node) -> bool:
    """Tell whether a test may give a gap that may fail the flag."""
    return any(isinstance(part, Undecidable) and part.may_fail for part in distinct([node]))


class TestWriter:
    """A writer of tests; ``properties`` writes the tests of properties."""

    __test__ = False  # pytest collects classes by their name

    def __init__(self, source: FunctionSource, flags: Flags, nodes: Iterable[Node]) -> None:
        """Write into ``source``; ``nodes`` are all tests of the flag."""
        nodes = tuple(nodes)
        self.properties: PropertyWriter = PropertyWriter(source, flags, nodes)
        self._joining = runtime.Joining(sum(1 for _ in distinct(nodes)))
        self._source = source
        self._flags = flags
        self._depth = 0

    def write(self, node: Node) -> str:  # noqa: PLR0911 one line per node kind
        """Write a test; return the expression for its verdict."""
        if isinstance(node, PropertyTest):
            return self._property(node)
        if isinstance(node, Constant):
            return repr(node.verdict)
        if isinstance(node, Undecidable):
            return self._constant(Gap(node.reason, may_fail=node.may_fail))
        if isinstance(node, FlagTest):
            return self._dependency(node)
        if isinstance(node, CohortTest):
            verdict = self.write(node.definition)
            return self._negated(verdict) if node.negated else verdict
        if isinstance(node, Not):
            return self._negated(self.write(node.part))
        return self._combination(node)

    def _constant(self, gap: Gap) -> str:
        return self._source.constant(gap, "gap")

    def _negated(self, verdict: str) -> str:
        """Write the inversion of a verdict; a gap stays a gap."""
        name = self._source.fresh("t")
        self._source.line(f"{name} = {verdict}")
        self._source.line(f"if {name} is True: {name} = False")
        self._source.line(f"elif {name} is False: {name} = True")
        return name

    def _property(self, node: PropertyTest) -> str:
        self._source.line(f"# {_comment(render_test(node))}")
        name = self._source.fresh("t")
        self.properties.write(node, name)
        return name

    def _dependency(self, node: FlagTest) -> str:
        if node.why_broken(self._flags.overrides.flags) is not None:
            return self._constant(UNSUPPORTED)
        flag = self._source.constant(self._flags.evaluator(node.key), "flag")
        matches = self._source.constant(node.matches, "matches")
        doubt = self._source.constant(runtime.doubts_about_flags(), "doubt")
        name = self._source.fresh("t")
        self._source.line(f"# {_comment(render_test(node))}")
        self._source.line(f"other = {flag}(distinct_id, props, subject)")
        self._source.line(f"{name} = {matches}(other)")
        self._source.line(f"if {name} is None: {name} = {doubt}(other)")
        return name

    def _combination(self, node: AllOf | AnyOf) -> str:
        """Write a group as a block that ends as soon as a part decides it."""
        if self._depth >= _MAX_BLOCKS:
            return self._apart(node)
        decisive = isinstance(node, AnyOf)
        name = self._source.fresh("t")
        self._depth += 1
        with self._source.block(f"while True:  # {'any' if decisive else 'all'} of"):
            if decisive and may_fail(node):
                verdicts = ", ".join([self.write(part) for part in node.parts])
                call = self._source.constant(self._joining.any_of, "any_of")
                self._source.line(f"{name} = {call}({verdicts})")
            else:
                self._source.line(f"{name} = {not decisive}")
                self._write_parts(name, node.parts, decisive=decisive)
            self._source.line("break")
        self._depth -= 1
        return name

    def _write_parts(self, name: str, parts: Sequence[Node], *, decisive: bool) -> None:
        """Write the parts of a group, of which the first that decides ends the block."""
        if len(parts) <= _MAX_JOINED_SINGLY:
            for part in parts:
                self._decide(name, self.write(part), decisive=decisive)
            return
        doubts = self._source.fresh("doubts")
        self._source.line(f"{doubts} = []")
        for part in parts:
            verdict = self.write(part)
            self._source.line(f"if {verdict} is {decisive}: {name} = {decisive}; break")
            self._source.line(f"if {verdict} is not {not decisive}: {doubts}.append({verdict})")
        join = self._source.constant(self._joining.all, "join")
        self._source.line(f"if {doubts}: {name} = {join}(*{doubts})")

    def _decide(self, name: str, verdict: str, *, decisive: bool) -> None:
        """Write the end of the block if a part decides, else the joining of its gap."""
        join = self._source.constant(self._joining.pair, "join")
        self._source.line(f"if {verdict} is {decisive}: {name} = {decisive}; break")
        self._source.line(
            f"if {verdict} is not {not decisive}: {name} = {verdict} "
            f"if {name} is {not decisive} else {join}({name}, {verdict})"
        )

    def _apart(self, node: AllOf | AnyOf) -> str:
        """Write a deeply nested group as a separate function: Python nests at most 20 blocks."""
        inner = FunctionSource()
        writer = TestWriter(inner, self._flags, (node,))
        inner.line(f"return {writer.write(node)}")
        function = self._source.constant(inner.build("nested group"), "group")
        name = self._source.fresh("t")
        self._source.line(f"{name} = {function}(distinct_id, props, subject)")
        return name


def _comment(text: str) -> str:
    """Escape the line breaks in a comment."""
    return text.encode("unicode_escape").decode()
