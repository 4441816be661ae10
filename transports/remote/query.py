"""The body of a ``/flags`` request: pure, from the evaluation's inputs to plain data.

Never holds anything but what the caller passed in; the project key is the only credential in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["FlagsQuery", "GroupKey", "flags_body"]

GroupKey: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class FlagsQuery:
    """What to evaluate, for whom.

    ``flag_keys=None`` asks for every flag. ``disable_geoip`` is always sent, so it is never None.
    """

    distinct_id: str
    groups: Mapping[str, GroupKey] = field(default_factory=dict)
    person_properties: Mapping[str, Any] = field(default_factory=dict)
    group_properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    flag_keys: tuple[str, ...] | None = None
    device_id: str | None = None
    disable_geoip: bool = True
    evaluation_contexts: tuple[str, ...] = ()


def flags_body(query: FlagsQuery, project_key: str) -> dict[str, Any]:
    """Return the request's body.

    >>> flags_body(FlagsQuery("u1", groups={"company": "acme"}), "phc_k")["group_properties"]
    {'company': {'$group_key': 'acme'}}
    """
    body: dict[str, Any] = {
        "token": project_key,
        "distinct_id": query.distinct_id,
        "groups": dict(query.groups),
        "person_properties": dict(query.person_properties),
        "group_properties": _group_properties(query),
        "geoip_disable": query.disable_geoip,
    }
    device_id = query.device_id or query.person_properties.get("$device_id")
    if device_id:
        body["device_id"] = device_id
    if query.flag_keys is not None:
        body["flag_keys_to_evaluate"] = list(query.flag_keys)
    if query.evaluation_contexts:
        body["evaluation_contexts"] = list(query.evaluation_contexts)
    return body


def _group_properties(query: FlagsQuery) -> dict[str, dict[str, Any]]:
    given = {kind: dict(properties) for kind, properties in query.group_properties.items()}
    keyed = {kind: {"$group_key": key, **given.get(kind, {})} for kind, key in query.groups.items()}
    return {**given, **keyed}
