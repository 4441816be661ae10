"""The application's callbacks for a request: the id of the user, and further properties.

The exception of a failing callback is logged and suppressed. A result that is no id, or no mapping,
is logged once and counts as None; its text is never used.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

from flagengine import usable_id

from ..application_callbacks import (
    close_awaitable,
    is_awaitable,
    refuse_async,
    without_awaitable,
)

__all__ = ["Identify", "RequestCallbacks", "RequestData", "Tags"]

_log = logging.getLogger("flagengine.context")

Identify: TypeAlias = Callable[[Any], object]
Tags: TypeAlias = Callable[[Any], "Mapping[str, Any] | Awaitable[Mapping[str, Any] | None] | None"]
_Callback: TypeAlias = Callable[[Any], Any]
_Convert: TypeAlias = Callable[[str, object], Any]
_Wait: TypeAlias = Callable[[Awaitable[Any]], Any]


class RequestData(Protocol):
    """What completes the context of a request."""

    def add_to(
        self, data: Mapping[str, Any], request: Any, wait: _Wait | None = None, /
    ) -> dict[str, Any]:
        """Return the request's ``data``, completed; ``wait`` waits for an awaitable."""
        ...

    async def add_to_async(
        self,
        data: Mapping[str, Any],
        request: Any,
        call: Callable[[_Callback, object], Awaitable[Any]] | None = None,
        /,
    ) -> dict[str, Any]:
        """Do as ``add_to``; ``call`` calls a function that may block, on another thread."""
        ...


class RequestCallbacks:
    """``identify`` and ``tags``, checked when they are given.

    Args:
        names: the names of both in the table of callbacks.
        identify: returns the id of a request's user, or None.
        tags: returns further properties, or None.

    Raises:
        TypeError: a callback cannot be called, or is ``async def`` where nobody awaits it.
    """

    def __init__(
        self, names: tuple[str, str], identify: Identify | None, tags: Tags | None
    ) -> None:
        self._callbacks: tuple[tuple[str, _Callback | None, _Convert], ...] = (
            (names[0], identify, _id),
            (names[1], tags, _properties),
        )
        for name, callback, _ in self._callbacks:
            if callback is not None and not callable(callback):
                msg = f"{name} must be a function of the request, got {type(callback).__name__}"
                raise TypeError(msg)
            refuse_async(name, callback)

    def add_to(
        self, data: Mapping[str, Any], request: object, wait: _Wait | None = None
    ) -> dict[str, Any]:
        """Return the request's ``data`` with the results of the callbacks.

        ``wait`` waits for an awaitable result.
        """
        return _joined(data, *(_called(*entry, request, wait) for entry in self._callbacks))

    async def add_to_async(
        self,
        data: Mapping[str, Any],
        request: object,
        call: Callable[[_Callback, object], Awaitable[Any]] | None = None,
    ) -> dict[str, Any]:
        """Do as ``add_to``, and await results that are awaitable.

        ``call`` calls a callback that may block, on another thread.
        """
        results = [
            await _called_async(*entry, request, call or _call_here) for entry in self._callbacks
        ]
        return _joined(data, *results)


def _called(
    name: str,
    callback: _Callback | None,
    convert: _Convert,
    request: object,
    wait: _Wait | None,
) -> Any:
    if callback is None:
        return None
    try:
        result = callback(request)
        if wait is not None and is_awaitable(result):
            result = _waited(result, wait)
        return convert(name, without_awaitable(name, result))
    except Exception:  # noqa: BLE001 - the application's code
        _log_failure(name)
        return None


def _waited(awaitable: Awaitable[Any], wait: _Wait) -> Any:
    try:
        return wait(awaitable)
    except BaseException:
        close_awaitable(awaitable)
        raise


async def _called_async(
    name: str,
    callback: _Callback | None,
    convert: _Convert,
    request: object,
    call: Callable[[_Callback, object], Awaitable[Any]],
) -> Any:
    if callback is None:
        return None
    try:
        result = await call(callback, request)
        while is_awaitable(result):
            result = await result
        return convert(name, without_awaitable(name, result))
    except Exception:  # noqa: BLE001 - the application's code
        _log_failure(name)
        return None


async def _call_here(callback: _Callback, request: object) -> Any:
    return callback(request)


def _log_failure(name: str) -> None:
    _log.exception("A callback for the request raised (%s)", name)


def _joined(
    data: Mapping[str, Any], distinct_id: str | None, tags: Mapping[str, Any] | None
) -> dict[str, Any]:
    known = dict(data)
    if distinct_id is not None:
        known["distinct_id"] = distinct_id
    if tags:
        known["properties"] = {**known.get("properties", {}), **tags}
    return known


def _id(name: str, value: object) -> str | None:
    """Return the id as text; None for blank text and for what is no id."""
    if value is None:
        return None
    text = usable_id(value)
    if text is None:
        _warn_of(name, "an id (text or a number) or None", type(value).__name__)
    return text if text and not text.isspace() else None


def _properties(name: str, value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if issubclass(type(value), Mapping):
        return dict(value)  # type: ignore[call-overload, no-any-return]
    _warn_of(name, "a mapping or None", type(value).__name__)
    return None


@functools.cache
def _warn_of(name: str, wanted: str, kind: str) -> None:
    _log.warning("%s must return %s, got %s: it counts as None", name, wanted, kind)
