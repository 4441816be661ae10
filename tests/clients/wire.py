"""Requests to ``/flags`` and ``/decide`` without an SDK, and what each shape of answers must say.

What a shape must say is written here a second time, from PostHog's documentation of its answers, and uses
nothing of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from flagengine import Reason, Resolution, usable_id
from tests.clients.cases import Case

__all__ = ["SHAPES", "cannot_say", "is_failed", "request_body", "wanted"]

_FIELDS: Final = (
    *("distinct_id", "person_properties", "groups", "group_properties", "device_id"),
    *("evaluation_contexts", "evaluation_runtime"),
)
_ABSENT: Final = {Reason.FLAG_DISABLED, Reason.UNKNOWN_FLAG, Reason.FILTERED_OUT}


def cannot_say(case: Case) -> str | None:
    """Return why no request can say a case; None if one can."""
    return next(_unsayable(case.context), None)


def _unsayable(context: Mapping[str, Any]) -> Iterator[str]:
    distinct_id = usable_id(context["distinct_id"])
    if distinct_id is None:
        yield "a request without a usable distinct id is refused"
    elif len(distinct_id.encode()) > 200:
        yield "a distinct id is cut at 200 characters"
    if not isinstance(context.get("complete", False), bool):
        yield "a server takes all properties as complete, or none"
    if context.get("evaluation_contexts") == []:
        yield "an empty list of contexts in a request is none"
    if context.get("missing_group", "as_server") != "as_server":
        yield "no request chooses what a missing group gives"
    if context.get("evaluation_runtime", "client") not in ("client", "server"):
        yield "a request has the runtime `client`, `server` or none"


def request_body(case: Case) -> dict[str, Any]:
    """Return the body of a request for a case."""
    found = {name: case.context[name] for name in _FIELDS if name in case.context}
    return {"token": case.project_key, **found}


# What each shape must say.


def is_failed(resolution: Resolution) -> bool:
    """Return whether a flag exists and has no answer."""
    is_known = resolution.reason not in (*_ABSENT, Reason.OVERRIDDEN)
    return resolution.value is None and not resolution.caller_default and is_known


def _is_shown(resolution: Resolution | None) -> bool:
    if resolution is None or resolution.reason in _ABSENT:
        return False
    return resolution.reason is not Reason.OVERRIDDEN or resolution.value is not None


def _is_plain(resolution: Resolution) -> bool:
    """Return whether a shape without types has the flag."""
    is_typed = resolution.config_version == 2
    return not is_typed and isinstance(resolution.value, bool | str | None)


def _details(resolution: Resolution | None) -> Any:
    if resolution is None or not _is_shown(resolution) or not _is_plain(resolution):
        return None
    value = resolution.value
    record = {
        "key": resolution.key,
        "enabled": bool(value) if isinstance(value, bool) else value is not None,
        "variant": value if isinstance(value, str) else None,
    }
    return _with_reason(resolution, record, payload=resolution.raw_payload)


def _typed(resolution: Resolution | None) -> Any:
    if resolution is None or not _is_shown(resolution):
        return None
    value = resolution.value
    payload = resolution.raw_payload if isinstance(value, bool | str) else None
    return _with_reason(resolution, {"key": resolution.key, "value": value}, payload=payload)


def _with_reason(resolution: Resolution, record: dict[str, Any], payload: Any) -> dict[str, Any]:
    if is_failed(resolution):
        record["failed"] = True
    code = resolution.unresolved_reason or resolution.reason
    record["reason"] = [code.value, resolution.condition_index, resolution.description or None]
    record["payload"] = payload
    return record


def _value(resolution: Resolution | None) -> Any:
    if resolution is None or not _is_shown(resolution) or not _is_plain(resolution):
        return None
    return False if is_failed(resolution) else resolution.value


def _value_and_payload(resolution: Resolution | None) -> Any:
    value = _value(resolution)
    payload = None if resolution is None or value is None else resolution.raw_payload
    return [value, payload]


def _enabled_value(resolution: Resolution | None) -> Any:
    return _value(resolution) or None


def _is_enabled(resolution: Resolution | None) -> bool:
    return bool(_value(resolution))


# What the answers say.


def _record(answer: Mapping[str, Any], key: str) -> Any:
    record = answer["flags"].get(key)
    if record is None:
        return None
    found = dict(record)
    reason, metadata = found.pop("reason"), found.pop("metadata")
    found["reason"] = [reason["code"], reason["condition_index"], reason["description"]]
    found["payload"] = metadata["payload"]
    return found


def _both(answer: Mapping[str, Any], key: str) -> Any:
    return [answer["featureFlags"].get(key), answer["featureFlagPayloads"].get(key)]


def _one(answer: Mapping[str, Any], key: str) -> Any:
    return answer["featureFlags"].get(key)


def _listed(answer: Mapping[str, Any], key: str) -> Any:
    return key in answer["featureFlags"]


Said = Callable[[Mapping[str, Any], str], Any]
Wanted = Callable[[Resolution | None], Any]

SHAPES: Final[Mapping[str, tuple[Said, Wanted]]] = {
    "/flags?v=1": (_both, _value_and_payload),
    "/flags?v=2": (_record, _details),
    "/flags?v=3": (_record, _details),
    "/flags?v=4": (_record, _typed),
    "/decide?v=1": (_listed, _is_enabled),
    "/decide?v=2": (_one, _enabled_value),
    "/decide?v=3": (_both, _value_and_payload),
    "/decide?v=4": (_record, _details),
}
"""By path: what an answer says of a flag, and what it must say."""


def wanted(path: str, case: Case) -> Any:
    """Return what the answer at a path must say of the case's flag."""
    return SHAPES[path][1](case.resolution)
