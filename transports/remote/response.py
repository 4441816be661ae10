"""A whole ``/flags`` answer: from bytes to one frozen value, whatever the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..json_text import read_json
from .flag_record import RemoteFlag, parse_legacy_flag, parse_record

__all__ = ["FlagsResponse", "parse_flags_response"]


@dataclass(frozen=True, slots=True)
class FlagsResponse:
    """What the server said.

    Attributes:
        flags: the flags that have an answer.
        failed: the keys of those the server named but could not tell, or we could not read.
        has_flags: whether the answer held flags at all; an empty object does not.
        errors_while_computing: some flags may be missing for no fault of their own.
        quota_limited: the project may not evaluate flags now; ``flags`` is empty.
        evaluated_at: milliseconds since 1970, as the server sent it.
        minimal_flag_called_events: the gate for short ``$feature_flag_called`` events.
    """

    flags: Mapping[str, RemoteFlag] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    has_flags: bool = False
    errors_while_computing: bool = False
    quota_limited: bool = False
    request_id: str | None = None
    evaluated_at: int | None = None
    minimal_flag_called_events: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether a flag that is not in it is known not to exist."""
        return (
            self.has_flags
            and not self.failed
            and not self.errors_while_computing
            and not self.quota_limited
        )


def parse_flags_response(body: bytes | str) -> FlagsResponse | None:
    """Return the answer that `body` holds; None when it is no JSON object."""
    try:
        document = read_json(body)
    except ValueError:
        return None
    return _response(document) if isinstance(document, Mapping) else None


def _response(document: Mapping[str, Any]) -> FlagsResponse:
    limited = document.get("quotaLimited")
    quota_limited = isinstance(limited, list) and "feature_flags" in limited
    parsed = _flags(document)
    found = {} if quota_limited or parsed is None else parsed
    request_id, evaluated_at = document.get("requestId"), document.get("evaluatedAt")
    return FlagsResponse(
        flags=MappingProxyType({key: flag for key, flag in found.items() if not flag.failed}),
        failed=frozenset(key for key, flag in found.items() if flag.failed),
        has_flags=parsed is not None,
        errors_while_computing=document.get("errorsWhileComputingFlags") is True,
        quota_limited=quota_limited,
        request_id=request_id if isinstance(request_id, str) else None,
        evaluated_at=evaluated_at if type(evaluated_at) is int else None,
        minimal_flag_called_events=document.get("minimalFlagCalledEvents") is True,
    )


def _flags(document: Mapping[str, Any]) -> dict[str, RemoteFlag] | None:
    records = document.get("flags")
    if isinstance(records, Mapping):
        return {key: parse_record(key, record) for key, record in records.items()}
    values, payloads = document.get("featureFlags"), document.get("featureFlagPayloads")
    if isinstance(values, list):
        # The oldest shape of all: the keys of the flags that are on.
        values = {key: True for key in values if isinstance(key, str)}
    if not isinstance(values, Mapping):
        return None
    known = payloads if isinstance(payloads, Mapping) else {}
    return {key: parse_legacy_flag(key, value, known.get(key)) for key, value in values.items()}
