"""The cause of a changed answer, derived from two definitions of a flag and two answers."""

from collections.abc import Iterable

from flagengine.analysis.changes.change import Change, ChangeKind
from flagengine.analysis.changes.conditions import condition_changes
from flagengine.analysis.changes.flags import (
    enrollment_change,
    holdout_change,
    switch_change,
    variants_change,
)
from flagengine.batch.impact.causes_of_rules import cause_of_rules
from flagengine.definitions.model import Condition, Flag
from flagengine.results.resolution import Reason, Resolution

__all__ = ["cause_of"]

_ELSEWHERE = "a dependency changed: another flag, a cohort or a project setting"


def cause_of(old: Flag | None, new: Flag | None, was: Resolution, will_be: Resolution) -> Change:
    """Return which deciding part of the definition changed."""
    if old is None or new is None:
        if old is None:
            return Change(ChangeKind.ADDED, "the flag is new")
        return Change(ChangeKind.REMOVED, "the flag was removed")
    switched = _first(switch_change(old, new))
    if switched is not None:
        return switched
    if (old.rules, new.rules) != (None, None):
        return cause_of_rules(old, new, was, will_be)
    return _of_format_1(old, new, was, will_be)


def _first(changes: Iterable[Change]) -> Change | None:
    return next(iter(changes), None)


def _of_format_1(old: Flag, new: Flag, was: Resolution, will_be: Resolution) -> Change:
    if _HOLDOUT in (was.reason, will_be.reason):
        found = _first(holdout_change(old, new))
        if found is not None:
            return found
    return (
        _first(enrollment_change(old, new))
        or _at_conditions(old, new, was, will_be)
        or _of_flag(old, new)
    )


_HOLDOUT = Reason.HOLDOUT_CONDITION_VALUE


def _at_conditions(old: Flag, new: Flag, was: Resolution, will_be: Resolution) -> Change | None:
    """Return what changed in the conditions that decided the answers; None if nothing changed."""
    places = [will_be.condition_index, was.condition_index]
    if not will_be.enabled:
        places.reverse()
    for place in dict.fromkeys(place for place in places if place is not None):
        before, after = _at(old.conditions, place), _at(new.conditions, place)
        found = _first(condition_changes(before, after, place))
        if found is not None:
            return found
    return None


def _at(conditions: tuple[Condition, ...], place: int) -> Condition | None:
    return conditions[place] if place < len(conditions) else None


def _of_flag(old: Flag, new: Flag) -> Change:
    found = _first(variants_change(old, new))
    if found is not None:
        return found
    if old.conditions != new.conditions:
        return Change(ChangeKind.CONDITIONS, "conditions changed")
    if old.payloads != new.payloads:
        return Change(ChangeKind.PAYLOAD, "payload changed")
    if _settings(old) != _settings(new):
        return Change(ChangeKind.SETTING, "flag settings changed")
    return Change(ChangeKind.DEPENDENCY, _ELSEWHERE)


def _settings(flag: Flag) -> tuple[object, ...]:
    return (
        flag.aggregation,
        flag.bucketing_identifier,
        flag.ensure_experience_continuity,
        flag.early_exit,
        flag.hash_algorithm,
        flag.holdout,
    )
