"""I/O as a generator of calls, which a thread or an event loop performs.

A *steps* function is a generator that yields `Call` values and is resumed with the result of each
call, or with its exception. So `Client` and `AsyncClient` share the order of the calls; the runner
decides whether a call blocks a thread or suspends a task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from .application_errors import application_errors, as_exception

__all__ = ["Call", "Steps", "run_steps", "run_steps_async"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """The call ``function(*arguments)``, whose result may be awaitable.

    ``timeout`` is a time limit in seconds; None for a function that ends in time by itself. The
    function only waits for others if it ``is_wait``.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    timeout: float | None = None
    is_wait: bool = False


Steps: TypeAlias = Generator[Call, Any, T]


def run_steps(steps: Steps[T], perform: Callable[[Call], Any]) -> T:
    """Perform `steps` in the calling thread; return their result."""
    resume: Callable[[], Call] = steps.__next__
    while True:
        try:
            call = resume()
        except StopIteration as end:
            value: T = end.value
            return value
        try:
            result = perform(call)
        except application_errors() as error:
            resume = _thrower(steps, as_exception(error))
        else:
            resume = _sender(steps, result)


async def run_steps_async(steps: Steps[T], perform: Callable[[Call], Awaitable[Any]]) -> T:
    """Perform `steps` on the running event loop; return their result."""
    resume: Callable[[], Call] = lambda: next(steps)  # noqa: E731 - rebound below
    while True:
        try:
            call = resume()
        except StopIteration as end:
            value: T = end.value
            return value
        try:
            result = await perform(call)
        except Exception as error:  # noqa: BLE001 - raised inside the steps
            resume = _thrower(steps, error)
        except BaseException:
            # The task was cancelled: run the steps' `finally` blocks before the exception goes on.
            steps.close()
            raise
        else:
            resume = _sender(steps, result)


def _sender(steps: Steps[T], result: object) -> Callable[[], Call]:
    return lambda: steps.send(result)


def _thrower(steps: Steps[T], error: Exception) -> Callable[[], Call]:
    return lambda: steps.throw(error)
