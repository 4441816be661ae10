"""The methods for contexts: ``flagengine.transports.context``, reporting to this client.

All clients share the active context, which belongs to the program.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from .. import context as contexts
from ..application_callbacks import is_awaitable
from ..context import Context
from ..context.scoped import context as Scoped  # noqa: N812 - it is a class
from ..json_text import members_of
from .components import HasComponents
from .verbs import guarded, nothing, unguarded

__all__ = [
    "context",
    "enter_context",
    "exit_context",
    "get_context",
    "identify_context",
    "request_context",
    "set_context_device",
    "set_context_session",
    "tag",
    "with_context",
]

T = TypeVar("T")


@unguarded
def context(
    client: HasComponents,
    *,
    distinct_id: object = None,
    session_id: object = None,
    device_id: object = None,
    properties: Mapping[str, Any] | None = None,
    fresh: bool = False,
    capture_exceptions: bool | None = None,
) -> Scoped:
    """Return a context for ``with``, ``async with`` or as a decorator.

    Events and flags inside have these ids and properties; unless ``fresh``, also those of the outer
    context. With ``capture_exceptions``, capture a failure that leaves the context; the exception
    always propagates.

    Raises:
        TypeError: ``properties`` is no mapping.
    """
    _require_mapping("properties", properties)
    return Scoped(
        distinct_id=distinct_id,
        session_id=session_id,
        device_id=device_id,
        properties=properties,
        fresh=fresh,
        capture_exceptions=capture_exceptions,
        on_exception=client.components.exceptions.left_context,
        policy=client.components.exceptions.policy,
    )


@unguarded
def with_context(
    client: HasComponents,
    data: Mapping[str, Any] | None,
    function: Callable[[], T],
    *,
    fresh: bool = False,
) -> T:
    """Call ``function`` inside a context of ``data`` and return its result.

    If the result is awaitable, it runs in the context: await it. Prefer ``with client.context(...)``.

    Raises:
        TypeError: ``data`` is no mapping or has an unknown key, or ``function`` is no function.
    """
    if not callable(function):
        msg = f"function must be a function without arguments, got {type(function).__name__}"
        raise TypeError(msg)
    scope = context(client, **_data(data), fresh=fresh)
    with scope:
        result = function()
    if not is_awaitable(result):
        return result

    async def finished() -> Any:
        async with context(client, **_data(data), fresh=fresh):
            return await cast("Awaitable[Any]", result)

    return finished()  # type: ignore[return-value] # awaitable, like the result that it wraps


@guarded(nothing)
def get_context(client: HasComponents) -> Context | None:  # noqa: ARG001 - the same on every client
    """Return the active context, read-only; None without a context."""
    return contexts.current()


@unguarded
def enter_context(
    client: HasComponents,  # noqa: ARG001 - the same on every client
    data: Mapping[str, Any] | None = None,
    *,
    fresh: bool = False,
) -> contexts.ContextToken:
    """Begin a context that lasts until ``exit_context(token)`` or until the task or thread ends.

    Prefer ``with client.context(...)``: outside of a task, a forgotten context lasts for the rest of
    the thread.

    Raises:
        TypeError: ``data`` is no mapping or has an unknown key.
    """
    return contexts.enter(**_data(data), fresh=fresh)


@guarded(nothing)
def exit_context(client: HasComponents, token: contexts.ContextToken) -> None:  # noqa: ARG001
    """End a context of ``enter_context``."""
    contexts.exit(token)


@guarded(nothing)
def tag(client: HasComponents, name: str, value: Any) -> None:  # noqa: ARG001
    """Add a property to the active context's events."""
    contexts.update(properties={name: value})


@guarded(nothing)
def identify_context(client: HasComponents, distinct_id: object) -> None:  # noqa: ARG001
    """Set the distinct id of the active context; send no event."""
    contexts.update(distinct_id=distinct_id)


@guarded(nothing)
def set_context_session(client: HasComponents, session_id: object) -> None:  # noqa: ARG001
    """Set the session id of the active context."""
    contexts.update(session_id=session_id)


@guarded(nothing)
def set_context_device(client: HasComponents, device_id: object) -> None:  # noqa: ARG001
    """Set the device id of the active context."""
    contexts.update(device_id=device_id)


@unguarded
def request_context(
    client: HasComponents,
    headers: Any = None,
    *,
    distinct_id: object = None,
    properties: Mapping[str, Any] | None = None,
    capture_exceptions: bool = True,
    **request: Any,
) -> Scoped:
    """Return the context of a request from its headers, for frameworks without a middleware here.

    ``request`` takes ``method``, ``url``, ``path`` and ``ip``. A given ``distinct_id``, such as the
    authenticated user's, beats the headers.

    Raises:
        TypeError: ``properties`` is no mapping.
    """
    _require_mapping("properties", properties)
    return contexts.request_context(
        headers,
        client=client,  # type: ignore[arg-type] # both clients have the methods
        distinct_id=distinct_id,
        properties=properties,
        capture_exceptions=capture_exceptions,
        **request,
    )


_NAMES = {"distinctId": "distinct_id", "sessionId": "session_id", "deviceId": "device_id"}
_KNOWN = frozenset({*_NAMES.values(), "properties", "capture_exceptions"})


def _data(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``data`` as keyword arguments; camelCase names are accepted.

    Raises:
        TypeError: ``data`` is no mapping or has an unknown key.
    """
    _require_mapping("context data", data)
    named = {_NAMES.get(name, name): value for name, value in (data or {}).items()}
    unknown = named.keys() - _KNOWN
    if unknown:
        msg = f"context data must have only the keys {sorted(_KNOWN)}, got {sorted(map(str, unknown))}"
        raise TypeError(msg)
    _require_mapping("properties", named.get("properties"))
    return named


def _require_mapping(name: str, given: object) -> None:
    if given is not None and members_of(given) is None:
        msg = f"{name} must be a mapping, got {type(given).__name__}"
        raise TypeError(msg)
