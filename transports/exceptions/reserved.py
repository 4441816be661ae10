"""The reserved properties of ``$exception`` events, which only this package or the server may set.

A caller's values for them are dropped, so that no event contradicts itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .mechanism import valid_text

__all__ = ["without_reserved"]

_log = logging.getLogger("flagengine.exceptions")

_FINGERPRINT = "$exception_fingerprint"
_GENERATED = frozenset(
    {"$exception_list", "$exception_level", "$exception_source", "$debug_images"}
    | {"$exception_type", "$exception_message"}
)
_SERVERS = frozenset(
    {"$exception_types", "$exception_values", "$exception_sources", "$exception_functions"}
    | {"$exception_handled", "$exception_issue_id", "$exception_release", "$cymbal_errors"}
    | {"$exception_fingerprint_version", "$exception_fingerprint_record"}
)
_RESERVED = _GENERATED | _SERVERS


def without_reserved(properties: object) -> dict[str, Any]:
    """Return the caller's properties without the reserved properties.

    A caller may set the fingerprint, as text that is not blank. Merge the result so that
    ``exception_properties`` wins.
    """
    if not isinstance(properties, Mapping):
        return {}
    try:
        given = dict(properties)
        dropped = [name for name, value in given.items() if _is_refused(name, value)]
    except Exception:  # noqa: BLE001 - an application's mapping may raise anything
        return {}
    for name in dropped:
        del given[name]
    if dropped:
        _log.debug("Reserved exception properties were ignored: %s", dropped)
    return given


def _is_refused(name: object, value: object) -> bool:
    if name == _FINGERPRINT:
        return valid_text(value) is None
    return name in _RESERVED
