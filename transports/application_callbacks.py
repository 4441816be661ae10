"""Which callbacks of the application may be ``async def``: one table, asked when a callback is given.

A coroutine that nobody awaits does nothing, and its text names an object. So a callback that cannot
be awaited is refused with a TypeError when it is given. An async generator function is always
refused. What shows only in the call, such as a lambda that returns a coroutine, is closed and logged
once.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Coroutine, Mapping
from enum import Enum
from types import AsyncGeneratorType, GeneratorType, MappingProxyType
from typing import Any, Final

__all__ = [
    "CALLBACKS",
    "Waits",
    "close_awaitable",
    "is_async",
    "is_awaitable",
    "refuse_async",
    "refuse_async_methods",
    "without_awaitable",
]

logger: logging.Logger = logging.getLogger("flagengine")


class Waits(Enum):
    """Who waits for a callback that is ``async def``."""

    ALWAYS = "It is awaited."
    ON_A_LOOP = "An AsyncClient that is made on an event loop awaits it on that loop."
    NEVER = "It is refused."


CALLBACKS: Final[Mapping[str, Waits]] = MappingProxyType(
    {
        # The middleware.
        "ASGIMiddleware.identify": Waits.ALWAYS,
        "ASGIMiddleware.tags": Waits.ALWAYS,
        "FLAGENGINE_IDENTIFY": Waits.ALWAYS,
        "FLAGENGINE_TAGS": Waits.ALWAYS,
        "WSGIMiddleware.identify": Waits.NEVER,
        "WSGIMiddleware.tags": Waits.NEVER,
        "wrap_celery.tags": Waits.NEVER,
        # Contexts and exceptions.
        "with_context.function": Waits.ALWAYS,
        "context.on_exception": Waits.NEVER,
        "ExceptionLogHandler.report": Waits.NEVER,
        # The client.
        "before_send": Waits.NEVER,
        "on_error": Waits.ON_A_LOOP,
        "on": Waits.ON_A_LOOP,
        # The methods of the application's own objects.
        "definitions": Waits.ALWAYS,
        "flag_definition_cache_provider": Waits.ALWAYS,
        "sink": Waits.NEVER,
        "transport": Waits.NEVER,
        "flag_cache": Waits.NEVER,
        "storage": Waits.NEVER,
        "driver": Waits.NEVER,
        "clock": Waits.NEVER,
    }
)
"""Each callback: an argument, a setting, an option, or the option that holds an object."""

# The attributes by which inspect, asyncio and asgiref mark a callable as a coroutine function. Their
# value is a plain ``object()``; a mock has every attribute, but of another type.
_MARKS: Final = ("_is_coroutine_marker", "_is_coroutine")


def is_async(callback: object) -> bool:
    """Return whether a call of ``callback`` returns a coroutine, as far as can be seen.

    >>> async def name(request): ...
    >>> is_async(name), is_async(functools.partial(name)), is_async(lambda request: name(request))
    (True, True, False)
    """
    return any(
        inspect.iscoroutinefunction(function) or _is_marked(function)
        for function in _functions(callback)
    )


def refuse_async(name: str, callback: object, *, on_a_loop: bool = False) -> None:
    """Check a callback that is given as ``name`` of the table.

    Raises:
        TypeError: the callback is an async generator function, or nobody would await it.
    """
    if any(inspect.isasyncgenfunction(function) for function in _functions(callback)):
        msg = f"{name} must return a value, got an async generator function"
        raise TypeError(msg)
    waits = CALLBACKS[name]
    is_awaited = waits is Waits.ALWAYS or (waits is Waits.ON_A_LOOP and on_a_loop)
    if not is_awaited and is_async(callback):
        hint = f". {Waits.ON_A_LOOP.value}" if waits is Waits.ON_A_LOOP else ""
        msg = f"{name} must be a plain function, because nobody awaits it, got an async def{hint}"
        raise TypeError(msg)


def refuse_async_methods(name: str, given: object, methods: tuple[str, ...]) -> None:
    """Check the methods of an application's object that is given as the option ``name``.

    Raises:
        TypeError: nobody would await one of the methods.
    """
    for method in methods:
        if CALLBACKS[name] is Waits.NEVER and is_async(_attribute(given, method)):
            msg = f"{name}.{method}() must be a plain method, because nobody awaits it, got an async def"
            raise TypeError(msg)


def is_awaitable(result: object) -> bool:
    """Return whether ``await`` takes ``result``, by its real type.

    ``inspect.isawaitable`` asks for ``__class__``, which makes a lazy object, such as Django's
    ``request.user``, load what it stands for.
    """
    kind = type(result)
    if kind is GeneratorType:
        return bool(result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)  # type: ignore[attr-defined]
    return hasattr(kind, "__await__")


def without_awaitable(name: str, result: Any) -> Any:
    """Return the result of the callback ``name``; None for an awaitable, which is closed and logged."""
    if not is_awaitable(result) and type(result) is not AsyncGeneratorType:
        return result
    close_awaitable(result)
    _warn_of(name, type(result).__name__)
    return None


def close_awaitable(result: Any) -> None:
    """Close a coroutine that nobody awaits, so that Python does not warn of it; leave tasks running."""
    if issubclass(type(result), Coroutine):
        result.close()


@functools.cache
def _warn_of(name: str, kind: str) -> None:
    logger.warning(
        "%s must return a value, got %s, which nobody awaits: it counts as None", name, kind
    )


def _functions(callback: object) -> tuple[object, ...]:
    """Return the function below partial objects and methods, and the ``__call__`` of an object."""
    found = callback
    while True:
        if isinstance(found, functools.partial):
            found = found.func
        elif isinstance(found, staticmethod | classmethod) or inspect.ismethod(found):
            found = found.__func__
        else:
            break
    if inspect.isfunction(found) or isinstance(found, type):
        return (found,)
    call = getattr(type(found), "__call__", None)  # noqa: B004 - the function, not whether it exists
    return (found, getattr(call, "__func__", call))


def _is_marked(function: object) -> bool:
    return any(type(_attribute(function, name)) is object for name in _MARKS)


def _attribute(holder: object, name: str) -> object:
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 - an application's object may raise anything
        return None
