"""posthog-python's functions for contexts, over ``flagengine.transports.context``.

All clients of a process share the active context.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from ..application_callbacks import is_async
from ..context.scoped import context as Scoped  # noqa: N812 - it is a class
from .active_context import (
    get_context_device_id,
    get_context_distinct_id,
    get_context_session_id,
    get_tags,
    identify_context,
    set_capture_exception_code_variables_context,
    set_code_variables_detect_secrets_context,
    set_code_variables_ignore_patterns_context,
    set_code_variables_mask_patterns_context,
    set_code_variables_mask_url_credentials_context,
    set_context_device_id,
    set_context_session,
    tag,
)
from .shared_client import DEFAULT

__all__ = [
    "get_context_device_id",
    "get_context_distinct_id",
    "get_context_session_id",
    "get_tags",
    "identify_context",
    "new_context",
    "scoped",
    "set_capture_exception_code_variables_context",
    "set_code_variables_detect_secrets_context",
    "set_code_variables_ignore_patterns_context",
    "set_code_variables_mask_patterns_context",
    "set_code_variables_mask_url_credentials_context",
    "set_context_device_id",
    "set_context_session",
    "tag",
]

F = TypeVar("F", bound=Callable[..., Any])


class CapturesExceptions(Protocol):
    """A client of any kind, for ``new_context(client=...)``."""

    def capture_exception(self, exception: Any, /) -> Any:
        """Capture the exception."""
        ...


def new_context(
    fresh: bool = False,  # noqa: FBT002 - as in posthog-python
    capture_exceptions: bool | None = None,
    client: CapturesExceptions | None = None,
) -> Scoped:
    """Return a context for ``with``, ``async with`` or as a decorator.

    Unless ``fresh``, it begins with the ids and tags of the outer context. With ``capture_exceptions``,
    by default the client's ``enable_exception_autocapture``, a failure that leaves the context is
    captured with ``client``, by default the default client.
    """
    if capture_exceptions is None:
        capture_exceptions = DEFAULT.captures_exceptions(client)
    return Scoped(
        fresh=fresh,
        capture_exceptions=capture_exceptions,
        on_exception=DEFAULT.capture_exception if client is None else client.capture_exception,
    )


def scoped(
    fresh: bool = False,  # noqa: FBT002 - as in posthog-python
    capture_exceptions: bool | None = None,
) -> Callable[[F], F]:
    """Return a decorator that calls the function, also a coroutine function, in a new context."""

    def decorate(function: F) -> F:
        if capture_exceptions is not None or _is_generator(function):
            return new_context(fresh, capture_exceptions)(function)

        # The setting that decides may be assigned after the function is decorated.
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return await new_context(fresh)(function)(*args, **kwargs)

        def called(*args: Any, **kwargs: Any) -> Any:
            return new_context(fresh)(function)(*args, **kwargs)

        wrapper: Callable[..., Any] = awaited if is_async(function) else called
        return cast("F", functools.wraps(function)(wrapper))

    return decorate


def _is_generator(function: Callable[..., Any]) -> bool:
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
