"""Definitions to plans: this module and cohorts.py hold every rule about what a definition means.

Lowering is total: a definition without a meaning becomes :class:`Undecidable`.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from flagengine.definitions.definitions import Definitions
from flagengine.definitions.model import INHERIT, Aggregation, Condition, Filter, Flag
from flagengine.definitions.parsing import ALGORITHMS
from flagengine.definitions.reading import shown
from flagengine.operators import (
    ALIASES,
    DIALECTS,
    ELSEWHERE,
    VALUELESS,
    UnsupportedOperator,
    is_operator,
)
from flagengine.plan.flag_plan import ConditionPlan, EnrollmentPlan, FlagPlan, HoldoutPlan
from flagengine.plan.nodes import CohortTest, Constant, FlagTest, Node, PropertyTest, Undecidable
from flagengine.plan.shares import NO_DRAW, BucketBy, Bucketing, Draw, Share, draw_of
from flagengine.results.resolution import UnresolvedReason
from flagengine.values.json_values import text

__all__ = ["MAX_DEPENDENCY_DEPTH", "Scope", "kind_of", "lower_filter", "lower_flag", "lower_leaf"]

MAX_DEPENDENCY_DEPTH: Final = 50
"""The maximum length of a chain of dependent flags (SPEC R15)."""

_UNSUPPORTED: Final = UnresolvedReason.UNSUPPORTED_DEFINITION


if TYPE_CHECKING:  # a Protocol takes a quarter of a millisecond to define
    from typing import Protocol

    from flagengine.plan.cohort_facts import KnownCohorts

    class Scope(Protocol):
        """The definitions of a project, as far as the lowering of one definition needs them."""

        @property
        def definitions(self) -> Definitions:
            """The definitions that are lowered."""

        @property
        def cohorts(self) -> KnownCohorts:
            """What is known of the cohorts."""

        def cohort_plan(self, cohort_id: str) -> Node:
            """Return the lowered definition of a cohort, or why there is none."""

        def has_rules(self, key: str) -> bool:
            """Tell whether there is a flag of format 2 with this key."""

        def dependency_depth(self, key: str) -> int | None:
            """Return the flags on the longest chain of dependencies; None where it is circular."""
else:
    Scope = Any


def lower_flag(flag: Flag, scope: Scope) -> FlagPlan:
    """Return the plan of one flag."""
    algorithm = flag.hash_algorithm or scope.definitions.hash_algorithm
    metadata = {
        "key": flag.key,
        "flag_id": flag.id,
        "flag_version": flag.version,
        "has_experiment": flag.has_experiment,
        "config_version": flag.config_version,
        "evaluation_runtime": flag.evaluation_runtime,
        "evaluation_contexts": flag.evaluation_contexts,
    }
    if flag.defect is not None:
        return FlagPlan(**metadata, defect=str(flag.defect))  # type: ignore[arg-type]
    shared = {**metadata, "active": flag.active}
    if flag.rules is not None:
        from flagengine.plan.rules import lower_rules  # noqa: PLC0415 format 2 is rare so far

        conditions, otherwise = lower_rules(flag.rules, scope.definitions.property_matching_version)
        return FlagPlan(
            **shared,  # type: ignore[arg-type]
            conditions=conditions,
            otherwise=otherwise,
            return_type=flag.rules.return_type,
        )
    if algorithm not in ALGORITHMS:
        return FlagPlan(**metadata, defect=f"unknown hash {shown(algorithm)!r}")  # type: ignore[arg-type]
    draw = draw_of((variant.key, variant.rollout_percentage) for variant in flag.variants)
    return FlagPlan(
        **shared,  # type: ignore[arg-type]
        enrollment=_enrollment(flag),
        holdout=_holdout(flag, scope),
        conditions=tuple(
            _condition(flag, index, condition, draw, scope)
            for index, condition in enumerate(flag.conditions)
        ),
        variants=draw.variants,
        payloads=flag.payloads or {},
        algorithm=algorithm,
    )


def _enrollment(flag: Flag) -> EnrollmentPlan | None:
    if not flag.feature_enrollment:
        return None
    return EnrollmentPlan(f"$feature_enrollment/{flag.key}")


def _holdout(flag: Flag, scope: Scope) -> HoldoutPlan | None:
    if flag.holdout is None:
        return None
    share = min(max(flag.holdout.exclusion_percentage, 0.0), 100.0)
    return HoldoutPlan(f"holdout-{flag.holdout.id}", Share(share), _holdout_bucketing(flag, scope))


def _holdout_bucketing(flag: Flag, scope: Scope) -> Bucketing:
    """Return the flag's own subject: a holdout ignores the ids that the server remembers (R4)."""
    bucketing = _bucketing(flag, flag.aggregation, scope)
    if bucketing.by is BucketBy.CONTINUOUS_PERSON:
        return Bucketing(BucketBy.PERSON)
    return bucketing


