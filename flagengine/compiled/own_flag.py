"""One flag with the flags that it follows, apart from its snapshot.

A compiled flag refers to this alone: so it can be taken over into the next snapshot without keeping the
previous one.
"""

from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING

from flagengine.compiled.flags import Evaluator, Interpreted
from flagengine.inputs.overrides import Overrides
from flagengine.inputs.request import Audience
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.graph import ordered
from flagengine.plan.nodes import FlagTest

if TYPE_CHECKING:
    from datetime import datetime

    from flagengine.compiled.flags import Compiling

__all__ = ["OwnFlag", "own_flag"]


def followed(plan: FlagPlan) -> tuple[str, ...]:
    """Return the keys of the flags whose answers a flag asks for when nothing is overridden."""
    tests = (node for node in plan.tests if isinstance(node, FlagTest))
    return tuple(dict.fromkeys(test.key for test in tests if test.why_broken({}) is None))


class OwnFlag(Interpreted):
    """A flag, the clock, overrides and audience of its snapshot, and the flags that it follows.

    ``below`` are these flags, and ``evaluators`` their functions by key.
    """

    __slots__ = ("audience", "below", "clock", "evaluators", "overrides", "plan")

    def __init__(
        self,
        plan: FlagPlan,
        flags: "Compiling",
        below: tuple["OwnFlag", ...] = (),
        evaluators: Mapping[str, Evaluator] | None = None,
    ) -> None:
        """Bind the parts; keep nothing else of the snapshot's ``flags``."""
        self.plan: FlagPlan = plan
        self.overrides: Overrides = flags.overrides
        self.clock: Callable[[], datetime] = flags.clock
        self.audience: Audience = flags.audience
        self.below: tuple[OwnFlag, ...] = below
        self.evaluators: Mapping[str, Evaluator] | None = evaluators

    def evaluator(self, key: str) -> Evaluator:
        """Return the function of a flag that this flag follows."""
        assert self.evaluators is not None  # it follows flags
        return self.evaluators[key]

    @property
    def plans(self) -> "_Plans":
        """The plans of the flag and of those below it."""
        return _Plans(self)


def own_flag(plan: FlagPlan, flags: "Compiling") -> OwnFlag:
    """Return a flag apart from its snapshot; the flags that it follows are compiled already."""
    if not followed(plan):
        return OwnFlag(plan, flags)

    def below(key: str) -> tuple[str, ...]:
        found = flags.plans.plan(key)
        return () if found is None else followed(found)

    known: dict[str, OwnFlag] = flags.followed
    for key in ordered(plan.key, below, known):
        found = flags.plans.plan(key)
        assert found is not None  # followed flags are defined
        names = below(key)
        # A flag with one answer is compiled without the flags that it follows, and asks for none.
        functions = {name: flags.compiled[name] for name in names if name in flags.compiled}
        followed_by_it = tuple(known[name] for name in names)
        known[key] = OwnFlag(found, flags, followed_by_it, functions)
    return known[plan.key]


class _Plans:
    """The plans of a flag and of all flags below it."""

    def __init__(self, top: OwnFlag) -> None:
        self._flags: dict[str, OwnFlag] = {}
        waiting = [top]
        while waiting:
            flag = waiting.pop()
            if flag.plan.key not in self._flags:
                self._flags[flag.plan.key] = flag
                waiting += flag.below

    def plan(self, key: str) -> FlagPlan | None:
        return self._flags[key].plan

    def evaluation_order(self, key: str, known: Container[str] = ()) -> list[str]:
        return ordered(key, self._below, known)

    def _below(self, key: str) -> list[str]:
        return [flag.plan.key for flag in self._flags[key].below]
