"""The flags of a snapshot as functions.

Plain flags, and flags with one answer, are compiled at their first use. Other flags are interpreted
then, and compiled at the second use.

Compiling is pure: two threads that compile the same flag at the same time only waste work.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from flagengine.compiled.answers import places_of
from flagengine.compiled.at_once import compiled_at_once, constantly
from flagengine.compiled.flags import Evaluator, Interpreted
from flagengine.compiled.plain import rebind
from flagengine.evaluation.outcomes import overridden
from flagengine.inputs.overrides import Overrides
from flagengine.inputs.request import EVERYONE, Audience
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.nodes import Combination, Leaf, Node, distinct, repetition
from flagengine.plan.plans import Plans
from flagengine.results.resolution import Resolution, Value
from flagengine.values.json_values import text
from flagengine.values.payloads import FrozenDict

if TYPE_CHECKING:  # few flags compare dates
    from datetime import datetime

    from flagengine.compiled.own_flag import OwnFlag
    from flagengine.plan.references import Name

__all__ = ["Evaluators"]

# What is beyond these limits (SPEC R15.7) is left to the interpreter, which remembers the answer of
# each flag and of each cohort, and prepares nothing.
_MAX_NESTED_WORK: Final = 512
"""The maximum number of flags, and of their tests, that one evaluation reaches through dependencies."""
_MAX_REPETITION: Final = 256
"""The maximum number of tests that compiling writes again because a cohort is named again."""
_MAX_TESTS: Final = 2_000
"""The maximum number of tests, groups and cohorts that are compiled."""
_MAX_REPEATED_ANSWERS: Final = 1_000
"""The maximum number of answers that compiling prepares again because another condition draws too."""
_MAX_KEY: Final = 1_000
"""The maximum length of a flag's key, which the hash of each condition absorbs again."""

_MAX_FORCED: Final = 1_024

Together = tuple[dict[str, int], tuple[str, ...], tuple[Evaluator, ...]]


