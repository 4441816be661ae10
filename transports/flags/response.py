"""The parser of ``/flags`` responses in any of the server's shapes. It never raises.

================  ==========================================================================
shape             the record
================  ==========================================================================
``featureFlags``  the bare value: true, false or the variant's key
``flags``         ``{"enabled": bool, "variant": text or null, …}``
typed ``flags``   ``{"value": bool, text, number, object or null, "failed": bool, …}``
================  ==========================================================================

An unreadable record is a failed flag and does not affect the other flags. In a typed record, a known
field of the wrong type makes the record unreadable; in an older record, a descriptive field (reason,
metadata) of the wrong type counts as absent, and the metadata of rules is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

from flagengine import Reason, Resolution

from ..json_text import read_json
from .answer import FlagAnswer, FlagFailure, Origin
from .records import RuleMetadata, integer, rule_metadata, typed_value, wrong_field
from .seeds import without_seeds

__all__ = ["FlagsResponse", "parse_flags_response"]

T = TypeVar("T")

_REASONS: Final[Mapping[str | None, Reason]] = {reason.value: reason for reason in Reason}
_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_FAILED: Final = "evaluation_failed"
_UNREADABLE: Final = "unknown_error"


@dataclass(frozen=True, slots=True)
class FlagsResponse:
    """A parsed response.

    Attributes:
        flags: the answers by key. A flag without a value has an answer with the value None.
        failures: the flags that the server could not evaluate or whose record is unreadable, by
            key. They have no answer, and cached answers stay valid.
        has_flags: whether the response contained flags; an empty object contains none.
        errors_while_computing: whether existing flags may be missing from the response.
        quota_limited: whether the project's quota is used up; ``flags`` is then empty.
        origin: the origin of the answers.
    """

    flags: Mapping[str, FlagAnswer] = field(default_factory=lambda: _EMPTY)
    failures: Mapping[str, FlagFailure] = field(default_factory=lambda: _EMPTY)
    has_flags: bool = False
    errors_while_computing: bool = False
    quota_limited: bool = False
    origin: Origin = field(default_factory=Origin)

    @property
    def failed(self) -> frozenset[str]:
        """The keys of ``failures``."""
        return frozenset(self.failures)

    @property
    def is_clean(self) -> bool:
        """Whether a flag that is not in the response does not exist."""
        has_errors = self.failures or self.errors_while_computing or self.quota_limited
        return self.has_flags and not has_errors


def parse_flags_response(body: bytes | str, api_version: int | None = None) -> FlagsResponse | None:
    """Return the response in ``body``; None if ``body`` is not a JSON object.

    ``api_version`` is the version that was asked for; every version is read whatever was asked for.
    """
    try:
        document = read_json(body)
    except ValueError:
        return None
    return _response(document, api_version) if isinstance(document, Mapping) else None


def _response(document: Mapping[str, Any], api_version: int | None) -> FlagsResponse:
    origin = Origin(
        request_id=_of(str, document.get("requestId")),
        evaluated_at=integer(document.get("evaluatedAt")),
        minimal_events=document.get("minimalFlagCalledEvents") is True,
        api_version=api_version,
    )
    limited = document.get("quotaLimited")
    quota_limited = isinstance(limited, list) and "feature_flags" in limited
    parsed = _flags(document, origin)
    found = {} if quota_limited or parsed is None else parsed
    answers = {key: each for key, each in found.items() if isinstance(each, FlagAnswer)}
    failures = {key: each for key, each in found.items() if isinstance(each, FlagFailure)}
    return FlagsResponse(
        flags=MappingProxyType(answers),
        failures=MappingProxyType(failures),
        has_flags=parsed is not None,
        errors_while_computing=document.get("errorsWhileComputingFlags") is True,
        quota_limited=quota_limited,
        origin=origin,
    )


_Read: TypeAlias = FlagAnswer | FlagFailure


def _flags(document: Mapping[str, Any], origin: Origin) -> dict[str, _Read] | None:
    """Return what each flag's record says, by key; None if the document has no flags."""
    records = document.get("flags")
    if isinstance(records, Mapping):
        return {key: _parse_record(key, record, origin) for key, record in records.items()}
    values, payloads = document.get("featureFlags"), _mapping(document.get("featureFlagPayloads"))
    if isinstance(values, list):
        # In the oldest shape, a list of the keys of the flags that are on.
        values = {key: True for key in values if isinstance(key, str)}
    if not isinstance(values, Mapping):
        return None
    return {
        key: _answer(key, value, payloads.get(key), _EMPTY, origin)
        if isinstance(value, bool | str)
        else FlagFailure(_UNREADABLE, wrong_field="value")
        for key, value in values.items()
    }


