"""The differences between two definitions of one flag."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flagengine.analysis.changes.change import Change, ChangeKind
from flagengine.analysis.changes.conditions import conditions_changes
from flagengine.analysis.changes.rules import rules_changes
from flagengine.definitions.model import Flag, Holdout, Variant
from flagengine.values.excerpts import excerpt, name_excerpt
from flagengine.values.payloads import frozen

__all__ = ["enrollment_change", "flag_changes", "format_change", "holdout_change", "switch_change"]
__all__ += ["variants_change"]

_MOST: Final = 20
"""The variants that a text names: for a population the text is repeated with each transition."""

_SETTINGS: Final = (
    "aggregation",
    "bucketing_identifier",
    "ensure_experience_continuity",
    "early_exit",
    "hash_algorithm",
    "evaluation_runtime",
    "evaluation_contexts",
)


def flag_changes(old: Flag, new: Flag) -> Iterator[Change]:
    """Yield the differences, in the order in which they decide an answer."""
    yield from switch_change(old, new)
    if old.name != new.name:
        text = f"description: {excerpt(old.name or '')} → {excerpt(new.name or '')}"
        yield Change(ChangeKind.DESCRIPTION, text, "flag", None, None, old.name, new.name)
    yield from _settings(old, new)
    if old.defect is not None or new.defect is not None:
        return  # nothing else of such a flag has a meaning
    if old.rules is not None and new.rules is not None:
        yield from rules_changes(old.rules, new.rules)
    elif old.rules is not new.rules:
        yield from format_change(old, new)
        return
    else:
        yield from holdout_change(old, new)
        yield from enrollment_change(old, new)
        yield from conditions_changes(old.conditions, new.conditions)
        yield from variants_change(old, new)
    yield from _payloads(old.payloads or {}, new.payloads or {})


def switch_change(old: Flag, new: Flag) -> Iterator[Change]:
    """Yield whether the flag was switched on or off."""
    if old.active is not new.active:
        kind = ChangeKind.SWITCHED_ON if new.active else ChangeKind.SWITCHED_OFF
        yield Change(kind, "switched on" if new.active else "switched off")


def format_change(old: Flag, new: Flag) -> Iterator[Change]:
    """Yield that the configuration has another format."""
    versions = old.config_version, new.config_version
    text = "the configuration format changed"
    yield Change(ChangeKind.FORMAT, text, "flag", None, None, *versions)


def holdout_change(old: Flag, new: Flag) -> Iterator[Change]:
    """Yield the difference between the holdouts."""
    if old.holdout != new.holdout:
        values = _holdout(old.holdout), _holdout(new.holdout)
        yield Change(ChangeKind.HOLDOUT, "the holdout changed", "flag", None, None, *values)


def enrollment_change(old: Flag, new: Flag) -> Iterator[Change]:
    """Yield whether early access was switched on or off."""
    if old.feature_enrollment is not new.feature_enrollment:
        values = old.feature_enrollment, new.feature_enrollment
        text = f"early access switched {'on' if new.feature_enrollment else 'off'}"
        yield Change(ChangeKind.ENROLLMENT, text, "flag", None, None, *values)


def variants_change(old: Flag, new: Flag) -> Iterator[Change]:
    """Yield the difference between the variants or their weights."""
    if old.variants != new.variants:
        text = f"variants: {_weights(old.variants)} → {_weights(new.variants)}"
        values = _variants(old.variants), _variants(new.variants)
        yield Change(ChangeKind.VARIANTS, text, "flag", None, None, *values)


def _settings(old: Flag, new: Flag) -> Iterator[Change]:
    for name in _SETTINGS:
        before, after = (_as_json(getattr(flag, name)) for flag in (old, new))
        if before != after:
            text = f"{name}: {excerpt(before)} → {excerpt(after)}"
            yield Change(ChangeKind.SETTING, text, "flag", None, name, before, after)


def _as_json(value: Any) -> Any:
    return frozen(sorted(value)) if isinstance(value, frozenset) else value


def _payloads(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys([*new, *old]):
        before, after = old.get(name), new.get(name)
        if before != after:
            shown = ["none" if raw is None else name_excerpt(raw) for raw in (before, after)]
            text = f"payload of {name_excerpt(name)}: {shown[0]} → {shown[1]}"
            yield Change(ChangeKind.PAYLOAD, text, "flag", None, name, before, after)


def _holdout(holdout: Holdout | None) -> Any:
    if holdout is None:
        return None
    return frozen({"id": holdout.id, "exclusion_percentage": holdout.exclusion_percentage})


def _variants(variants: tuple[Variant, ...]) -> Any:
    pairs = ((variant.key, variant.rollout_percentage) for variant in variants)
    return frozen([{"key": key, "rollout_percentage": share} for key, share in pairs])


def _weights(variants: tuple[Variant, ...]) -> str:
    written = [
        f"{name_excerpt(variant.key)} {variant.rollout_percentage:g} %"
        for variant in variants[:_MOST]
    ]
    more = len(variants) - _MOST
    return " ".join([*written, *([f"and {more} more"] if more > 0 else [])]) or "none"
