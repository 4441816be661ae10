"""Carrying out a `Call`: with a bound in time, whether it is synchronous or not.

A function that promises no bound of its own runs on a daemon thread made for it, so that one that
hangs costs a thread and not the poller. While it hangs no further one is started: the next call
fails at once. Awaitables from synchronous callers run on a private event loop, always the same,
because asynchronous clients keep their connections on the loop they were first used on.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from .steps import Call

__all__ = ["AsyncCaller", "CallTimeoutError", "SyncCaller"]

AWAITABLE_TIMEOUT = 60.0
GRACE = 0.5


class CallTimeoutError(Exception):
    """The call did not return in time, or an earlier one has still not returned."""


class _DaemonThread:
    """At most one running function, on a daemon thread of its own."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def start(self, function: Callable[[], Any]) -> Future[Any]:
        if self._thread is not None and self._thread.is_alive():
            msg = "an earlier call has not returned yet"
            raise CallTimeoutError(msg)
        future: Future[Any] = Future()
        thread = threading.Thread(
            target=_settle, args=(future, function), name="flagengine-call", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            # The interpreter is shutting down and starts no threads any more.
            _settle(future, function)
            return future
        self._thread = thread
        return future

    def finished(self) -> None:
        """The last function is known to have returned; its thread may still be on its way out."""
        self._thread = None


def _settle(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
        future.set_exception(error)
    else:
        future.set_result(result)


class SyncCaller:
    """Carries out calls for a thread that may block."""

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        # Two, so that a cache that hangs does not keep an asynchronous source from being asked.
        self._guarded = _DaemonThread()
        self._trusted = _DaemonThread()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()

    def __call__(self, call: Call) -> Any:
        """Return what the call returns, awaited; raise what it raises, or `CallTimeoutError`."""
        self._notice_fork()
        if call.timeout is not None:
            bound = call.timeout
            return self._bounded(self._guarded, lambda: self._finish(call, bound), bound)
        result = call.function(*call.arguments)
        if not inspect.isawaitable(result):
            return result
        bound = AWAITABLE_TIMEOUT
        return self._bounded(self._trusted, lambda: self._complete(result, bound), bound)

    def close(self) -> None:
        """Close the private event loop, if one was needed."""
        self._notice_fork()
        loop, self._loop = self._loop, None
        if loop is not None:
            _close_loop(loop, self._pid)

    def _bounded(self, worker: _DaemonThread, function: Callable[[], Any], timeout: float) -> Any:
        future = worker.start(function)
        try:
            # A little longer than the bound of an awaitable inside, which can be cancelled cleanly.
            return future.result(timeout + GRACE)
        except TimeoutError:
            if future.done():
                raise
            msg = f"no answer within {timeout:g} s"
            raise CallTimeoutError(msg) from None
        finally:
            if future.done():
                worker.finished()

    def _finish(self, call: Call, timeout: float | None) -> Any:
        result = call.function(*call.arguments)
        return self._complete(result, timeout) if inspect.isawaitable(result) else result

    def _complete(self, awaitable: Any, timeout: float | None) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            weakref.finalize(self, _close_loop, self._loop, self._pid)
        return self._loop.run_until_complete(_bounded_await(awaitable, timeout))

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            # Its threads do not exist here, and its loop is the parent's.
            if self._loop is not None:
                _left_to_parent.append(self._loop)
            self._renew()


# Closing a loop that came with a fork would remove the parent's descriptors from the selector that
# both processes share; collecting it would warn that it is not closed.
_left_to_parent: list[asyncio.AbstractEventLoop] = []


def _close_loop(loop: asyncio.AbstractEventLoop, pid: int) -> None:
    if pid != os.getpid():
        _left_to_parent.append(loop)
    elif not loop.is_running():
        loop.close()


class AsyncCaller:
    """Carries out calls for a task: coroutine functions on its loop, others on a daemon thread."""

    def __init__(self) -> None:
        self._guarded = _DaemonThread()
        self._trusted = _DaemonThread()

    async def __call__(self, call: Call) -> Any:
        """Return what the call returns, awaited; raise what it raises, or `CallTimeoutError`."""
        return await _bounded_await(self._perform(call), call.timeout)

    async def _perform(self, call: Call) -> Any:
        if _is_coroutine_function(call.function):
            return await call.function(*call.arguments)
        worker = self._trusted if call.timeout is None else self._guarded
        future = worker.start(lambda: call.function(*call.arguments))
        result = await asyncio.wrap_future(future)
        worker.finished()
        return await result if inspect.isawaitable(result) else result


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    )


async def _bounded_await(awaitable: Any, timeout: float | None) -> Any:  # noqa: ASYNC109
    try:
        async with asyncio.timeout(timeout):
            return await awaitable
    except TimeoutError as error:
        with contextlib.suppress(Exception):
            _close(awaitable)
        msg = f"no answer within {timeout:g} s" if timeout is not None else "timed out"
        raise CallTimeoutError(msg) from error


def _close(awaitable: Any) -> None:
    if isinstance(awaitable, Coroutine):
        awaitable.close()
