"""The functions that generated code calls outside the common case."""

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final

from flagengine.compiled.flags import Flags
from flagengine.evaluation.conclusion import Step, conclude, contribution, failing, held_out, lost
from flagengine.evaluation.outcomes import decided, unresolved
from flagengine.evaluation.rules import stuck
from flagengine.inputs.subject import Subject, id_in
from flagengine.operators import Matcher
from flagengine.plan.flag_plan import ConditionPlan, EnrollmentPlan, FlagPlan
from flagengine.results.resolution import Reason, Resolution, UnresolvedReason
from flagengine.results.verdicts import UNSUPPORTED, Gap, Verdict, all_of, any_of, joined
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import NOT_GIVEN, PLAIN

__all__ = [
    "BROKEN",
    "HOLDOUT",
    "MISSING",
    "Ending",
    "Joining",
    "Stuck",
    "device_of",
    "doubts_about_flags",
    "enrollment",
    "keeper",
    "match",
]

MISSING: Final = object()
"""The value of a variable whose property was not passed."""

_REMEMBERED: Final = 512
_REMEMBERED_NOTES: Final = 16_384
"""The maximum size of all notes that one flag remembers: walks of large flags are remembered less."""


class Joining:
    """The joins of the doubts of one flag.

    Gaps are compared by identity, so equal joins must return the same object. A flag remembers its own
    joins: those of many flags would displace each other.
    """

    def __init__(self, parts: int) -> None:
        """Remember less for flags of many ``parts``."""
        self._remembered = max(_REMEMBERED_NOTES // max(parts, 32), 8)

    @cached_property
    def pair(self) -> Callable[[Gap, Gap], Gap]:
        """A function that joins two gaps."""
        return lru_cache(self._remembered)(_pair)

    @cached_property
    def all(self) -> Callable[..., Gap]:
        """A function that joins at least one gap."""
        return lru_cache(self._remembered)(_all)

    @cached_property
    def any_of(self) -> Callable[..., Verdict]:
        """A function that combines verdicts where a gap may fail the flag."""
        return lru_cache(self._remembered)(_any_of)


def _pair(left: Gap, right: Gap) -> Gap:
    return left | right


def _all(*gaps: Gap) -> Gap:
    found = joined(gaps)
    assert found is not None
    return found


def _any_of(*verdicts: Verdict) -> Verdict:
    return any_of(verdicts)


def match(
    matcher: Matcher, lacking: Gap, actual: Any, subject: Subject | None, doubt: Gap = UNSUPPORTED
) -> Verdict:
    """Match a property's value in any form.

    ``lacking`` is the verdict of an unknown value, ``doubt`` that of one that is not decided.
    """
    if actual is NOT_GIVEN:
        return lacking
    verdict = matcher.matches(actual, subject)
    return doubt if verdict is None else verdict


def keeper(flags: Flags) -> Callable[..., Subject | None]:
    """Return a function that makes a subject for a value that takes time to convert, else None.

    The subject converts the value once for all tests.
    """

    def kept(value: object, distinct_id: object, props: Mapping[str, Any]) -> Subject | None:
        return None if type(value) in PLAIN else flags.new_subject(distinct_id, props)

    return kept


def doubts_about_flags() -> Callable[[Resolution], Gap]:
    """Return a function from another flag's unresolved answer to a gap."""
    gaps: dict[int, tuple[Resolution, Gap]] = {}

    def doubt(resolution: Resolution) -> Gap:
        found = gaps.get(id(resolution))
        if found is None:
            gap = Gap(UnresolvedReason.UNRESOLVED_DEPENDENCY, resolution.missing)
            if len(gaps) >= _REMEMBERED:
                gaps.clear()
            gaps[id(resolution)] = found = (resolution, gap)
        return found[1]

    return doubt


def enrollment(
    plan: FlagPlan, enrolling: EnrollmentPlan, *, is_broken: bool
) -> Callable[[Mapping[str, Any], Subject | None], Resolution | None]:
    """Return a function that decides the enrollment; the function returns None to go on."""
    key, admits = enrolling.key, enrolling.admits
    unknown = unresolved(plan, enrolling.gap())
    answers: dict[bool | None, Resolution | None] = {
        True: decided(plan, True, Reason.SUPER_CONDITION_VALUE, 0),
        False: decided(plan, False, Reason.SUPER_CONDITION_VALUE, 0),
        None: None,
    }
    if is_broken:
        answers[True] = unresolved(plan, UNSUPPORTED)

    def answer(props: Mapping[str, Any], subject: Subject | None) -> Resolution | None:
        if key not in props:
            actual = NOT_GIVEN if subject is None else subject.person_property(key)
        elif type(actual := props[key]) is not bool and type(actual) is not str:
            actual = to_json_value(actual)
        return unknown if actual is NOT_GIVEN else answers[admits(actual)]

    return answer


Note = tuple[Any, ...]
"""A step in doubt, as generated code notes it: ``(index, inside, drawn, hash gap, *verdicts)``.

``index`` is the condition's index, :data:`HOLDOUT` or :data:`BROKEN`; ``inside`` is True, False or
None; ``drawn`` is a position among the condition's values, or None when the hash is not known.
"""

HOLDOUT: Final = -1
BROKEN: Final = -2
FAILING: Final = object()
"""A note's verdict: the walk reached a cohort that may fail the flag."""


class Ending:
    """The conclusions of walks that met a doubt; equal walks give the same resolution object."""

    def __init__(self, plan: FlagPlan) -> None:
        """Bind a plan."""
        self._plan = plan
        self._known: dict[tuple[Any, ...], Resolution] = {}
        self._size = 0

    def ends(self, notes: tuple[Note, ...]) -> bool:
        """Tell whether a walk ends with its last note."""
        return not self._step(notes[-1]).passes

    def concluded(self, notes: tuple[Note, ...], *last: int) -> Resolution:
        """Conclude a walk that passed every step, or that ends with its last note.

        ``last`` holds the indexes of the last conditions that were out of their rollout, did not
        match, and were skipped; -1 for no such condition.
        """
        key = (notes, last)
        resolution = self._known.get(key)
        if resolution is None:
            steps = [*self._lost(last), *map(self._step, notes)]
            steps.sort(key=lambda step: -1 if step.index is None else step.index)
            resolution = conclude(self._plan, steps).resolution
            self._size += 1 + sum(map(len, notes))
            if len(self._known) >= _REMEMBERED or self._size > _REMEMBERED_NOTES:
                self._known.clear()
                self._size = 0
            self._known[key] = resolution
        return resolution

    def _lost(self, last: tuple[int, ...]) -> list[Step]:
        pairs = zip(_LOSING, last, strict=False)
        return [lost(index, reason) for reason, index in pairs if index >= 0]

    def _step(self, note: Note) -> Step:
        index, inside, drawn, hash_gap, *verdicts = note
        if index == BROKEN:
            return failing()
        if index == HOLDOUT:
            assert self._plan.holdout is not None
            return held_out(self._plan.holdout.value, inside, hash_gap)
        condition = self._plan.conditions[index]
        answers = condition.possible if drawn is None else (condition.values[drawn],)
        verdict = all_of(verdict for verdict in verdicts if verdict is not FAILING)
        return contribution(
            condition, verdict, inside, answers, hash_gap, may_fail=FAILING in verdicts
        )


class Stuck:
    """The answers of a flag that ends at one rule without an answer, by the gap that ends it."""

    def __init__(self, plan: FlagPlan, rule: ConditionPlan) -> None:
        """Bind a flag and its rule."""
        self._plan = plan
        self._rule = rule
        self._known: dict[Gap, Resolution] = {}

    def __call__(self, gap: Gap) -> Resolution:
        """Return the answer; a gap is a constant of the flag, so there are few."""
        if gap not in self._known:
            self._known[gap] = conclude(self._plan, [stuck(self._rule, gap)]).resolution
        return self._known[gap]


_LOSING: Final = (Reason.OUT_OF_ROLLOUT_BOUND, Reason.NO_CONDITION_MATCH, Reason.NO_GROUP_TYPE)


def device_of(props: Mapping[str, Any], subject: Subject | None) -> str | None:
    """Return the device id of a call."""
    return id_in(props, "$device_id") if subject is None else subject.device_id
