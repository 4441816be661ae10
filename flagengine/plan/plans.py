"""The plans of one project, lowered on first access, and their dependencies.

Lowering is pure: two threads that lower the same flag at the same time only waste work.
"""

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from flagengine.definitions.definitions import Definitions
from flagengine.definitions.issues import Issue
from flagengine.definitions.model import Filter
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.graph import Depths, on_circles, ordered
from flagengine.plan.lower import MAX_DEPENDENCY_DEPTH, lower_flag
from flagengine.plan.nodes import Node

if TYPE_CHECKING:  # not all documents have cohorts
    from flagengine.plan.cohort_facts import KnownCohorts
    from flagengine.plan.kept import Kept
    from flagengine.plan.references import Name

__all__ = ["Plans"]

_OF_FLAGS: Final = ("_plans", "_dependencies", "_nested", "_sizes")
"""What is remembered of each flag."""

_MANY: Final = 1 << 16
"""No count of nested work is greater: it may double with each flag."""


class Plans:
    """The plans of definitions, and the scope in which each definition is lowered."""

    __slots__ = (
        "_alone",
        "_cohort_plans",
        "_dependencies",
        "_depths",
        "_known_cohorts",
        "_nested",
        "_plans",
        "_references",
        "_sizes",
        "definitions",
    )

    def __init__(self, definitions: Definitions) -> None:
        """Lower nothing yet."""
        self.definitions: Definitions = definitions
        self._plans: dict[str, FlagPlan] = {}
        self._known_cohorts: KnownCohorts | None = None
        self._cohort_plans: dict[str, Node] = {}
        self._dependencies: dict[str, frozenset[str]] = {}
        self._depths = Depths(self.dependencies)
        self._nested: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._references: dict[Name, tuple[Name, ...]] = {}
        self._alone: set[str] = set()  # flags that refer to nothing

    def adopt(self, old: "Plans", compiled: Iterable[str]) -> "Kept":
        """Take over what is the same in an earlier document; it keeps nothing else of ``old``.

        ``compiled`` are the flags that were compiled, with or without a plan that was kept. No other
        thread may use these plans yet.
        """
        from flagengine.plan.kept import kept  # noqa: PLC0415 for polls only

        plans, cohort_plans = old._plans.copy(), old._cohort_plans.copy()  # noqa: SLF001 of this class
        planned: list[Name] = [("flag", key) for key in plans.keys() | set(compiled)]
        planned += [("cohort", cohort_id) for cohort_id in cohort_plans]
        alone = old._alone.copy()  # noqa: SLF001
        graph: dict[Name, tuple[Name, ...]] = {("flag", key): () for key in alone}
        graph |= old._references  # noqa: SLF001
        found = kept(old.definitions, self.definitions, planned, graph)
        self.definitions.adopt(old.definitions, found.own)
        flags = {name for kind, name in found.whole if kind == "flag"}
        self._alone |= flags & alone
        self._references.update(
            (name, found.graph[name])
            for name in found.whole
            if name[0] == "cohort" or name[1] not in alone
        )
        cohorts = {name for kind, name in found.whole if kind == "cohort"}
        for names, known in ((flags, _OF_FLAGS), (cohorts, ("_cohort_plans",))):
            for slot in known:
                before: dict[str, Any] = getattr(old, slot).copy()
                now: dict[str, Any] = getattr(self, slot)
                now.update((name, value) for name, value in before.items() if name in names)
        self._depths.adopt(old._depths, flags)  # noqa: SLF001 of this class
        if cohorts:
            self.cohorts.adopt(old.cohorts, cohorts)
        return found

    @property
    def cohorts(self) -> "KnownCohorts":
        """What is known of the cohorts."""
        known = self._known_cohorts
        if known is None:
            from flagengine.plan.cohort_facts import KnownCohorts  # noqa: PLC0415 2 ms

            self._known_cohorts = known = KnownCohorts(self.definitions)
        return known

    def plan(self, key: str) -> FlagPlan | None:
        """Return the lowered flag, or None when there is no such flag."""
        plan = self._plans.get(key)
        if plan is None and (flag := self.definitions.flag(key)) is not None:
            plan = self._plans.setdefault(key, lower_flag(flag, self))
        return plan

    def passing(self, key: str) -> FlagPlan | None:
        """Return what :meth:`plan` returns, but keep neither the plan nor the definition."""
        plan = self._plans.get(key)
        if plan is None and (flag := self.definitions.passing(key)) is not None:
            plan = lower_flag(flag, self)
            conditions = flag.conditions
            if not any(leaf.refers for condition in conditions for leaf in condition.filters):
                self._alone.add(key)
        return plan

    def keep(self, plan: FlagPlan) -> None:
        """Keep a plan of :meth:`passing`."""
        self._plans.setdefault(plan.key, plan)

    def cohort_plan(self, cohort_id: str) -> Node:
        """Return the lowered definition of a cohort, or why there is none."""
        plans = self._cohort_plans
        if cohort_id not in plans:
            from flagengine.plan.cohorts import lower_cohort  # noqa: PLC0415 not all flags need it

            # Lower the cohorts below first: a long chain of cohorts must not exhaust the stack.
            for name in ordered(cohort_id, self.cohorts.references, plans):
                plans[name] = lower_cohort(name, self)
        return plans[cohort_id]

    def has_rules(self, key: str) -> bool:
        """Tell whether there is a flag of format 2 with this key."""
        flag = self.definitions.flag(key)
        return flag is not None and flag.config_version == 2

    def dependencies(self, key: str) -> frozenset[str]:
        """Return the keys of the flags that a flag's filters name."""
        if key in self._alone or key not in self.definitions.keys:  # any text may be asked for
            return frozenset()
        if key not in self._dependencies:
            filters = self._filters(key)
            named = (leaf.key for leaf in filters if leaf.type == "flag" and leaf.key)
            self._dependencies[key] = frozenset(named)
        return self._dependencies[key]

    def dependency_depth(self, key: str) -> int | None:
        """Return the flags on the longest chain of dependencies; None where it is circular."""
        return self._depths.of(key)

    def evaluation_order(self, key: str, known: Container[str] = ()) -> list[str]:
        """Return the flags that a flag depends on, each after its dependencies; the flag is last.

        Flags in ``known`` are left out, with all that only they depend on.
        """
        return ordered(key, self.dependencies, known) if self.dependencies(key) else [key]

    def nested_work(self, key: str) -> int:
        """Count the flags that one evaluation without a memory evaluates, and their tests.

        A flag counts each time that a filter names it.
        """
        nested = self._nested
        if key not in nested:
            for name in self.evaluation_order(key, nested):
                found = (1 + self._size(key) + nested[key] for key in self._followed(name))
                nested[name] = min(sum(found), _MANY)
        return nested[key]

    def _followed(self, key: str) -> Iterator[str]:
        """Yield the flags that a flag's filters name, unless they are circular or too deep."""
        for leaf in self._filters(key):
            if leaf.type == "flag" and leaf.key:
                depth = self._depths.of(leaf.key)
                if depth is not None and depth < MAX_DEPENDENCY_DEPTH:
                    yield leaf.key

    def _size(self, key: str) -> int:
        """Count the tests of a flag, those of a cohort each time that a filter names it."""
        if key not in self._sizes:
            self._sizes[key] = sum(map(self._leaves, self._filters(key)))
        return self._sizes[key]

    def _leaves(self, leaf: Filter) -> int:
        from flagengine.plan.cohort_ids import named_cohort  # noqa: PLC0415 few flags need it

        named = named_cohort(leaf) if leaf.type == "cohort" else None
        return 1 if named is None else self.cohorts.facts(named).size

    def _filters(self, key: str) -> Iterator[Filter]:
        flag = self.definitions.flag(key)
        conditions = flag.conditions if flag else ()
        return (leaf for condition in conditions for leaf in condition.filters)

    @property
    def issues(self) -> Iterator[Issue]:
        """Everything that is wrong in the definitions, in the document's order."""
        from flagengine.plan.reference_issues import (  # noqa: PLC0415 few ask for issues
            cohort_issues,
            flag_issues,
        )

        flags, cohorts = self.definitions.flags, list(self.definitions.cohorts)
        yield from self.definitions.issues
        circular = on_circles(flags, self.dependencies)
        for flag in flags.values():
            yield from flag.issues
            yield from flag_issues(flag, self, is_circular=flag.key in circular)
        circular = on_circles((cohort.id for cohort in cohorts), self.cohorts.references)
        for cohort in cohorts:
            yield from cohort.issues
            yield from cohort_issues(cohort, self, is_circular=cohort.id in circular)
