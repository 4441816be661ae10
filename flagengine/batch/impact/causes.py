"""The cause of a changed answer, derived from two definitions of a flag and two answers."""

from flagengine.batch.impact.causes_of_rules import cause_of_rules
from flagengine.definitions.model import Condition, Flag, Variant
from flagengine.results.resolution import Reason, Resolution
from flagengine.values.excerpts import name_excerpt

__all__ = ["cause_of"]

_MOST = 20
_ELSEWHERE = "a dependency changed: another flag, a cohort or a project setting"


def cause_of(old: Flag | None, new: Flag | None, was: Resolution, will_be: Resolution) -> str:
    """Return which deciding part of the definition changed."""
    if old is None or new is None:
        return "the flag is new" if old is None else "the flag was removed"
    if old.active is not new.active:
        return "switched on" if new.active else "switched off"
    if (old.rules, new.rules) != (None, None):
        return cause_of_rules(old.rules, new.rules, was, will_be)
    return _of_format_1(old, new, was, will_be)


def _of_format_1(old: Flag, new: Flag, was: Resolution, will_be: Resolution) -> str:
    if old.holdout != new.holdout and _HOLDOUT in (was.reason, will_be.reason):
        return "the holdout changed"
    if old.feature_enrollment is not new.feature_enrollment:
        return "early access switched on" if new.feature_enrollment else "early access switched off"
    found = _at_conditions(old, new, was, will_be)
    return found or _of_flag(old, new)


_HOLDOUT = Reason.HOLDOUT_CONDITION_VALUE


def _at_conditions(old: Flag, new: Flag, was: Resolution, will_be: Resolution) -> str | None:
    """Return what changed in the conditions that decided the answers; None if nothing changed."""
    places = [will_be.condition_index, was.condition_index]
    if not will_be.enabled:
        places.reverse()
    for place in dict.fromkeys(place for place in places if place is not None):
        found = _of_condition(_at(old.conditions, place), _at(new.conditions, place), place + 1)
        if found is not None:
            return found
    return None


def _at(conditions: tuple[Condition, ...], place: int) -> Condition | None:
    return conditions[place] if place < len(conditions) else None


def _of_condition(old: Condition | None, new: Condition | None, number: int) -> str | None:
    name = f"condition {number}"
    if old is None or new is None:
        return None if old is new else f"{name} is {'new' if old is None else 'removed'}"
    if old.filters != new.filters:
        return f"{name}: filters changed"
    if old.rollout_percentage != new.rollout_percentage:
        return f"{name}: rollout {old.rollout_percentage:g} % → {new.rollout_percentage:g} %"
    if old.variant != new.variant:
        return f"{name}: variant {_pin(old)} → {_pin(new)}"
    return f"{name}: another subject is bucketed" if old.aggregation != new.aggregation else None


def _pin(condition: Condition) -> str:
    return name_excerpt(condition.variant or "drawn")


def _of_flag(old: Flag, new: Flag) -> str:
    if old.variants != new.variants:
        return f"variants: {_weights(old.variants)} → {_weights(new.variants)}"
    if old.conditions != new.conditions:
        return "conditions changed"
    if old.payloads != new.payloads:
        return "payload changed"
    return "flag settings changed" if _settings(old) != _settings(new) else _ELSEWHERE


def _weights(variants: tuple[Variant, ...]) -> str:
    """Return the first variants with their weights: every transition of the flag repeats the text."""
    written = [
        f"{name_excerpt(variant.key)} {variant.rollout_percentage:g} %"
        for variant in variants[:_MOST]
    ]
    more = len(variants) - _MOST
    return " ".join([*written, *([f"and {more} more"] if more > 0 else [])]) or "none"


def _settings(flag: Flag) -> tuple[object, ...]:
    return (
        flag.aggregation,
        flag.bucketing_identifier,
        flag.ensure_experience_continuity,
        flag.early_exit,
        flag.hash_algorithm,
        flag.holdout,
    )
