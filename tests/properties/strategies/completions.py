"""Adding the missing inputs of a call, and leaving out given inputs."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from flagengine import Missing, usable_id
from tests.properties.strategies.calls import Call, _operands
from tests.properties.strategies.choice import pick
from tests.properties.strategies.vocabulary import GROUP, KINDS, person_kind

__all__ = ["completed", "partial_calls", "supplied"]

_PLAIN = re.compile(r"[A-Za-z@.]*|[0-9.]+|\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")


_IMPLICIT = ("distinct_id", "$group_key")
"""Properties that are known without being passed (R6.3, R6.5), so that they are never missing."""


def _is_plain(value: Any) -> bool:
    """Return whether every operator can decide a value: no odd dates, no odd letters."""
    return not isinstance(value, str) or _PLAIN.fullmatch(value) is not None


@st.composite
def partial_calls(draw: st.DrawFn, call: Call, *, devices: bool = True) -> Call:
    """Draw a call with fewer inputs than ``call``; the inputs left out are unknown, not absent.

    Keep all properties of a map that is declared complete. Keep those of a group that was not passed,
    unless a missing group is unresolved, because such a map is all there is (R6.6). Leave out a group
    only if a missing group is unresolved, and the device id only with ``devices``, and only if no
    property gives another. Keep the empty distinct id, because an unknown distinct id is not empty
    (R5.2).
    """
    complete = call.options["complete"]
    promise = complete if isinstance(complete, Mapping) else {}
    props, options = call.props, dict(call.options)
    if not (complete is True or promise.get("person_properties")):
        kept = [key for key in props if key != "$device_id" or devices]
        props = _thinned(draw, props, kept)
    if not (complete is True or promise.get("group_properties")) and "groups" in options:
        may_be_missing = options["missing_group"] == "unresolved"
        options["group_properties"] = {
            name: _thinned(draw, found, list(found))
            if may_be_missing or _is_group_key(options["groups"].get(name))
            else found
            for name, found in options["group_properties"].items()
        }
        if may_be_missing:
            options["groups"] = _thinned(draw, options["groups"], list(options["groups"]))
    if devices and "$device_id" not in props and draw(st.booleans()):
        options.pop("device_id", None)
    unknown = "" if call.distinct_id == "" else None
    distinct_id = pick(draw, [call.distinct_id, call.distinct_id, unknown])
    return Call(distinct_id, props, options)


def _is_group_key(value: object) -> bool:
    """Return whether a group was passed: its key is text or a number (R6.4)."""
    return usable_id(value) not in (None, "")


def _thinned(draw: st.DrawFn, values: Mapping[str, Any], removable: list[str]) -> dict[str, Any]:
    gone = {key for key in removable if key not in _IMPLICIT and draw(st.booleans())}
    return {key: value for key, value in values.items() if key not in gone}


def supplied(draw: st.DrawFn, document: Any, call: Call, missing: Missing) -> Call:
    """Return ``call`` with a value for all inputs in ``missing``."""
    operands = _operands(document)

    def value(key: str, kind: str) -> Any:
        pool = [
            candidate
            for candidate in [*operands.get(key, []) * 2, *KINDS[kind]]
            if _is_plain(candidate)
        ]
        return pick(draw, pool)

    props = dict(call.props)
    options = dict(call.options)
    for key in missing.person_properties:
        props[key] = value(key, person_kind(key))
    groups = dict(options.get("groups") or {})
    for name in missing.groups:
        groups[name] = pick(draw, ["acme", "umbrella", 7])
    by_group = {
        name: dict(found) for name, found in (options.get("group_properties") or {}).items()
    }
    for name, key in missing.group_properties:
        by_group.setdefault(name, {})[key] = value(key, GROUP.get(key, "text"))
    options |= {"groups": groups, "group_properties": by_group}
    if missing.device_id:
        options["device_id"] = pick(draw, ["device-1", "device-2"])
    distinct_id = pick(draw, ["user-1", "user-2"]) if missing.distinct_id else None
    found = replace(call, props=props, options=options)
    return replace(found, distinct_id=distinct_id) if distinct_id else found


def completed(draw: st.DrawFn, document: Any, call: Call, missing: Missing) -> Call:
    """Return ``call`` with all inputs in ``missing`` given, or declared to be absent.

    Implicit properties are never absent, so they are given.
    """
    if not draw(st.booleans()):
        return supplied(draw, document, call, missing)
    implicit = tuple(key for key in missing.person_properties if key in _IMPLICIT)
    ids = Missing(implicit, (), missing.groups, missing.device_id, missing.distinct_id)
    found = supplied(draw, document, call, ids)
    known = {
        key: value
        for key, value in found.props.items()
        if key in _IMPLICIT or key not in missing.person_properties
    }
    by_group = {
        name: {
            key: value for key, value in of.items() if (name, key) not in missing.group_properties
        }
        for name, of in found.options["group_properties"].items()
    }
    return replace(found, props=known).having(complete=True, group_properties=by_group)
