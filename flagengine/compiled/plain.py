"""Plain flags: tests of text and numbers, and shares of persons, walked by the accelerator.

Most flags are plain. The walk in C answers the common case and hands every other call to the
generated function, which is written at the first such call.
"""

from collections.abc import Callable
from typing import Any

from flagengine.compiled.program import Branch, Program
from flagengine.compiled.text_tests import text_test
from flagengine.hashing.buckets import Algorithm
from flagengine.native import accelerator
from flagengine.plan.nodes import (
    AllOf,
    AnyOf,
    CohortTest,
    Combination,
    Constant,
    Node,
    PropertyTest,
)
from flagengine.plan.shares import BucketBy
from flagengine.results.resolution import Resolution

__all__ = ["OnDemand", "plain_flag"]


class OnDemand:
    """A function that is made at its first call."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Callable[..., Resolution]]) -> None:
        """Bind ``make``, which makes the function."""
        self._make = make
        self._made: Callable[..., Resolution] | None = None

    @property
    def function(self) -> Callable[..., Resolution]:
        """The function, made at the first access."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def __call__(self, *args: Any, **named: Any) -> Resolution:
        """Call the function."""
        return self.function(*args, **named)


def plain_flag(
    program: Program, otherwise: Callable[..., Resolution]
) -> Callable[..., Resolution] | None:
    """Return a plain flag's evaluator, or None for other flags and without the accelerator."""
    plan = program.plan
    if accelerator is None or plan.algorithm != Algorithm.SHA1:
        return None
    if plan.config_version == 2:
        return None  # the walk in C decides tests in any order
    if plan.enrollment is not None or plan.holdout is not None:
        return None
    conditions = [_condition(branch) for branch in program.branches]
    if None in conditions:
        return None
    return accelerator.PlainFlag(tuple(filter(None, conditions)), program.nothing, otherwise)


def _condition(branch: Branch) -> tuple[Any, ...] | None:
    test = _combined("all", branch.plan.tests)
    if test is None or branch.plan.bucketing.by is not BucketBy.PERSON:
        return None
    return test, branch.within, branch.draw, branch.matches, branch.out, branch.plan.stops


def _test(node: Node) -> Any:
    """Return a test as PlainFlag takes it; None for a test of neither text nor numbers."""
    if isinstance(node, Constant):
        return _combined("all" if node.verdict else "any", ())
    if isinstance(node, PropertyTest) and node.group is None:
        rule = node.matcher.number
        if rule is not None:
            return (rule.operator, str(node.key), float(rule.bound))
        return text_test(node.key, node.matcher)
    if not isinstance(node, Combination) or (isinstance(node, CohortTest) and node.may_fail):
        return None
    return _combined(_word(node), node.parts)


def _word(node: Combination) -> str:
    if isinstance(node, AllOf | AnyOf):
        return "all" if isinstance(node, AllOf) else "any"
    return "all" if isinstance(node, CohortTest) and not node.negated else "not"


def _combined(word: str, nodes: tuple[Node, ...]) -> tuple[Any, ...] | None:
    parts = [_test(node) for node in nodes]
    return None if None in parts else (word, *parts)
