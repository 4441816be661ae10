"""Plain flags: tests of text and numbers, and shares of persons, walked in C where there is C.

Most flags are of this kind. The walk answers the common case and hands every other call to the
generated function, which is only written when that happens.
"""

from collections.abc import Callable
from typing import Any, Final

from flagengine.compiled.runtime import condition_values
from flagengine.compiled.text_tests import text_test
from flagengine.evaluation.outcomes import decided
from flagengine.hashing.buckets import Algorithm, Hasher, bind, bound, upper
from flagengine.native import accelerator
from flagengine.plan.nodes import (
    AllOf,
    AnyOf,
    BucketBy,
    CohortTest,
    ConditionPlan,
    Constant,
    FlagPlan,
    Node,
    Not,
    PropertyTest,
)
from flagengine.results.resolution import Reason, Resolution

__all__ = ["OnDemand", "plain_flag"]

_ALWAYS: Final = ("all",)
_NEVER: Final = ("any",)


class OnDemand:
    """A function that is made when it is first called."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Callable[..., Resolution]]) -> None:
        """Take what makes the function."""
        self._make = make
        self._made: Callable[..., Resolution] | None = None

    @property
    def function(self) -> Callable[..., Resolution]:
        """The function; made now, if it was not before."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def __call__(self, *args: Any, **named: Any) -> Resolution:
        """Call the function."""
        return self.function(*args, **named)


def plain_flag(
    plan: FlagPlan, otherwise: Callable[..., Resolution]
) -> Callable[..., Resolution] | None:
    """Return a plain flag's evaluator, or None for other flags and without the accelerator."""
    if accelerator is None or plan.algorithm != Algorithm.SHA1:
        return None
    if plan.enrollment is not None or plan.holdout is not None:
        return None
    conditions = []
    for condition in plan.conditions:
        test = _all(condition.tests)
        if test is None or condition.bucketing.by is not BucketBy.PERSON:
            return None
        conditions.append(_condition(plan, condition, test))
    return accelerator.PlainFlag(tuple(conditions), _nothing(plan), otherwise)


def _nothing(plan: FlagPlan) -> Resolution:
    last = len(plan.conditions) - 1
    if last < 0:
        return decided(plan, False, Reason.NO_GROUP_TYPE)
    return decided(plan, False, Reason.NO_CONDITION_MATCH, last)


def _condition(plan: FlagPlan, condition: ConditionPlan, test: Any) -> tuple[Any, ...]:
    prefix, index, within, draw = f"{plan.key}.", condition.index, None, None
    values = condition_values(plan, condition)
    if condition.rollout_percentage < 100.0:
        within = _hasher(prefix, "", [bound(condition.rollout_percentage) + 1])
    if len(values) > 1:
        draw = _hasher(prefix, "variant", [upper(variant.upper) for variant in plan.variants])
    matches = tuple(decided(plan, value, Reason.CONDITION_MATCH, index) for value in values)
    out = decided(plan, False, Reason.OUT_OF_ROLLOUT_BOUND, index)
    return test, within, draw, matches, out, plan.early_exit


def _hasher(prefix: str, salt: str, uppers: list[int]) -> Hasher:
    return bind(Algorithm.SHA1, prefix, salt, clip=True, uppers=uppers)


def _all(nodes: tuple[Node, ...]) -> tuple[Any, ...] | None:
    return _combined("all", nodes)


def _combined(word: str, nodes: tuple[Node, ...]) -> tuple[Any, ...] | None:
    parts = [_test(node) for node in nodes]
    return None if None in parts else (word, *parts)


def _test(node: Node) -> Any:
    """Return a test as a PlainFlag takes it, or None when it is none of text or a number."""
    if isinstance(node, PropertyTest):
        return _property(node) if node.group is None else None
    if isinstance(node, Constant):
        return _ALWAYS if node.verdict else _NEVER
    if isinstance(node, AllOf | AnyOf):
        return _combined("all" if isinstance(node, AllOf) else "any", node.parts)
    if isinstance(node, Not):
        return _combined("not", (node.part,))
    if isinstance(node, CohortTest) and not node.may_fail:
        return _combined("not" if node.negated else "all", (node.definition,))
    return None


def _property(node: PropertyTest) -> Any:
    rule = node.matcher.number
    if rule is not None:
        return (rule.operator, str(node.key), float(rule.bound))
    return text_test(node.key, node.matcher)
