"""``context(...)``: a context for ``with``, ``async with``, and as a decorator.

``on_exception`` is called with a failure that leaves the block, while the context is still active.
The exception then propagates; it is never replaced or suppressed. ``policy`` says which exceptions
are failures.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Any, TypeVar, cast

from ..application_callbacks import is_async, refuse_async, without_awaitable
from ..application_errors import application_errors, log_error
from ..exceptions.control_flow import DEFAULT_POLICY, Place, ReportingPolicy
from . import state
from .generators import StepContext, stepped, stepped_async

__all__ = ["OnException", "context"]

_log = logging.getLogger("flagengine.context")

OnException = Callable[[BaseException], object]
_F = TypeVar("_F", bound=Callable[..., Any])


class context:  # noqa: N801 - used as a function, like contextlib.suppress
    """A context manager and decorator that begins a new context at each use.

    >>> with context(distinct_id="u1", properties={"plan": "pro"}):
    ...     with context(properties={"page": 2}):
    ...         state.current().properties["plan"]
    'pro'
    >>> state.current()
    """

    __slots__ = ("__weakref__", "_given", "_on_exception", "_place", "_policy", "_tokens")

    def __init__(
        self,
        *,
        distinct_id: object = None,
        session_id: object = None,
        device_id: object = None,
        properties: Mapping[str, Any] | None = None,
        fresh: bool = False,
        capture_exceptions: bool | None = None,
        on_exception: OnException | None = None,
        policy: ReportingPolicy = DEFAULT_POLICY,
        place: Place = Place.BLOCK,
    ) -> None:
        refuse_async("context.on_exception", on_exception)
        self._given: dict[str, Any] = {
            "distinct_id": distinct_id,
            "session_id": session_id,
            "device_id": device_id,
            "properties": properties,
            "fresh": fresh,
            "capture_exceptions": capture_exceptions,
        }
        self._on_exception = on_exception
        self._policy = policy
        self._place = place
        self._tokens: list[state.ContextToken] = []

    def __enter__(self) -> state.Context:
        self._tokens.append(state.enter(**self._given))
        return state.current() or state.Context()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            if error is not None:
                self._report(error)
        finally:
            # Threads and tasks may share this object: each ends what it began.
            token = state.innermost(self._tokens) or self._tokens[-1]
            self._tokens.remove(token)
            state.exit(token)

    async def __aenter__(self) -> state.Context:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: _F) -> _F:
        """Decorate a function, a coroutine function, or a generator function of either kind."""
        if inspect.isasyncgenfunction(function):
            wrapper = stepped_async(function, self._begin)
        elif is_async(function):
            wrapper = self._around_coroutine(function)
        elif inspect.isgeneratorfunction(function):
            wrapper = stepped(function, self._begin)
        else:
            wrapper = self._around_function(function)
        return cast("_F", functools.wraps(function)(wrapper))

    def _around_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            with self._another():
                result = function(*args, **kwargs)
            # A function that returns a coroutine, such as a decorated one. A task has its context.
            return self._continued(result) if issubclass(type(result), Coroutine) else result

        return called

    async def _continued(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with self._another():
            return await coroutine

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def called(*args: Any, **kwargs: Any) -> Any:
            with self._another():
                return await function(*args, **kwargs)

        return called

    def _another(self) -> context:
        """Return a copy for a single call, because calls may overlap."""
        return context(
            **self._given,
            on_exception=self._on_exception,
            policy=self._policy,
            place=self._place,
        )

    def _begin(self) -> Callable[[], AbstractContextManager[object]]:
        """Return a factory of context managers for the steps of a generator."""
        with context(**self._given):
            return partial(StepContext, state.resumer(), self._report)

    def _report(self, error: BaseException) -> None:
        """Call ``on_exception`` with a failure if the active context captures exceptions."""
        active = state.current()
        if self._on_exception is None or active is None or not active.capture_exceptions:
            return
        try:
            if self._policy.reports(error, self._place):
                without_awaitable("context.on_exception", self._on_exception(error))
        except application_errors():
            log_error(_log, "Could not report an exception that left a context")
