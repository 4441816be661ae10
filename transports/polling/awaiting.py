"""Carrying out a `Call` on an event loop: coroutine functions there, others on a daemon thread."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from ..callers import DaemonThread, bounded_await
from ..steps import Call

__all__ = ["AsyncCaller"]


class AsyncCaller:
    """Carries out calls for a task."""

    def __init__(self) -> None:
        self._guarded = DaemonThread()
        self._trusted = DaemonThread()

    async def __call__(self, call: Call) -> Any:
        """Return what the call returns, awaited; raise what it raises, or `CallTimeoutError`."""
        return await bounded_await(self._perform(call), call.timeout)

    async def _perform(self, call: Call) -> Any:
        if _is_coroutine_function(call.function):
            return await call.function(*call.arguments)
        worker = self._trusted if call.timeout is None else self._guarded
        future = worker.start(lambda: call.function(*call.arguments))
        try:
            result = await asyncio.wrap_future(future)
        finally:
            if future.done():
                worker.finished()
        return await result if inspect.isawaitable(result) else result


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    )
