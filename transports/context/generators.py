"""Generators whose body runs in a context, while their consumer does not.

A context variable that is set inside a generator is also set for the consumer. So each step of the
generator enters the context and leaves it again. Values and exceptions from the consumer reach the
generator.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

__all__ = ["StepContext", "stepped", "stepped_async"]


class StepContext:
    """The context of one step; passes an exception that leaves the step to ``on_exception``."""

    def __init__(
        self,
        resumed: Callable[[], AbstractContextManager[object]],
        on_exception: Callable[[BaseException], object] | None = None,
    ) -> None:
        self._context = resumed()
        self._on_exception = on_exception

    def __enter__(self) -> None:
        self._context.__enter__()

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        is_end = isinstance(error, StopIteration | StopAsyncIteration)
        try:
            if error is not None and self._on_exception is not None and not is_end:
                self._on_exception(error)
        finally:
            self._context.__exit__(None, None, None)


_StepFactory = Callable[[], AbstractContextManager[object]]


def stepped(function: Callable[..., Any], begin: Callable[[], _StepFactory]) -> Callable[..., Any]:
    """Wrap a generator function; ``begin`` is called for each call, and returns a step factory."""

    # What the consumer gives is taken out of a list, because an exception must not be a variable of
    # a frame in its own traceback.
    def called(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        step, generator = begin(), function(*args, **kwargs)
        given: list[Any] = [None]
        advance = generator.send
        while True:
            try:
                with step():
                    item = advance(given.pop())
            except StopIteration as stop:
                return stop.value
            try:
                advance, given = generator.send, [(yield item)]
            except GeneratorExit:
                with step():
                    generator.close()
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the consumer
                advance, given = generator.throw, [error]

    return called


def stepped_async(
    function: Callable[..., Any], begin: Callable[[], _StepFactory]
) -> Callable[..., Any]:
    """Wrap an asynchronous generator function, as ``stepped`` does."""

    async def called(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        step, generator = begin(), function(*args, **kwargs)
        given: list[Any] = [None]
        advance = generator.asend
        while True:
            try:
                with step():
                    item = await advance(given.pop())
            except StopAsyncIteration:
                return
            try:
                advance, given = generator.asend, [(yield item)]
            except GeneratorExit:
                with step():
                    await generator.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the consumer
                advance, given = generator.athrow, [error]

    return called
