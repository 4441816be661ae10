"""The application's callbacks for a request: the id of the user, and further properties.

The exception of a failing callback is logged and suppressed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Identify", "Tags", "with_callback_results"]

_log = logging.getLogger("flagengine.context")

Identify = Callable[[Any], object]
Tags = Callable[[Any], Mapping[str, Any] | None]


def with_callback_results(
    data: Mapping[str, Any], request: object, identify: Identify | None, tags: Tags | None
) -> dict[str, Any]:
    """Return the request's ``data`` with the results of the application's callbacks."""
    known = dict(data)
    distinct_id = _call(identify, request)
    if distinct_id is not None:
        known["distinct_id"] = distinct_id
    added = _call(tags, request)
    if isinstance(added, Mapping):
        known["properties"] = {**known.get("properties", {}), **added}
    return known


def _call(callback: Callable[[Any], Any] | None, request: object) -> Any:
    if callback is None:
        return None
    try:
        return callback(request)
    except Exception:  # noqa: BLE001 - the application's code
        _log.exception("A callback for the request raised")
        return None
