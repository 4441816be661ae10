"""Plain flags: tests of text and numbers, and shares of persons, walked by the accelerator.

Most flags are plain. The walk in C answers the common case and hands every other call to the
generated function, which is written at the first such call. A snapshot may have thousands of flags,
so a plain flag keeps neither its definition nor its plan, and only answers that were given.
"""

from collections.abc import Callable
from typing import Any, Final

from flagengine.compiled.flags import Flags
from flagengine.compiled.program import Branch, Program
from flagengine.compiled.text_tests import text_test
from flagengine.hashing.buckets import Algorithm
from flagengine.native import accelerator
from flagengine.plan.flag_plan import FlagPlan
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


_FEW: Final = 16
"""The maximum number of answers of a flag that is lowered again for each further answer."""


class OnDemand:
    """The answers and the generated function of a plain flag, made when they are first needed.

    The plan is at hand for the first answer; for a further answer the flag is lowered again.
    """

    __slots__ = ("_flags", "_key", "_made", "_plan")

    def __init__(self, plan: FlagPlan, flags: Flags) -> None:
        """Bind a flag, and the snapshot's flags, which have its plan."""
        self._key = plan.key
        self._flags = flags
        self._plan: FlagPlan | None = plan
        self._made: Callable[..., Resolution] | None = None

    def answer(self, condition: int, match: int) -> Resolution:
        """Return an answer, which the walk in C keeps: see :meth:`Program.answer`."""
        plan = self._plan or self._flags.plan(self._key)
        if self._made is None and _answers(plan) <= _FEW:
            self._plan = None
        return Program(plan).answer(condition, match)

    @property
    def function(self) -> Callable[..., Resolution]:
        """The generated function."""
        if self._made is None:
            plan = self._plan or self._flags.plan(self._key)
            self._made = self._flags.generated(plan)
            self._plan = plan  # the function has it anyway
        return self._made

    def __call__(self, *args: Any, **named: Any) -> Resolution:
        """Call the function."""
        return self.function(*args, **named)


def _answers(plan: FlagPlan) -> int:
    return 1 + sum(1 + len(condition.values) for condition in plan.conditions)


def plain_flag(
    program: Program, otherwise: Callable[..., Resolution]
) -> Callable[..., Resolution] | None:
    """Return a plain flag's evaluator, or None for other flags and without the accelerator.

    ``otherwise`` answers the calls that are left to Python, and has a method ``answer`` as
    :class:`OnDemand` has.
    """
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
    return accelerator.PlainFlag(tuple(filter(None, conditions)), None, otherwise)


def _condition(branch: Branch) -> tuple[Any, ...] | None:
    test = _combined("all", branch.plan.tests)
    if test is None or branch.plan.bucketing.by is not BucketBy.PERSON:
        return None
    matches = (None,) * len(branch.plan.values)
    return test, branch.within, branch.draw, matches, None, branch.plan.stops


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


def _combined(word: str, nodes: tuple[Node, ...]) -> Any:
    parts = [_test(node) for node in nodes]
    if len(parts) == 1 and word != "not":
        return parts[0]
    return None if None in parts else (word, *parts)