class Evaluators(Interpreted):
    """Plans with overrides and a clock, and the functions that evaluate them.

    ``keys`` are the flags that the ``audience`` sees, ``hidden`` those that are left out for it unless
    overrides name them (SPEC R14, R17).
    """

    __slots__ = (
        "_together",
        "_used",
        "audience",
        "clock",
        "compiled",
        "followed",
        "hidden",
        "keys",
        "known_forced",
        "overrides",
        "plans",
    )

    plans: Plans

    def __init__(self, plans: Plans, overrides: Overrides, clock: "Callable[[], datetime]") -> None:
        """Compile nothing yet. ``clock`` gives the time of calls without ``now``."""
        self.plans = plans
        self.audience: Audience = EVERYONE
        self.hidden: frozenset[str] = frozenset()
        self.keys: dict[str, None] = plans.definitions.keys
        self.overrides: Overrides = overrides
        self.clock: Callable[[], datetime] = clock
        self.compiled: dict[str, Evaluator] = {}
        self._used: set[str] = set()
        self.followed: dict[str, OwnFlag] = {}
        self._together: Together | tuple[()] | None = None
        self.known_forced: dict[tuple[str, type, Value], Resolution] = {}

    def evaluator(self, key: str) -> Evaluator:
        """Return the compiled flag; for an unknown key, a function that answers so."""
        if key in self.compiled:
            return self.compiled[key]
        if key not in self.plans.definitions.keys and key not in self.overrides.flags:
            return self._compile(key)
        if (at_once := self._at_once(key)) is not None:
            return self.compiled.setdefault(key, at_once)
        for name in self.plans.evaluation_order(key, self.compiled):
            self.compiled[name] = self._compile(name)
        return self.compiled[key]

    def evaluator_so_far(self, key: str) -> Evaluator:
        """Return the interpreter at the first use of a flag for which code must be generated.

        That costs more than it saves in a single evaluation. In all other cases return the compiled
        flag. The caller asks here only for a flag that is not among the compiled ones.
        """
        if key in self._used:
            return self.evaluator(key)
        if key in self.plans.definitions.keys:
            if (at_once := self._at_once(key)) is not None:
                return self.compiled.setdefault(key, at_once)
            self._used.add(key)
        return partial(self.interpret, key)

    def is_interpreted(self, key: str) -> bool:
        """Tell whether a flag is left to the interpreter, also from its second use on."""
        return type(self.evaluator(key)) is partial

    def together(self) -> Together | None:
        """Return the places of the keys, the keys, and the evaluators, in the document's order.

        The result is None until all flags are compiled. It stays None if one is left to the interpreter, which answers several flags in one go, or
        if overrides may add flags.
        """
        if self._together is not None:
            return self._together or None
        compiled, keys = self.compiled, self.keys
        if compiled.keys() >= keys.keys():
            in_order = tuple(compiled[key] for key in keys)
            is_mixed = any(type(each) is partial for each in in_order)
            apart = is_mixed or bool(self.overrides.flags)
            self._together = () if apart else (places_of(keys), tuple(keys), in_order)
        return self._together or None

    def forced(self, key: str, value: Value) -> Resolution:
        """Return the resolution of an override, and remember it for the next call."""
        slot = (key, type(value), text(value) if type(value) is FrozenDict else value)
        if slot not in self.known_forced:
            if len(self.known_forced) >= _MAX_FORCED:
                self.known_forced.clear()
            self.known_forced[slot] = overridden(key, value, self.plans.plan(key))
        return self.known_forced[slot]

    def plan(self, key: str) -> FlagPlan:
        """Return the plan of a flag of the definitions, which is made again if it was not kept."""
        plan = self.plans.passing(key)
        assert plan is not None  # only compiled flags ask
        return plan

    def generated(self, plan: FlagPlan) -> Evaluator:
        """Return the generated function of an active flag."""
        from flagengine.compiled.flag import generated  # noqa: PLC0415 10 ms, and few flags need it
        from flagengine.compiled.own_flag import own_flag  # noqa: PLC0415 the same

        return generated(plan, own_flag(plan, self))

    def _at_once(self, key: str) -> Evaluator | None:
        """Return a flag that is compiled at its first use; its definition and plan are not kept."""
        plan = None if key in self.overrides.flags else self.plans.passing(key)
        if plan is None or self._is_beyond(plan, nodes := tuple(distinct(plan.tests))):
            return None
        if self.overrides.flags and any(map(_is_of_flag, nodes)):
            return None
        evaluator = compiled_at_once(plan, self)
        if evaluator is None:
            self.plans.keep(plan)
        return evaluator

    def _compile(self, key: str) -> Evaluator:
        plan = self.plans.plan(key)
        if key in self.overrides.flags or key in self.hidden or plan is None:
            return constantly(self.interpret(key, "", {}))
        if self._is_interpreted(plan):
            return partial(self.interpret, key)
        return compiled_at_once(plan, self) or self.generated(plan)

    def adopt(self, old: "Evaluators") -> None:
        """Take over what is the same in an earlier snapshot, and nothing that refers to ``old``.

        No other thread may use these evaluators yet.
        """
        compiled = old.compiled.copy()
        found = self.plans.adopt(old.plans, compiled)
        if self.overrides or old.overrides or self.clock is not old.clock:
            return
        # A function of the interpreter belongs to its snapshot, and so does what has called it.
        bound: set[Name] = {("flag", key) for key, one in compiled.items() if type(one) is partial}
        if bound:
            from flagengine.plan.references import spread  # noqa: PLC0415 for polls only

            spread(bound, found.graph)
        for key, one in compiled.items():
            if ("flag", key) in found.whole and ("flag", key) not in bound:
                self.compiled[key] = one
                rebind(one, self)

    def _is_interpreted(self, plan: FlagPlan) -> bool:
        """Tell whether the interpreter evaluates a flag at every use."""
        key = plan.key
        if self.overrides.flags and self.plans.dependencies(key):
            return True
        if self.plans.nested_work(key) > _MAX_NESTED_WORK:
            return True
        return self._is_beyond(plan, tuple(distinct(plan.tests)))

    def _is_beyond(self, plan: FlagPlan, nodes: Sequence[Node]) -> bool:
        """Tell whether a flag with these ``nodes`` is too large to be compiled, or overridden in part."""
        if plan.key in self.overrides.payloads or len(plan.key) > _MAX_KEY:
            return True
        drawing = sum(condition.draws for condition in plan.conditions)
        if (drawing - 1) * len(plan.variants) > _MAX_REPEATED_ANSWERS:
            return True
        if len(nodes) > _MAX_TESTS:
            return True
        are_leaves = not any(isinstance(node, Combination) for node in nodes)
        return not are_leaves and repetition(plan.tests) > _MAX_REPETITION


def _is_of_flag(node: Node) -> bool:
    """Tell whether a test comes from a filter that names another flag."""
    return isinstance(node, Leaf) and node.origin is not None and node.origin.type == "flag"