def _parse_record(key: str, record: object, origin: Origin) -> _Read:
    if not isinstance(record, Mapping):
        return FlagFailure(_UNREADABLE, wrong_field="record")
    if "value" in record:
        return _typed_answer(key, record, origin)
    failed = record.get("failed")
    if not isinstance(failed, bool | None):
        return FlagFailure(_UNREADABLE, wrong_field="failed")
    if failed:
        return FlagFailure(_FAILED, _answer(key, None, None, record, origin))
    value, is_readable = _enabled_or_variant(record)
    if not is_readable:
        return FlagFailure(_UNREADABLE, wrong_field="enabled or variant")
    return _answer(key, value, _mapping(record.get("metadata")).get("payload"), record, origin)


def _typed_answer(key: str, record: Mapping[Any, Any], origin: Origin) -> _Read:
    wrong = wrong_field(record)
    if wrong is not None:
        return FlagFailure(_UNREADABLE, wrong_field=wrong)
    metadata = rule_metadata(record)
    if record.get("failed"):
        return FlagFailure(_FAILED, _answer(key, None, None, record, origin, metadata))
    try:
        value = typed_value(record)
    except ValueError:
        return FlagFailure(_UNREADABLE, wrong_field="value")
    payload = _mapping(record.get("metadata")).get("payload")
    if not isinstance(value, bool | str | None):
        # A number or an object is its own payload.
        payload = value
    return _answer(key, value, payload, record, origin, metadata)


def _answer(
    key: str,
    value: Any,
    payload: object,
    record: Mapping[Any, Any],
    origin: Origin,
    rule: RuleMetadata | None = None,
) -> FlagAnswer:
    reason, metadata = _mapping(record.get("reason")), _mapping(record.get("metadata"))
    code = _of(str, reason.get("code")) or None
    resolution = Resolution(
        key,
        value,
        _REASONS.get(code, Reason.UNRESOLVED),
        condition_index=integer(reason.get("condition_index")),
        description=_of(str, reason.get("description")) or "",
        raw_payload=_payload_text(payload),
        flag_id=integer(metadata.get("id")),
        flag_version=integer(metadata.get("version")),
        has_experiment=_of(bool, metadata.get("has_experiment")),
        config_version=1 if rule is None or rule.config_version is None else rule.config_version,
    )
    return FlagAnswer(resolution, origin, code, rule)


def _enabled_or_variant(record: Mapping[Any, Any]) -> tuple[bool | str, bool]:
    """Return the value of a record without a typed value, and whether the record is readable."""
    enabled, variant = record.get("enabled"), record.get("variant")
    is_readable = isinstance(enabled, bool) and isinstance(variant, str | None)
    return (variant if enabled and variant is not None else bool(enabled)), is_readable


def _payload_text(payload: object) -> str | None:
    """Return a payload as JSON text, the form in which the server usually sends it."""
    if payload is None or isinstance(payload, str):
        return payload
    try:
        return json.dumps(without_seeds(payload))
    except (TypeError, ValueError, RecursionError):
        return None


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else _EMPTY


def _of(kind: type[T], value: object) -> T | None:
    return value if isinstance(value, kind) else None
