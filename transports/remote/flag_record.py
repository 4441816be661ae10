"""One flag of a ``/flags`` answer, in any of the three shapes the server has used.

================  ==========================================================================
shape             the record
================  ==========================================================================
``featureFlags``  the bare value: true, false or the variant's key
``flags``         ``{"enabled": bool, "variant": text or null, …}``
typed ``flags``   ``{"value": bool, text, number, object or null, "failed": bool, …}``
================  ==========================================================================

Total: a record that cannot be read is a failed flag, and never the others' trouble. Of the fields
that only describe (reason, metadata), one of the wrong type reads as absent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["RemoteFlag", "parse_legacy_flag", "parse_payload", "parse_record"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RemoteFlag:
    """What the server said about one flag.

    ``value`` is True, False or the variant's key; with typed records also a number or an object,
    or None when the flag has no value. ``failed``: the server could not tell, or we could not read
    it; then there is no value, and a known one must not be replaced by this.
    """

    key: str
    value: Any = None
    enabled: bool = False
    variant: str | None = None
    raw_payload: str | None = None
    failed: bool = False
    reason_code: str | None = None
    reason: str | None = None
    condition_index: int | None = None
    flag_id: int | None = None
    flag_version: int | None = None
    has_experiment: bool | None = None

    @property
    def payload(self) -> Any:
        """The payload's value, decoded anew at each access."""
        return parse_payload(self.raw_payload)


def parse_legacy_flag(key: str, value: object, payload: object = None) -> RemoteFlag:
    """Return the flag of a bare value."""
    if isinstance(value, bool):
        return RemoteFlag(key, value, value, raw_payload=_payload_text(payload))
    if isinstance(value, str):
        raw_payload = _payload_text(payload)
        return RemoteFlag(key, value, enabled=True, variant=value, raw_payload=raw_payload)
    return RemoteFlag(key, failed=True)


def parse_record(key: str, record: object) -> RemoteFlag:
    """Return the flag of a record of either kind."""
    if not isinstance(record, Mapping):
        return RemoteFlag(key, failed=True)
    failed = record.get("failed")
    verdict = _typed(record) if "value" in record else _enabled_and_variant(record)
    if verdict is None or failed not in (None, False):
        return _described(RemoteFlag(key, failed=True), record)
    value, enabled, variant = verdict
    metadata = _mapping(record.get("metadata"))
    payload = metadata.get("payload")
    if enabled and not isinstance(value, bool | str):
        # A number or an object is its own payload.
        payload = value
    return _described(RemoteFlag(key, value, enabled, variant, _payload_text(payload)), record)


def parse_payload(payload: object) -> Any:
    """Return a payload's JSON value; text that is no JSON stays text.

    >>> parse_payload('{"a": 1}'), parse_payload("plain"), parse_payload(None)
    ({'a': 1}, 'plain', None)
    """
    if not isinstance(payload, str):
        return payload
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return payload


def _payload_text(payload: object) -> str | None:
    """Return a payload as the server usually sends it: as JSON text."""
    if payload is None or isinstance(payload, str):
        return payload
    try:
        return json.dumps(payload)
    except (TypeError, ValueError, RecursionError):
        return None


def _typed(record: Mapping[Any, Any]) -> tuple[Any, bool, str | None] | None:
    """Return (value, enabled, variant) of a typed record; None: unreadable."""
    value = record["value"]
    if value is None or isinstance(value, bool):
        return value, value is True, None
    if isinstance(value, str):
        return value, True, value
    is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return (value, True, None) if is_number or isinstance(value, Mapping) else None


def _enabled_and_variant(record: Mapping[Any, Any]) -> tuple[Any, bool, str | None] | None:
    """Return (value, enabled, variant) of a record without a typed value; None: unreadable."""
    enabled, variant = record.get("enabled"), record.get("variant")
    if not isinstance(enabled, bool) or not isinstance(variant, str | None):
        return None
    if not enabled:
        return False, False, None
    return (True if variant is None else variant), True, variant


def _described(flag: RemoteFlag, record: Mapping[Any, Any]) -> RemoteFlag:
    reason, metadata = _mapping(record.get("reason")), _mapping(record.get("metadata"))
    return RemoteFlag(
        key=flag.key,
        value=flag.value,
        enabled=flag.enabled,
        variant=flag.variant,
        raw_payload=flag.raw_payload,
        failed=flag.failed,
        reason_code=_of(str, reason.get("code")),
        reason=_of(str, reason.get("description")),
        condition_index=_integer(reason.get("condition_index")),
        flag_id=_integer(metadata.get("id")),
        flag_version=_integer(metadata.get("version")),
        has_experiment=_of(bool, metadata.get("has_experiment")),
    )


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _of(kind: type[T], value: object) -> T | None:
    return value if isinstance(value, kind) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
