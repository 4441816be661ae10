"""The methods for overrides: flag values that replace evaluation, for the client or for a block.

`flagengine.Overrides` parses the values; ``flags/override_layers`` combines them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

from flagengine import Overrides

from ..context.generators import stepped, stepped_async
from ..flags.override_forms import OverridesLike
from ..flags.override_layers import Contribution, OverrideLayers, innermost_here
from .components import HasComponents
from .verbs import guarded, nothing, unguarded

__all__ = ["OverriddenFlags", "overridden_flags", "override_feature_flags"]

F = TypeVar("F", bound=Callable[..., Any])


@guarded(nothing)
def override_feature_flags(client: HasComponents, overrides: OverridesLike) -> None:
    """Answer with these values instead of evaluating, from now on, for the whole client.

    ``False`` clears these overrides. A list of keys turns these flags on. A mapping gives values by
    key; with None, the flag counts as missing. ``{"flags": ..., "payloads": ...}`` replaces only the
    named part, and ``False`` clears that part. Reading an overridden flag sends no event. Invalid
    overrides are logged and change nothing. The blocks of ``overridden_flags`` win over these
    overrides.
    """
    layers = client.components.evaluator.layers
    layers.change(lambda before: before.replaced_by(overrides))


class OverriddenFlags:
    """A block with overrides: for ``with``, ``async with``, and as a decorator.

    Every use adds a contribution of its own, so a block may be used repeatedly and at once.
    """

    def __init__(self, layers: OverrideLayers, overrides: Overrides, *, all_threads: bool) -> None:
        self._layers = layers
        self._overrides = overrides
        self._all_threads = all_threads
        self._begun: list[Contribution] = []

    def __enter__(self) -> None:
        self._begun.append(self._layers.begin(self._overrides, all_threads=self._all_threads))

    def __exit__(
        self,
        _kind: type[BaseException] | None = None,
        _error: BaseException | None = None,
        _traceback: TracebackType | None = None,
    ) -> None:
        ended = innermost_here(self._begun) or self._begun[-1]
        self._begun.remove(ended)
        self._layers.end(ended)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        _kind: type[BaseException] | None = None,
        _error: BaseException | None = None,
        _traceback: TracebackType | None = None,
    ) -> None:
        self.__exit__()

    def __call__(self, function: F) -> F:
        """Decorate a function, a coroutine function, or a generator function of either kind."""
        wrapper: Callable[..., Any]
        if inspect.isasyncgenfunction(function):
            wrapper = stepped_async(function, lambda: lambda: self)
        elif inspect.isgeneratorfunction(function):
            wrapper = stepped(function, lambda: lambda: self)
        elif inspect.iscoroutinefunction(function):

            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

        else:

            def wrapper(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return function(*args, **kwargs)

        return cast("F", functools.wraps(function)(wrapper))


@unguarded
def overridden_flags(
    client: HasComponents, overrides: OverridesLike, *, all_threads: bool = False
) -> OverriddenFlags:
    """Return a block that answers with these values instead of evaluating; for tests and requests.

    The overrides have the forms of ``override_feature_flags``; ``False`` hides all others. They apply
    to the thread or task that enters the block, and to tasks that it starts inside. With
    ``all_threads``, they apply to the whole client, for example in a test whose server runs on a
    thread of its own. The innermost block wins: first the blocks of the thread or task, then those of
    ``all_threads``, then ``override_feature_flags``. Each block ends only its own overrides, so
    blocks may overlap:

        with client.overridden_flags({"new-checkout": True}):
            ...

    Raises:
        TypeError: the overrides are invalid.
    """
    layers = client.components.evaluator.layers
    return OverriddenFlags(layers, Overrides.parse(overrides), all_threads=all_threads)
