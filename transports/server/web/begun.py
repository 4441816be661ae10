"""A coroutine that has run until it first waits: most of them are done by then, and need no timeout."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

__all__ = ["Begun"]

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that runs at once until it waits for something; awaited if it is not ``is_done``.

    What the coroutine raises by then, the constructor raises.

    Attributes:
        is_done: whether it has ended.
        result: what it has returned, if it has ended.
    """

    __slots__ = ("_coroutine", "_waits_for", "is_done", "result")

    result: T

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self.is_done: bool = False
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as end:
            self.result = end.value
            self.is_done = True

    def __await__(self) -> Generator[Any, Any, T]:
        """Wait for what the coroutine waits for, and go on with it; once, and only if it has not ended."""
        try:
            yield self._waits_for
        except BaseException:
            self._coroutine.close()
            raise
        return (yield from self._coroutine.__await__())
