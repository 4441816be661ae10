"""``flags_set``: forced flags in a block or a decorated function, for tests without pytest."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

from .forced_flags import ForcedFlags

__all__ = ["FlagsSet", "flags_set"]

F = TypeVar("F", bound=Callable[..., Any])


class FlagsSet:
    """A block that forces flags: for ``with``, ``async with``, ``enterContext`` and as a decorator.

    Every use makes a `ForcedFlags` of its own.
    """

    def __init__(self, overrides: Any, values: dict[str, Any]) -> None:
        self._overrides = overrides
        self._values = values
        self._open: list[ForcedFlags] = []
        self._forced()

    def _forced(self) -> ForcedFlags:
        forced = ForcedFlags()
        forced.update(self._overrides, **self._values)
        return forced

    def __enter__(self) -> ForcedFlags:
        self._open.append(self._forced())
        return self._open[-1].__enter__()

    def __exit__(
        self,
        _kind: type[BaseException] | None = None,
        _error: BaseException | None = None,
        _traceback: TracebackType | None = None,
    ) -> None:
        # Threads and tasks that share the block may end it in any order.
        ended = next((each for each in reversed(self._open) if each.is_here), self._open[-1])
        self._open.remove(ended)
        ended.__exit__()

    async def __aenter__(self) -> ForcedFlags:
        return self.__enter__()

    async def __aexit__(
        self,
        _kind: type[BaseException] | None = None,
        _error: BaseException | None = None,
        _traceback: TracebackType | None = None,
    ) -> None:
        self.__exit__()

    def __call__(self, function: F) -> F:
        """Decorate a test: a function or a coroutine function.

        Raises:
            TypeError: it is something else, such as a class or a generator function.
        """
        if not inspect.isroutine(function) or _is_generator(function):
            msg = "flags_set must decorate a function; in a TestCase, write self.enterContext(flags_set(...)) in setUp"
            raise TypeError(msg)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def in_task(*args: Any, **kwargs: Any) -> Any:
                with self._forced():
                    return await function(*args, **kwargs)

            return cast("F", in_task)

        @functools.wraps(function)
        def in_thread(*args: Any, **kwargs: Any) -> Any:
            with self._forced():
                return function(*args, **kwargs)

        return cast("F", in_thread)


def _is_generator(function: Callable[..., Any]) -> bool:
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def flags_set(overrides: Any = None, /, **values: Any) -> FlagsSet:
    """Return a block in which flags have these values, for all clients of the process.

    The arguments are those of ``ForcedFlags.update``; ``with`` gives the `ForcedFlags`.

    Raises:
        TypeError: the arguments are no values of flags.

    >>> with flags_set({"new-checkout": True}, pricing="annual") as flags:
    ...     flags.client.get_feature_flag("pricing", "user-1")
    'annual'
    """
    return FlagsSet(overrides, values)
