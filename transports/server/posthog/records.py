"""The records of flags in each shape of PostHog's answers: a resolution in, its JSON out. Pure.

A flag that is off for everyone (``active: false``) is in no answer, as at PostHog's server. Neither is a flag
of configuration format 2, but for the typed shape: the others cannot say what it has.
"""

from __future__ import annotations

from typing import Any, Final

from flagengine import Reason, Resolution

from ...json_text import to_json
from ..outcomes import is_absent, is_undecided

__all__ = ["details", "enabled_key", "enabled_value", "payload", "typed", "value"]

_FORMAT_2: Final = 2


def details(resolution: Resolution) -> bytes:
    """Return the record of ``/flags?v=2``: ``"key": {"enabled": …, "variant": …, "reason": …}``."""
    if _is_left_out(resolution) or not _is_format_1(resolution):
        return b""
    record: dict[str, Any] = {
        "key": resolution.key,
        "enabled": resolution.enabled,
        "variant": resolution.variant,
    }
    return _member(resolution.key, _with_reason(resolution, record))


def typed(resolution: Resolution) -> bytes:
    """Return the record of ``/flags?v=4``: ``"key": {"value": …, "reason": …}``."""
    if _is_left_out(resolution):
        return b""
    record = {"key": resolution.key, "value": resolution.value}
    return _member(resolution.key, _with_reason(resolution, record, is_typed=True))


def value(resolution: Resolution) -> bytes:
    """Return the member of ``featureFlags`` in ``/flags?v=1``: ``"key": true``.

    An undecided flag is off, as the contract wants: this shape can say only of the whole answer that flags
    have failed.
    """
    if _is_left_out(resolution) or not _is_format_1(resolution):
        return b""
    return _member(resolution.key, resolution.value or False)


def payload(resolution: Resolution) -> bytes:
    """Return the member of ``featureFlagPayloads``: ``"key": "…"``. A flag without a payload has none."""
    if resolution.raw_payload is None or not value(resolution):
        return b""
    return _member(resolution.key, resolution.raw_payload)


def enabled_value(resolution: Resolution) -> bytes:
    """Return the member of ``featureFlags`` in ``/decide?v=2``, which has the flags that are on."""
    return value(resolution) if resolution.enabled else b""


def enabled_key(resolution: Resolution) -> bytes:
    """Return the item of ``featureFlags`` in ``/decide?v=1``, a list of the flags that are on."""
    return to_json(resolution.key) if enabled_value(resolution) else b""


def _member(key: str, found: Any) -> bytes:
    return b"%b:%b" % (to_json(key), to_json(found))


def _is_left_out(resolution: Resolution) -> bool:
    return resolution.reason is Reason.FLAG_DISABLED or is_absent(resolution)


def _is_format_1(resolution: Resolution) -> bool:
    # The answer of an override may have a value of format 2, whatever the flag is.
    return resolution.config_version != _FORMAT_2 and isinstance(
        resolution.value, bool | str | None
    )


def _with_reason(
    resolution: Resolution, record: dict[str, Any], *, is_typed: bool = False
) -> dict[str, Any]:
    is_failed = is_undecided(resolution)
    if is_failed:
        record["failed"] = True
    code = resolution.unresolved_reason or resolution.reason
    record["reason"] = {
        "code": str(code),
        "condition_index": resolution.condition_index,
        "description": resolution.description or None,
    }
    record["metadata"] = _metadata(resolution, is_typed=is_typed)
    return record


def _metadata(resolution: Resolution, *, is_typed: bool) -> dict[str, Any]:
    is_plain = isinstance(resolution.value, bool | str | None)
    metadata: dict[str, Any] = {
        "id": resolution.flag_id,
        "version": resolution.flag_version or 0,
        "description": None,
        # A value that is no text and no boolean is its own payload.
        "payload": resolution.raw_payload if is_plain else None,
        "has_experiment": resolution.has_experiment is True,
    }
    if is_typed:
        metadata["config_version"] = resolution.config_version
        metadata |= _rule(resolution)
    return metadata


def _rule(resolution: Resolution) -> dict[str, Any]:
    if resolution.config_version != _FORMAT_2:
        return {} if resolution.variant is None else {"variant_key": resolution.variant}
    rule = resolution.rule
    if rule is None:
        return {}
    found = {"rule_type": rule.type, "rule_id": rule.id}
    return found if rule.variant_key is None else {**found, "variant_key": rule.variant_key}
