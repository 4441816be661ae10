"""Plans in words, line by line, for people (SPEC R4)."""

from collections.abc import Iterator

from flagengine.plan.flag_plan import ConditionPlan, FlagPlan, RulePlan
from flagengine.plan.nodes import (
    AllOf,
    AnyOf,
    CohortTest,
    Combination,
    Constant,
    FlagTest,
    Node,
    Not,
    PropertyTest,
    Undecidable,
)
from flagengine.plan.shares import Answer, Served
from flagengine.values.excerpts import excerpt, name_excerpt
from flagengine.values.json_values import text

__all__ = ["render_flag", "render_test"]


def render_flag(plan: FlagPlan) -> str:
    """Describe a flag in the order in which it is evaluated.

    What conditions share is written where it comes first: the definition of a cohort, and the
    variants of a draw.
    """
    return "\n".join([f"flag {name_excerpt(plan.key)}", *(f"  {line}" for line in _steps(plan))])


def render_test(node: Node) -> str:
    """Describe one test on one line, each cohort in it once."""
    return _Words().test(node)


def _steps(plan: FlagPlan) -> Iterator[str]:
    if plan.defect is not None:
        yield f"cannot be evaluated here: {plan.defect}"
        return
    if not plan.active:
        yield f"is not active: {'false' if plan.config_version == 1 else 'no value'}"
        return
    if plan.enrollment is not None:
        yield f"if the person has {name_excerpt(plan.enrollment.key)}: true if the property is true, else false"
    if plan.holdout is not None:
        share = f"{plan.holdout.share.percentage:g} % of all by {plan.holdout.bucketing.by.value}"
        yield f"hold out {share}: {name_excerpt(plan.holdout.value)}"
    words = _Words()
    for condition in plan.conditions:
        yield from (
            _condition(condition, words)
            if condition.rule is None
            else _rule(condition, condition.rule, words)
        )
    yield f"otherwise {_answer(plan.otherwise)}"


def _condition(condition: ConditionPlan, words: "_Words") -> Iterator[str]:
    yield f"condition {condition.index + 1}: {_who(condition)} get {words.value(condition)}"
    for node in condition.tests:
        yield f"  if {words.test(node)}"
    if condition.stops and condition.share.without_hash is not True:
        yield "  the others whose filters match stop here with false"


def _rule(condition: ConditionPlan, rule: RulePlan, words: "_Words") -> Iterator[str]:
    """Describe a rule, whose tests are decided in order (SPEC R20)."""
    yield f"rule {condition.index + 1} ({rule.type}): {_who(condition)} get {_rule_value(condition, rule)}"
    for node in condition.tests:
        yield f"  if {words.test(node)}"
    default = _answer(rule.default)
    if rule.paused:
        yield f"  the rule is paused: everyone whose filters match gets {default}"
    if rule.held_out is not None:
        yield f"  hold out {rule.held_out.percentage:g} %: {default}"
    if condition.stops and condition.share.without_hash is not True:
        yield f"  the others whose filters match stop here with {default}"


def _rule_value(condition: ConditionPlan, rule: RulePlan) -> str:
    if not condition.draws:
        return _answer(rule.values[0])
    drawn = zip(condition.variants, rule.values, strict=False)
    return " or ".join(
        f"{_answer(answer)} ({name_excerpt(variant.key)}, {variant.weight:g} %)"
        for variant, answer in drawn
    )


def _answer(answer: Answer) -> str:
    if not isinstance(answer, Served):
        return text(answer)
    return "the caller's default" if answer.value is None else excerpt(answer.value)


def _who(condition: ConditionPlan) -> str:
    by, group = condition.bucketing.by, condition.bucketing.group
    holds_all = condition.share.without_hash is True
    share = "all" if holds_all else f"{condition.share.percentage:g} %"
    return f"{share} by {by.value}" + (f" {name_excerpt(group)}" if group is not None else "")


class _Words:
    """The words for tests and values; they remember what they have described."""

    def __init__(self) -> None:
        self._cohorts: set[int] = set()
        self._drawing: int | None = None

    def value(self, condition: ConditionPlan) -> str:
        """Describe what a match of a condition gives."""
        if not condition.draws:
            return "true" if condition.pinned is None else name_excerpt(condition.pinned)
        if self._drawing is not None:
            return f"a variant, as in condition {self._drawing}"
        self._drawing = condition.index + 1
        return " or ".join(
            f"{name_excerpt(variant.key)} ({variant.weight:g} %)" for variant in condition.variants
        )

    def test(self, node: Node) -> str:
        """Describe one test on one line."""
        if isinstance(node, PropertyTest):
            origin = node.origin
            where = "person" if node.group is None else name_excerpt(node.group)
            operator = (origin.operator if origin else None) or "exact"
            return f"{where} {name_excerpt(node.key)} {operator} {excerpt(origin.value if origin else None)}"
        if isinstance(node, Constant):
            return f"{'always' if node.verdict else 'never'}: {node.why}"
        if isinstance(node, Undecidable):
            return f"only the server knows: {node.why}"
        if isinstance(node, FlagTest):
            return f"flag {name_excerpt(node.key)} evaluates to {excerpt(node.expected)}"
        return self._combination(node)

    def _combination(self, node: Combination) -> str:
        if isinstance(node, CohortTest):
            membership = "not in" if node.negated else "in"
            return f"{membership} cohort {node.cohort} ({self._definition(node.definition)})"
        if isinstance(node, Not):
            return f"not ({self.test(node.part)})"
        word = " and " if isinstance(node, AllOf) else " or "
        return word.join(
            f"({self.test(part)})" if isinstance(part, AllOf | AnyOf) else self.test(part)
            for part in node.parts
        )

    def _definition(self, definition: Node) -> str:
        if id(definition) in self._cohorts:
            return "as above"
        self._cohorts.add(id(definition))
        return self.test(definition)
