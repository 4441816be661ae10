"""Plain flags: tests of text and numbers, and shares of persons, walked by the accelerator.

Most flags are plain. The walk in C answers the common case and hands every other call to the
generated function, which is written at the first such call.
"""

from collections.abc import Callable
from typing import Any, Final

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

_ID: Final = "distinct_id"
_GROUP_KEY: Final = "$group_key"


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
    test, subject = _combined("all", branch.plan.tests), branch.plan.bucketing
    if test is None or subject.by not in (BucketBy.PERSON, BucketBy.GROUP):
        return None
    group = subject.group if subject.by is BucketBy.GROUP else None
    answers = branch.matches, branch.out
    return test, branch.within, branch.draw, *answers, branch.plan.stops, group


def _test(node: Node) -> Any:
    """Return a test as PlainFlag takes it; None for a test of neither text nor numbers."""
    if isinstance(node, Constant):
        return _combined("all" if node.verdict else "any", ())
    if isinstance(node, PropertyTest):
        return _property_test(node)
    if not isinstance(node, Combination) or (isinstance(node, CohortTest) and node.may_fail):
        return None
    return _combined(_word(node), node.parts)


def _property_test(node: PropertyTest) -> Any:
    rule = node.matcher.number
    if rule is not None:
        test: Any = (rule.operator, str(node.key), float(rule.bound))
    else:
        test = text_test(node.key, node.matcher)
    if test is None:
        return None
    if node.key == (_ID if node.group is None else _GROUP_KEY):  # the subject has it without
        test = ("given", test)
    return test if node.group is None else ("of_group", node.group, node.matcher.absent, test)


def _word(node: Combination) -> str:
    if isinstance(node, AllOf | AnyOf):
        return "all" if isinstance(node, AllOf) else "any"
    return "all" if isinstance(node, CohortTest) and not node.negated else "not"


def _combined(word: str, nodes: tuple[Node, ...]) -> tuple[Any, ...] | None:
    parts = [_test(node) for node in nodes]
    return None if None in parts else (word, *parts)
