"""Filters on properties as Python: each filter leaves True, False or a gap in a variable.

With the accelerator, a test of text calls C first. The call answers the common case and returns
None otherwise; then the generated line below the call tests the property in Python.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from flagengine.compiled import runtime
from flagengine.compiled.flags import Flags
from flagengine.compiled.source import FunctionSource
from flagengine.compiled.text_tests import text_test
from flagengine.inputs.subject import ABSENT
from flagengine.operators import Form, TextKind, TextRule
from flagengine.plan.nodes import Node, PropertyTest, walk
from flagengine.results.resolution import Missing
from flagengine.results.verdicts import UNSUPPORTED, Gap
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import ascii_fold

__all__ = ["PropertyWriter"]

_FORMS: Final = {
    Form.LOWER: "{raw}.lower()",
    Form.FOLDED: "({raw}.lower() if {raw}.isascii() else {fold}({raw}))",
}

_COMPARISONS: Final = {
    TextKind.EQUALS: "{value} == {operand}",
    TextKind.CONTAINS: "{operand} in {value}",
    TextKind.STARTS_WITH: "{value}.startswith({operand})",
    TextKind.ENDS_WITH: "{value}.endswith({operand})",
}


class PropertyWriter:
    """A writer of property tests; a property that several tests read is fetched once."""

    def __init__(self, source: FunctionSource, flags: Flags, nodes: Iterable[Node]) -> None:
        """Write into ``source``; ``nodes`` are all tests of the flag."""
        self._source = source
        self._keeper = source.constant(runtime.keeper(flags), "keeper")
        self._gaps: dict[Missing, Gap] = {}
        tests = [
            node for node in walk(nodes) if isinstance(node, PropertyTest) and node.group is None
        ]
        self._text_tests = {id(node): text_test(node.key, node.matcher) for node in tests}
        self._shared = _repeated(node.key for node in tests if not self._text_tests[id(node)])
        self._fetched: dict[str, str] = {}

    def fetch_shared(self) -> None:
        """Write variables for the properties that several tests read; MISSING if not passed."""
        for key in self._shared:
            name = self._source.fresh("p")
            self._fetched[key] = name
            missing = self._source.constant(runtime.MISSING, "missing")
            written = self._source.name(key)
            self._source.line(f"{name} = props[{written}] if {written} in props else {missing}")

    def write(self, node: PropertyTest, name: str) -> None:
        """Write a test that leaves its verdict in the variable ``name``."""
        test = self._text_tests.get(id(node))
        if test is None:
            self._source.line(f"{name} = {self._verdict(node)}")
        else:
            self._source.line(f"{name} = {self._source.constant(test.test, 'test')}(props)")
            self._source.line(f"if {name} is None: {name} = {self._verdict(node)}")

    def _verdict(self, node: PropertyTest) -> str:
        """Write the whole test as one expression."""
        if node.group is not None:
            return self._group(node)
        return self._fetched_property(node) if node.key in self._fetched else self._person(node)

    def _gap(self, missing: Missing) -> str:
        return self._source.constant(self._gaps.setdefault(missing, Gap.lacking(missing)), "gap")

    def _group(self, node: PropertyTest) -> str:
        gap = self._gap(Missing(group_properties=((node.group or "", node.key),)))
        absent = self._source.constant(ABSENT, "absent")
        group, key = self._source.name(node.group or ""), self._source.name(node.key)
        known = f"subject.group_property({group}, {key})"
        return self._matched(node, gap, f"{absent} if subject is None else {known}")

    def _person(self, node: PropertyTest) -> str:
        """Write a test that reads its property once: text, another value, or not passed."""
        key = self._source.name(node.key)
        present = self._present(node, f"(raw := props[{key}])")
        return f"({present}) if {key} in props else {self._absent(node)}"

    def _fetched_property(self, node: PropertyTest) -> str:
        raw = self._fetched[node.key]
        missing = self._source.constant(runtime.MISSING, "missing")
        absent = f"{self._absent(node)} if {raw} is {missing} else "
        inline = self._inline(node, raw)
        if inline is None:
            return absent + self._other(node, raw)
        return f"{inline} if type({raw}) is str else {absent}{self._other(node, raw)}"

    def _present(self, node: PropertyTest, fetch: str) -> str:
        inline = self._inline(node, "raw")
        if inline is None:
            return self._other(node, fetch)
        return f"{inline} if type({fetch}) is str else {self._other(node, 'raw')}"

    def _inline(self, node: PropertyTest, raw: str) -> str | None:
        """Write a test of text as an expression; None for a test that needs a loop."""
        rule = node.matcher.text
        comparison = None if rule is None else _comparison(rule)
        if comparison is None:
            return None
        template, operand = comparison
        fold = self._source.constant(ascii_fold, "fold")
        value = _FORMS[node.matcher.form].format(raw=raw, fold=fold)
        return template.format(value=value, operand=self._source.constant(operand, "operand"))

    def _other(self, node: PropertyTest, raw: str) -> str:
        """Write a test of any value; a list or object is kept for the tests that follow."""
        json = self._source.constant(to_json_value, "json")
        if raw == "distinct_id":
            return self._matched(node, self._lacking(node), f"{json}({raw})")
        keeps = f"(subject := subject or {self._keeper}({raw}, distinct_id, props))"
        kept = f"subject.person_property({self._source.name(node.key)})"
        return self._matched(node, self._lacking(node), f"{kept} if {keeps} else {json}({raw})")

    def _absent(self, node: PropertyTest) -> str:
        """Write the verdict for a property that was not passed: a gap, unless the subject has it."""
        if node.key == "distinct_id":
            return self._other(node, "distinct_id")
        gap = self._lacking(node)
        read = f"subject.person_property({self._source.name(node.key)})"
        known = self._matched(node, gap, read)
        return f"({gap} if subject is None else {known})"

    def _lacking(self, node: PropertyTest) -> str:
        return self._gap(Missing(person_properties=(node.key,)))

    def _matched(self, node: PropertyTest, gap: str, actual: str) -> str:
        call = self._source.constant(runtime.match, "match")
        matcher = self._source.constant(node.matcher, "matcher")
        if node.doubt is UNSUPPORTED:
            return f"{call}({matcher}, {gap}, {actual}, subject)"
        doubt = self._source.constant(node.doubt, "doubt")
        return f"{call}({matcher}, {gap}, {actual}, subject, {doubt})"


def _comparison(rule: TextRule) -> tuple[str, Any] | None:
    """Return a template of ``{value}`` and ``{operand}``, and the operand."""
    negation = "not " if rule.negated else ""
    if len(rule.operands) == 1:
        (operand,) = rule.operands
        return negation + _COMPARISONS[rule.kind], operand
    if rule.kind is TextKind.EQUALS:
        return negation + "{value} in {operand}", rule.operands
    return None


def _repeated(keys: Iterable[str]) -> list[str]:
    """Return the keys that occur more than once."""
    return sorted(key for key, count in Counter(keys).items() if count > 1)
