"""The plans of one project, lowered on first access, and their dependencies.

Lowering is pure: two threads that lower the same flag at the same time only waste work.
"""

from collections.abc import Iterator

from flagengine.definitions.definitions import Definitions
from flagengine.definitions.issues import Issue
from flagengine.plan.cohorts import cohort_may_fail, lower_cohort, references
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.graph import depth, ordered
from flagengine.plan.lower import lower_flag
from flagengine.plan.nodes import Node
from flagengine.plan.reference_issues import cohort_issues, flag_issues

__all__ = ["Plans"]


class Plans:
    """The plans of definitions, and the scope in which each definition is lowered."""

    __slots__ = ("_cohorts", "_dependencies", "_plans", "definitions")

    def __init__(self, definitions: Definitions) -> None:
        """Lower nothing yet."""
        self.definitions = definitions
        self._plans: dict[str, FlagPlan] = {}
        self._cohorts: dict[str, Node] = {}
        self._dependencies: dict[str, frozenset[str]] = {}

    def plan(self, key: str) -> FlagPlan | None:
        """Return the lowered flag, or None when there is no such flag."""
        if key not in self._plans:
            flag = self.definitions.flag(key)
            if flag is None:
                return None
            self._plans[key] = lower_flag(flag, self)
        return self._plans[key]

    def cohort_plan(self, cohort_id: str) -> Node:
        """Return the lowered definition of a cohort, or why there is none."""
        if cohort_id not in self._cohorts:
            # Lower the cohorts below first: a long chain of cohorts must not exhaust the stack.
            for name in ordered(cohort_id, self._references):
                self._cohorts[name] = lower_cohort(name, self)
        return self._cohorts[cohort_id]

    def cohort_may_fail(self, cohort_id: str) -> bool:
        """Tell whether the server may be unable to look a cohort up (SPEC R10.8)."""
        return cohort_may_fail(cohort_id, self)

    def has_rules(self, key: str) -> bool:
        """Tell whether there is a flag of format 2 with this key."""
        flag = self.definitions.flag(key)
        return flag is not None and flag.config_version == 2

    def dependencies(self, key: str) -> frozenset[str]:
        """Return the keys of the flags that a flag's filters name."""
        if key not in self._dependencies:
            flag = self.definitions.flag(key)
            conditions = flag.conditions if flag else ()
            filters = (leaf for condition in conditions for leaf in condition.filters)
            named = (leaf.key for leaf in filters if leaf.type == "flag" and leaf.key)
            self._dependencies[key] = frozenset(named)
        return self._dependencies[key]

    def evaluation_order(self, key: str) -> list[str]:
        """Return the flags that a flag depends on, each after its dependencies; the flag is last."""
        return ordered(key, self.dependencies) if self.dependencies(key) else [key]

    def dependency_paths(self, key: str) -> int:
        """Count the evaluations of other flags that one evaluation needs without a memory."""
        if depth(key, self.dependencies) is None:
            return 0  # circular dependencies are not followed
        counts: dict[str, int] = {}
        for name in self.evaluation_order(key):
            counts[name] = sum(1 + counts[target] for target in self.dependencies(name))
        return counts[key]

    @property
    def issues(self) -> Iterator[Issue]:
        """Everything that is wrong in the definitions, in the document's order."""
        yield from self.definitions.issues
        for flag in self.definitions.flags.values():
            yield from flag.issues
            yield from flag_issues(flag, self)
        for cohort in self.definitions.cohorts:
            yield from cohort.issues
            yield from cohort_issues(cohort, self)

    def _references(self, cohort_id: str) -> set[str]:
        return references(self.definitions.cohort(cohort_id))
