"""Writing I/O down without doing it: one description, carried out by a thread or an event loop.

A *steps* function is a generator that yields `Call` values and is resumed with what the call
returned, or with what it raised. So the order of things is decided once, and whether waiting
blocks a thread or suspends a task is decided by whoever runs it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

__all__ = ["Call", "Steps", "run_steps", "run_steps_async"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """Call ``function(*arguments)``; it may be synchronous or return an awaitable.

    ``timeout`` in seconds is for functions that promise no bound of their own; None trusts them.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    timeout: float | None = None


Steps: TypeAlias = Generator[Call, Any, T]


def run_steps(steps: Steps[T], perform: Callable[[Call], Any]) -> T:
    """Carry out `steps` here and now; return what they return."""
    resume: Callable[[], Call] = steps.__next__
    while True:
        try:
            call = resume()
        except StopIteration as end:
            value: T = end.value
            return value
        try:
            result = perform(call)
        except Exception as error:  # noqa: BLE001 - handed to the steps, which decide
            resume = _thrower(steps, error)
        else:
            resume = _sender(steps, result)


async def run_steps_async(steps: Steps[T], perform: Callable[[Call], Awaitable[Any]]) -> T:
    """As `run_steps`, on an event loop."""
    resume: Callable[[], Call] = lambda: next(steps)  # noqa: E731 - rebound below
    while True:
        try:
            call = resume()
        except StopIteration as end:
            value: T = end.value
            return value
        try:
            result = await perform(call)
        except Exception as error:  # noqa: BLE001 - handed to the steps, which decide
            resume = _thrower(steps, error)
        except BaseException:
            # A cancelled task: let the steps run their `finally` before it goes on its way.
            steps.close()
            raise
        else:
            resume = _sender(steps, result)


def _sender(steps: Steps[T], result: object) -> Callable[[], Call]:
    return lambda: steps.send(result)


def _thrower(steps: Steps[T], error: Exception) -> Callable[[], Call]:
    return lambda: steps.throw(error)
