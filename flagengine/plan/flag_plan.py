"""The meaning of a flag, typed: enrollment, holdout and conditions in the order of evaluation.

The interpreter walks a plan and the compiler compiles it. Each part decides only what does not
depend on the subject.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from flagengine.inputs.subject import ABSENT
from flagengine.plan.nodes import CohortTest, FlagTest, Node
from flagengine.plan.shares import (
    NO_DRAW,
    Answer,
    BucketBy,
    Bucketing,
    Draw,
    Served,
    Share,
    VariantPlan,
)
from flagengine.results.resolution import Missing, Value
from flagengine.results.verdicts import Gap
from flagengine.values.record import Record, derived

__all__ = ["ConditionPlan", "EnrollmentPlan", "FlagPlan", "HoldoutPlan", "RulePlan"]


class EnrollmentPlan(Record):
    """The person property by which people opt in or out of an early-access flag (SPEC R4.4)."""

    key: str

    def admits(self, actual: object) -> bool | None:
        """Tell whether a JSON value opts in (True) or out (False); None for an absent value."""
        return None if actual is ABSENT else actual is True or actual == "true"

    def gap(self) -> Gap:
        """Return the gap of a property that is not known."""
        return Gap.lacking(Missing(person_properties=(self.key,)))


class HoldoutPlan(Record):
    """The answer for the held-out share, and the subject whose hash decides."""

    value: str
    share: Share
    bucketing: Bucketing

    @property
    def subjects(self) -> tuple[Bucketing, ...]:
        """The subjects that may be hashed; the first that the call has is hashed (SPEC R4.9)."""
        if self.bucketing.by is BucketBy.DEVICE:
            return (self.bucketing, Bucketing(BucketBy.PERSON))
        return (self.bucketing,)

    @property
    def text_of_none(self) -> str | None:
        """The text that is hashed when the call has none of the subjects: empty for a group."""
        return "" if self.bucketing.by is BucketBy.GROUP else None


class RulePlan(Record):
    """What a condition has that is a rule of a format 2 flag (SPEC R20).

    Tests are decided in their order, and the first without a verdict ends the flag. A match then
    gives the ``default`` if the rule is ``paused``, and to those inside ``held_out``, whose hash has
    the prefix ``holdout_prefix``. Others inside the condition's share get the member of ``values``
    at the position drawn: above the last variant the last variant again.
    """

    id: str
    type: str
    prefix: str
    values: tuple[Served, ...]
    default: Served
    paused: bool = False
    held_out: Share | None = None
    holdout_prefix: str = ""

    @property
    def ends_at_once(self) -> bool:
        """Whether the rule ends the flag for everyone whose tests match, without any hash."""
        return self.paused or self.type == "targeted_release"


class ConditionPlan(Record):
    """One condition: its tests, its share, its subject, and what a match gives.

    A match takes part in the ``draw``, which has no variants when a variant is ``pinned``. With
    ``stops`` the walk ends where the tests match and the subject is outside the share (SPEC R4.15). What a match
    of a ``rule`` gives is part of the rule.
    """

    index: int
    tests: tuple[Node, ...]
    share: Share
    bucketing: Bucketing
    pinned: str | None = None
    draw: Draw = NO_DRAW
    stops: bool = False
    rule: RulePlan | None = None

    @property
    def variants(self) -> tuple[VariantPlan, ...]:
        """The variants that are drawn."""
        return self.draw.variants

    @property
    def draws(self) -> bool:
        """Whether a hash decides which value a match gives."""
        return bool(self.variants)

    @property
    def values(self) -> tuple[Answer, ...]:
        """The values that a match may give, by the position drawn; one value without a draw."""
        if self.draws:
            return self.draw.values
        return (True if self.pinned is None else self.pinned,)

    @property
    def possible(self) -> tuple[Answer, ...]:
        """The values that a match may give when the hash is not known."""
        return self.draw.possible if self.draws else self.values

    @property
    def needs_hash(self) -> bool:
        """Whether the subject's hash can change what the condition contributes."""
        if self.rule is not None:
            return not self.rule.ends_at_once
        inside = self.share.without_hash
        return inside is None or (inside and len(self.possible) > 1)

    @property
    def parted(self) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """The tests before the cohorts, and the cohorts if one may fail the flag (R10.8).

        If no test of the first part is false, the server looks up all cohorts and may fail the flag.
        All tests are in the first part, the cohorts last, if no cohort may fail the flag.
        """
        cohorts = tuple(node for node in self.tests if isinstance(node, CohortTest))
        others = tuple(node for node in self.tests if not isinstance(node, CohortTest))
        fails = any(node.may_fail for node in cohorts)
        return (others, cohorts) if fails else ((*others, *cohorts), ())

    def may_fail(self, verdicts: Sequence[object]) -> bool:
        """Tell whether tests with these verdicts reach a test that may fail the flag (R10.8)."""
        before, failing = self.parted
        pairs = zip(self.tests, verdicts, strict=True)
        false = {id(test) for test, verdict in pairs if verdict is False}
        return bool(failing) and not any(id(node) in false for node in before)

    def ends(self, inside: bool | None) -> bool:
        """Tell whether the walk ends here once all tests match."""
        return inside is True or self.stops


class FlagPlan(Record):
    """All that is needed to answer one flag; ``defect`` says why the flag cannot be evaluated.

    The conditions of a format 2 flag are its rules. ``otherwise`` is the answer when none ends the
    walk: false, or the default value of a format 2 flag, whose values have the ``return_type``.
    """

    key: str
    active: bool = True
    defect: str | None = None
    enrollment: EnrollmentPlan | None = None
    holdout: HoldoutPlan | None = None
    conditions: tuple[ConditionPlan, ...] = ()
    variants: tuple[VariantPlan, ...] = ()
    payloads: Mapping[str, str] = MappingProxyType({})
    algorithm: str = "sha1"
    evaluation_runtime: str = "all"
    evaluation_contexts: frozenset[str] = frozenset()
    flag_id: int | None = None
    flag_version: int | None = None
    has_experiment: bool | None = None
    config_version: int | None = 1
    otherwise: Answer = False
    return_type: str = "boolean"
    prefix: str = derived()
    """The text before the subject in the hashes of rollouts and draws; a rule has its own."""

    def __post_init__(self) -> None:
        """Write the prefix once: all conditions share it."""
        object.__setattr__(self, "prefix", f"{self.key}.")

    @property
    def tests(self) -> tuple[Node, ...]:
        """The tests of all conditions."""
        return tuple(node for condition in self.conditions for node in condition.tests)

    def is_broken(self, overridden: Mapping[str, Value]) -> bool:
        """Tell whether the server may fail the flag because of a dependency (SPEC R11.6)."""
        tests = (node for node in self.tests if isinstance(node, FlagTest))
        return any(node.why_broken(overridden) is not None for node in tests)
