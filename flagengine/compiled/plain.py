"""Plain flags: tests of text and numbers, and shares of persons, walked by the accelerator.

Most flags are plain. The walk in C answers the common case and hands every other call to the
generated function, which is written at the first such call. A snapshot may have thousands of flags,
so a plain flag keeps neither its definition nor its plan, and only answers that were given.
"""

from collections.abc import Callable
from typing import Any, Final

from flagengine.compiled.flags import Home
from flagengine.compiled.program import Branch, Program
from flagengine.compiled.text_tests import text_test
from flagengine.hashing.buckets import Algorithm
from flagengine.inputs.subject import DERIVED
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

__all__ = ["OnDemand", "plain_flag", "rebind"]

_ID: Final = "distinct_id"
_GROUP_KEY: Final = "$group_key"


_FEW: Final = 16
"""The maximum number of answers of a flag that is lowered again for each further answer."""


class OnDemand:
    """The answers and the generated function of a plain flag, made when they are first needed.

    The plan is at hand for the first answer; for a further answer the flag is lowered again.
    """

    __slots__ = ("_home", "_key", "_made", "_plan")

    def __init__(self, plan: FlagPlan, home: Home) -> None:
        """Bind a flag, and its snapshot, which makes the plan again."""
        self._key = plan.key
        self._home = home
        self._plan: FlagPlan | None = plan
        self._made: Callable[..., Resolution] | None = None

    def rebind(self, home: Home) -> None:
        """Ask another snapshot for the plan from now on, where the plan is the same."""
        self._home = home

    def answer(self, condition: int, match: int) -> Resolution:
        """Return an answer, which the walk in C keeps: see :meth:`Program.answer`."""
        plan = self._plan or self._home.plan(self._key)
        if self._made is None and _answers(plan) <= _FEW:
            self._plan = None
        return Program(plan).answer(condition, match)

    @property
    def function(self) -> Callable[..., Resolution]:
        """The generated function."""
        if self._made is None:
            plan = self._plan or self._home.plan(self._key)
            self._made = self._home.generated(plan)
            self._plan = plan  # the function has it anyway
        return self._made

    def __call__(self, *args: Any, **named: Any) -> Resolution:
        """Call the function."""
        return self.function(*args, **named)


def rebind(evaluator: Callable[..., Resolution], home: Home) -> None:
    """Let go of the snapshot of an evaluator that another snapshot takes over."""
    on_demand = getattr(evaluator, "otherwise", None)
    if isinstance(on_demand, OnDemand):
        on_demand.rebind(home)


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
    test, subject = _combined("all", branch.plan.tests), branch.plan.bucketing
    if test is None or subject.by not in (BucketBy.PERSON, BucketBy.GROUP):
        return None
    group = subject.group if subject.by is BucketBy.GROUP else None
    matches = (None,) * len(branch.plan.values)
    return test, branch.within, branch.draw, matches, None, branch.plan.stops, group


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
    elif node.group is None and node.key in DERIVED:
        test = ("derived", test)
    return test if node.group is None else ("of_group", node.group, node.matcher.absent, test)


def _word(node: Combination) -> str:
    if isinstance(node, AllOf | AnyOf):
        return "all" if isinstance(node, AllOf) else "any"
    return "all" if isinstance(node, CohortTest) and not node.negated else "not"


def _combined(word: str, nodes: tuple[Node, ...]) -> Any:
    parts = [_test(node) for node in nodes]
    if len(parts) == 1 and word != "not":
        return parts[0]
    return None if None in parts else (word, *parts)
