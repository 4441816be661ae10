"""The inputs that a flag needs, and whether it can be decided locally (SPEC R5, R6)."""

from collections.abc import Iterator, Mapping
from typing import Any, overload

from flagengine.analysis.decidability import Decidability, decidability
from flagengine.definitions.document import Document
from flagengine.inputs.arguments import renamed
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.nodes import (
    CohortTest,
    Constant,
    FlagTest,
    Node,
    PropertyTest,
    Undecidable,
    distinct,
)
from flagengine.plan.plans import Plans
from flagengine.plan.shares import BucketBy, Bucketing
from flagengine.results.resolution import Missing
from flagengine.snapshot import Snapshot, evaluators_of
from flagengine.values.excerpts import name_excerpt
from flagengine.values.record import Record, concise

__all__ = ["Decidability", "Requirements", "requirements", "requirements_of"]


class Requirements(Record):
    """The inputs that a flag and its dependencies can need.

    ``decided_locally`` assumes that all inputs are given, and that the distinct id is not empty.
    ``why`` lists the obstacles of a flag that cannot always be decided locally.
    """

    key: str
    inputs: Missing
    flags: tuple[str, ...]
    decided_locally: Decidability
    why: tuple[str, ...] = ()

    @property
    def person_properties(self) -> tuple[str, ...]:
        """The names of person properties."""
        return self.inputs.person_properties

    @property
    def group_properties(self) -> tuple[tuple[str, str], ...]:
        """Pairs of group type and property name."""
        return self.inputs.group_properties

    @property
    def groups(self) -> tuple[str, ...]:
        """The group types."""
        return self.inputs.groups

    @property
    def device_id(self) -> bool:
        """Whether the device id can matter."""
        return self.inputs.device_id

    @property
    def distinct_id(self) -> bool:
        """Whether the distinct id can matter."""
        return self.inputs.distinct_id

    __repr__ = concise

    def _repr_html_(self) -> str:
        """Return the requirements as a table, for a notebook."""
        from flagengine.display.answers import requirement_html  # noqa: PLC0415 notebooks only

        return requirement_html(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the requirements as JSON values."""
        return {
            "key": self.key,
            **self.inputs.to_dict(),
            "flags": list(self.flags),
            "decided_locally": self.decided_locally.value,
            "why": list(self.why),
        }


class _RequirementsByKey(Mapping[str, Requirements]):
    """The requirements of each flag, read-only."""

    __slots__ = ("_found",)

    def __init__(self, found: Mapping[str, Requirements]) -> None:
        self._found = found

    def __getitem__(self, key: str) -> Requirements:
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<Requirements of {len(self)} flags>"

    def _repr_html_(self) -> str:
        from flagengine.display.answers import requirements_html  # noqa: PLC0415 notebooks only

        return requirements_html([found.to_dict() for found in self.values()])


@overload
def requirements(
    flag_defs: Snapshot | Document, key: None = None
) -> Mapping[str, Requirements]: ...
@overload
def requirements(flag_defs: Snapshot | Document, key: str) -> Requirements: ...
@renamed(snapshot="flag_defs")
def requirements(
    flag_defs: Snapshot | Document, key: str | None = None
) -> Requirements | Mapping[str, Requirements]:
    """Return the requirements of one flag, or of each flag; raise KeyError for an unknown key."""
    plans = evaluators_of(flag_defs).plans
    return requirements_of(plans) if key is None else _Collector(plans).of(key)


def requirements_of(plans: Plans) -> Mapping[str, Requirements]:
    """Return the requirements of each flag."""
    collector = _Collector(plans)
    return _RequirementsByKey({key: collector.of(key) for key in plans.definitions.keys})


class _Collector:
    """The requirements found so far; a flag's dependencies come before the flag."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._found: dict[str, Requirements] = {}

    def of(self, key: str) -> Requirements:
        plan = self._plans.plan(key)
        if plan is None:
            raise KeyError(key)
        if key not in self._found:
            self._found[key] = self._requirements(plan)
        return self._found[key]

    def _requirements(self, plan: FlagPlan) -> Requirements:
        nodes = list(distinct(plan.tests)) if plan.active else []
        tests = [node for node in nodes if isinstance(node, FlagTest)]
        followed = {node.key for node in tests if node.why_broken({}) is None}
        dependencies = {key: self.of(key) for key in sorted(followed)}
        inputs = _own_inputs(plan, nodes)
        for dependency in dependencies.values():
            inputs |= dependency.inputs
        known = {key: found.decided_locally for key, found in dependencies.items()}
        verdict = decidability(plan, known)
        always = verdict is Decidability.ALWAYS
        obstacles = () if always else _obstacles(plan, nodes, dependencies)
        flags = {*dependencies}.union(*(found.flags for found in dependencies.values()))
        return Requirements(
            plan.key, inputs, tuple(sorted(flags)), verdict, tuple(dict.fromkeys(obstacles))
        )


def _own_inputs(plan: FlagPlan, nodes: list[Node]) -> Missing:
    """Return the inputs of the flag itself: the properties it reads and the subjects it hashes."""
    tests = [node for node in nodes if isinstance(node, PropertyTest)]
    persons = {test.key for test in tests if test.group is None}
    if plan.enrollment is not None and plan.active:
        persons.add(plan.enrollment.key)
    subjects = list(_subjects(plan)) if plan.active else []
    kinds = {subject.by for subject in subjects}
    groups = {
        subject.group for subject in subjects if subject.by is BucketBy.GROUP and subject.group
    }
    return Missing(
        tuple(sorted(persons)),
        tuple(sorted({(test.group, test.key) for test in tests if test.group})),
        tuple(sorted(groups | {test.group for test in tests if test.group})),
        BucketBy.DEVICE in kinds,
        not kinds.isdisjoint((BucketBy.PERSON, BucketBy.CONTINUOUS_PERSON)),
    )


def _subjects(plan: FlagPlan) -> Iterator[Bucketing]:
    """Yield the subjects that are hashed, and the groups without which a condition is skipped."""
    held_out = False if plan.holdout is None else plan.holdout.share.without_hash
    if held_out is True:
        return  # no condition is reached
    for condition in plan.conditions:
        if condition.bucketing.is_of_group or condition.needs_hash:
            yield condition.bucketing
    if plan.holdout is not None and held_out is None:
        yield from plan.holdout.subjects


def _obstacles(
    plan: FlagPlan, nodes: list[Node], dependencies: Mapping[str, Requirements]
) -> Iterator[str]:
    if plan.defect is not None:
        yield plan.defect
    yield from filter(None, map(_obstacle, nodes))
    for subject in _subjects(plan) if plan.active else ():
        if subject.by is BucketBy.CONTINUOUS_PERSON:
            yield "experience continuity: the server may remember another bucket"
        if subject.by is BucketBy.UNNAMED_GROUP:
            yield f"group type index {subject.group} has no name"
    for key, found in dependencies.items():
        if found.decided_locally is not Decidability.ALWAYS:
            yield f"it depends on {name_excerpt(key)}, which is decided {found.decided_locally.value} locally"


def _obstacle(node: Node) -> str | None:
    if isinstance(node, Undecidable):
        return node.why
    if isinstance(node, PropertyTest):
        return node.matcher.server_only
    if isinstance(node, CohortTest) and node.may_fail and isinstance(node.definition, Constant):
        return f"cohort {name_excerpt(node.cohort)} cannot be looked up"
    return node.why_broken({}) if isinstance(node, FlagTest) else None