def _bucketing(flag: Flag, aggregation: Aggregation, scope: Scope) -> Bucketing:
    if aggregation is not None:
        name = scope.definitions.group_names.get(aggregation)
        if name is None:
            return Bucketing(BucketBy.UNNAMED_GROUP, str(aggregation))
        return Bucketing(BucketBy.GROUP, name)
    if flag.bucketing_identifier == "device_id":
        return Bucketing(BucketBy.DEVICE)
    if flag.ensure_experience_continuity and flag.aggregation is None:
        return Bucketing(BucketBy.CONTINUOUS_PERSON)
    return Bucketing(BucketBy.PERSON)


def _condition(
    flag: Flag,
    index: int,
    condition: Condition,
    draw: Draw,
    scope: Scope,
) -> ConditionPlan:
    own = condition.aggregation
    aggregation = flag.aggregation if own is INHERIT else own
    is_pinned = condition.variant in draw.keys
    tests = tuple(lower_filter(leaf, aggregation, scope) for leaf in condition.filters)
    return ConditionPlan(
        index=index,
        tests=(*tests, *_contradictions(tests)),
        share=Share(condition.rollout_percentage),
        bucketing=_bucketing(flag, aggregation, scope),
        pinned=condition.variant if is_pinned else None,
        draw=NO_DRAW if is_pinned else draw,
        stops=flag.early_exit,
    )


def _contradictions(tests: Sequence[Node]) -> Iterator[Constant]:
    """Yield a false test for each flag whose tests contradict one another (R11.12)."""
    expected: dict[str, set[bool | str]] = {}
    for node in tests:
        if isinstance(node, FlagTest):
            expected.setdefault(node.key, set()).add(node.expected)
    for key, values in expected.items():
        if len(values - {True}) > 1 or {True, False} <= values:
            yield Constant(False, f"no value of the flag {shown(key)!r} satisfies all filters")


def lower_leaf(leaf: Filter, scope: Scope) -> Node:
    """Return the test that a cohort's leaf means: leaves know no groups and no flags (R10.13)."""
    if leaf.type == "flag" and (leaf.operator is None or is_operator(leaf.operator)):
        return Constant(False, "a cohort is evaluated without the answers of flags", leaf)
    return lower_filter(leaf, None, scope)


def lower_filter(leaf: Filter, aggregation: Aggregation, scope: Scope) -> Node:
    """Return the test that a filter means in a condition with this aggregation."""
    kind = kind_of(leaf, aggregation)
    if kind == "person":
        return _property_test(leaf, None, scope)
    if kind == "group":
        return _group_test(leaf, aggregation, scope)
    if kind == "cohort":
        return _cohort_test(leaf, scope)
    if kind == "flag":
        return _flag_test(leaf, scope)
    return Undecidable(
        _UNSUPPORTED, f"filters of type {shown(kind)!r} need the server", origin=leaf
    )


def kind_of(leaf: Filter, aggregation: Aggregation) -> str:
    """Return a filter's type in a condition with this aggregation (R2.13)."""
    return leaf.type or ("person" if aggregation is None else "group")


def _group_test(leaf: Filter, aggregation: Aggregation, scope: Scope) -> Node:
    index = aggregation if leaf.group_type_index is None else leaf.group_type_index
    name = None if index is None else scope.definitions.group_names.get(index)
    if name is None:
        why = f"group type index {index} has no name in group_type_mapping"
        return Undecidable(_UNSUPPORTED, why, origin=leaf)
    return _property_test(leaf, name, scope)


