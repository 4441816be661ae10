"""What generated code calls for everything that is not the common case."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from flagengine.evaluation.conclusion import Answer, Step, conclude, contribution, failing, held_out
from flagengine.evaluation.draws import possible_variants
from flagengine.inputs.subject import ABSENT, Subject, usable_id
from flagengine.operators import FORMS, Form, Matcher
from flagengine.plan.nodes import ConditionPlan, FlagPlan, FlagTest
from flagengine.results.resolution import Reason, Resolution, UnresolvedReason
from flagengine.results.verdicts import UNSUPPORTED, Gap, Verdict, all_of, any_of
from flagengine.values.json_values import NOT_GIVEN, to_json_value

__all__ = [
    "BROKEN",
    "HOLDOUT",
    "MISSING",
    "Ending",
    "any_of_all",
    "comparison",
    "condition_values",
    "device_of",
    "join",
    "other",
    "read_group",
    "read_person",
]

MISSING: Final = object()
"""Stands for a property that was not passed."""

_REMEMBERED: Final = 512


@lru_cache(1_024)
def join(left: Gap, right: Gap) -> Gap:
    """Join two gaps; remembered, so that equal doubts stay one object."""
    return left | right


@lru_cache(1_024)
def any_of_all(*verdicts: Verdict) -> Verdict:
    """Combine verdicts of which one may fail the flag; remembered like :func:`join`."""
    return any_of(verdicts)


def other(matcher: Matcher, lacking: Gap, value: Any, subject: Subject | None) -> Verdict:
    """Match a value that is not plain text, or by a test that is not inlined."""
    converted = to_json_value(value)
    if converted is NOT_GIVEN:
        return lacking
    return _matched(matcher, converted, subject)


def _matched(matcher: Matcher, value: Any, subject: Subject | None) -> Verdict:
    if matcher.form is Form.DATE:
        assert subject is not None  # generated code makes one for dated flags
        verdict = matcher.test(value, subject.moment)
    else:
        verdict = matcher.test(FORMS[matcher.form](value))
    return UNSUPPORTED if verdict is None else verdict


def read_person(matcher: Matcher, lacking: Gap, key: str, subject: Subject) -> Verdict:
    """Match a person property that the caller did not pass."""
    value = subject.person_property(key)
    if value is NOT_GIVEN:
        return lacking
    return matcher.absent if value is ABSENT else _matched(matcher, value, subject)


def read_group(
    matcher: Matcher, lacking: Gap, group: str, key: str, subject: Subject | None
) -> Verdict:
    """Match a group property; without a subject no group was passed."""
    if subject is None:
        return matcher.absent
    value = subject.group_property(group, key)
    if value is NOT_GIVEN:
        return lacking
    return matcher.absent if value is ABSENT else _matched(matcher, value, subject)


def comparison(node: FlagTest) -> Callable[[Resolution], Verdict]:
    """Return the comparison of a dependency's resolution with what is expected of it."""
    expected = node.expected
    gaps: dict[int, tuple[Resolution, Gap]] = {}

    def compare(resolution: Resolution) -> Verdict:
        value = resolution.value
        if value is None and resolution.reason is Reason.UNRESOLVED:
            return remembered(resolution)
        if isinstance(expected, str):
            return value == expected
        return (value is not None and value is not False) is expected

    def remembered(resolution: Resolution) -> Gap:
        found = gaps.get(id(resolution))
        if found is None:
            gap = Gap(UnresolvedReason.UNRESOLVED_DEPENDENCY, resolution.missing)
            if len(gaps) >= _REMEMBERED:
                gaps.clear()
            gaps[id(resolution)] = found = (resolution, gap)
        return found[1]

    return compare


Note = tuple[Any, ...]
"""A step in doubt, as generated code notes it: ``(index, inside, drawn, hash gap, *verdicts)``.

``index`` is a condition's, :data:`HOLDOUT` or :data:`BROKEN`; ``inside`` True, False or None;
``drawn`` a position among the condition's values, or None when that is not known.
"""

HOLDOUT: Final = -1
BROKEN: Final = -2
FAILING: Final = object()
"""Among a note's verdicts: a cohort that may fail the flag was reached."""


class Ending:
    """Concludes walks that met a doubt; equal walks give the same resolution object."""

    def __init__(self, plan: FlagPlan) -> None:
        """Bind a plan."""
        self._plan = plan
        self._values = [condition_values(plan, condition) for condition in plan.conditions]
        self._known: dict[tuple[Any, ...], Resolution] = {}

    def decided(self, notes: tuple[Note, ...], index: int, drawn: int) -> Resolution:
        """Conclude a walk that a matching condition (or the holdout) ends."""
        return self._remembered((*notes, (index, True, drawn, None)), ())

    def stopped(self, notes: tuple[Note, ...], index: int) -> Resolution:
        """Conclude a walk that a condition out of its rollout ends, by early exit."""
        return self._remembered((*notes, (index, False, 0, None)), ())

    def passed(self, notes: tuple[Note, ...], *lost: int) -> Resolution:
        """Conclude a walk that reaches its end, or that ends in its last note.

        ``lost`` are the last conditions out of their rollout, not matching, and skipped; -1
        where there is none.
        """
        return self._remembered(notes, lost)

    def _remembered(self, notes: tuple[Note, ...], lost: tuple[int, ...]) -> Resolution:
        key = (notes, lost)
        resolution = self._known.get(key)
        if resolution is None:
            steps = [*self._lost(lost), *map(self._step, notes)]
            steps.sort(key=lambda step: -1 if step.index is None else step.index)
            resolution = conclude(self._plan, steps).resolution
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = resolution
        return resolution

    def _lost(self, lost: tuple[int, ...]) -> list[Step]:
        pairs = zip(_LOSING, lost, strict=False)
        return [Step((), True, None, reason, index) for reason, index in pairs if index >= 0]

    def _step(self, note: Note) -> Step:
        index, inside, drawn, hash_gap, *verdicts = note
        if index == BROKEN:
            return failing()
        if index == HOLDOUT:
            assert self._plan.holdout is not None
            return held_out(self._plan.holdout.value, inside, hash_gap)
        values = self._values[index]
        answers = possible_variants(self._plan.variants) if drawn is None else (values[drawn],)
        verdict = all_of(one for one in verdicts if one is not FAILING)
        may_fail = FAILING in verdicts
        return contribution(
            self._plan, index, verdict, inside, answers, hash_gap, may_fail=may_fail
        )


_LOSING: Final = (Reason.OUT_OF_ROLLOUT_BOUND, Reason.NO_CONDITION_MATCH, Reason.NO_GROUP_TYPE)


def condition_values(plan: FlagPlan, condition: ConditionPlan) -> tuple[Answer, ...]:
    """Return what a condition's draw may give, by position; one value when nothing is drawn."""
    if condition.pinned is not None:
        return (condition.pinned,)
    return (*(variant.key for variant in plan.variants), True)


def device_of(props: Mapping[str, Any], subject: Subject | None) -> str | None:
    """Return the device id of a call."""
    return usable_id(props.get("$device_id")) or None if subject is None else subject.device_id