def _property_test(leaf: Filter, group: str | None, scope: Scope) -> Node:
    written = leaf.operator or "exact"
    name = ALIASES.get(written, written)
    operators = DIALECTS[scope.definitions.property_matching_version]
    if name in ELSEWHERE:
        return Constant(False, f"{name} cannot be used on properties", leaf)
    if name not in operators:
        return Undecidable(_UNSUPPORTED, f"unknown operator {shown(name)!r}", origin=leaf)
    if leaf.value is None and name not in VALUELESS:
        return Constant(False, "the filter has no value", leaf)
    matcher = operators[name](leaf.value)
    if isinstance(matcher, UnsupportedOperator):
        return Undecidable(_UNSUPPORTED, matcher.why, origin=leaf)
    if matcher.is_hopeless:
        return Constant(False, "the filter's value is malformed", leaf)
    return PropertyTest(leaf.key, matcher, group, leaf)


def _cohort_test(leaf: Filter, scope: Scope) -> Node:
    from flagengine.plan.cohort_ids import named_cohort  # noqa: PLC0415 not all flags need it

    cohort = named_cohort(leaf)
    if cohort is None:
        none = Constant(False, "the filter names no cohort", leaf)
        return CohortTest(text(leaf.value), none, may_fail=True, origin=leaf)
    return CohortTest(
        cohort,
        _membership(leaf, cohort, scope),
        negated=leaf.operator == "not_in",
        may_fail=scope.cohorts.facts(cohort).may_fail,
        origin=leaf,
    )


def _membership(leaf: Filter, cohort: str, scope: Scope) -> Node:
    """Return the definition of a filter's cohort, or what another operator gives (R10.2)."""
    if leaf.operator in (None, "in", "not_in"):
        return scope.cohort_plan(cohort)
    why = f"cohorts have no operator {shown(leaf.operator)!r}"
    if is_operator(leaf.operator):
        return Constant(False, why, leaf)
    return Undecidable(_UNSUPPORTED, why, origin=leaf)


def _flag_test(leaf: Filter, scope: Scope) -> Node:
    if leaf.operator is not None and not is_operator(leaf.operator):
        return Undecidable(_UNSUPPORTED, f"unknown operator {shown(leaf.operator)!r}", origin=leaf)
    if leaf.operator != "flag_evaluates_to" or not leaf.key:
        return Constant(False, "a flag filter must have the operator flag_evaluates_to", leaf)
    if not isinstance(leaf.value, bool | str):
        return Constant(False, "a flag's value must be true, false or a variant", leaf)
    if scope.definitions.is_deleted(leaf.key):
        why = f"the flag {shown(leaf.key)!r} is deleted, which counts as false"
        return Constant(leaf.value is False, why, leaf, FlagTest(leaf.key, leaf.value, origin=leaf))
    chain = (*(leaf.dependency_chain or ()), leaf.key)
    absent = tuple(key for key in dict.fromkeys(chain) if _is_absent(key, scope))
    return FlagTest(leaf.key, leaf.value, _broken(leaf, scope), absent, leaf)


def _is_absent(key: str, scope: Scope) -> bool:
    return key not in scope.definitions.keys and not scope.definitions.is_deleted(key)


def _broken(leaf: Filter, scope: Scope) -> str | None:
    """Say why a dependency cannot be followed, or return None when it can (R11.5)."""
    if scope.has_rules(leaf.key):
        return f"{shown(leaf.key)!r} has format 2, whose meaning for other flags is not published"
    if not leaf.dependency_chain:
        return "the dependency chain is empty: a circular dependency, or a flag that does not exist"
    below = scope.dependency_depth(leaf.key)
    if below is None:
        return f"dependencies below {shown(leaf.key)!r} are circular"
    if below >= MAX_DEPENDENCY_DEPTH:
        return f"dependencies below {shown(leaf.key)!r} are over {MAX_DEPENDENCY_DEPTH} deep"
    return None
