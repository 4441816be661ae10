"""Performing a `Call` on a thread that may block, synchronous or awaitable, with a time limit.

A function without a time limit of its own runs on a daemon thread, so a function that hangs does not
block the poller. While it hangs, further calls fail at once. Awaitables run on a private event loop,
always the same, because asynchronous clients keep their connections on the loop of their first use.
asyncio is imported with the first awaitable.
"""

from __future__ import annotations

import inspect
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from .steps import Call

if TYPE_CHECKING:
    import asyncio

__all__ = ["CallTimeoutError", "DaemonThread", "SyncCaller", "bounded_await", "settle"]

AWAITABLE_TIMEOUT = 60.0
GRACE = 0.5


class CallTimeoutError(Exception):
    """The error for a call that did not return in time, or whose predecessor still runs."""


class DaemonThread:
    """A daemon thread that runs at most one function at a time."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def start(self, function: Callable[[], Any]) -> Future[Any]:
        """Run `function` on a new thread; return a future with its result or exception."""
        if self._thread is not None and self._thread.is_alive():
            msg = "previous call is still running"
            raise CallTimeoutError(msg)
        future: Future[Any] = Future()
        thread = threading.Thread(
            target=settle, args=(future, function), name="flagengine-call", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            # Python cannot start threads while the interpreter shuts down.
            settle(future, function)
            return future
        self._thread = thread
        return future

    def finished(self) -> None:
        """Note that the last function has returned, even if its thread has not yet ended."""
        self._thread = None


def settle(future: Future[Any], function: Callable[[], Any]) -> None:
    """Call the function and put its result or exception into the future, unless cancelled."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - raised again by `future.result()`
        future.set_exception(error)
    else:
        future.set_result(result)


class SyncCaller:
    """A performer of calls for threads that may block."""

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        # Separate, so that a cache that hangs does not block an asynchronous source.
        self._guarded = DaemonThread()
        self._trusted = DaemonThread()
        self._loop: _PrivateLoop | None = None
        self._pid = os.getpid()

    def __call__(self, call: Call) -> Any:
        """Return the call's result, awaited if necessary.

        Raises:
            CallTimeoutError: the call did not return in time.
        """
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
        """Close the private event loop, if it exists."""
        self._notice_fork()
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def _bounded(self, worker: DaemonThread, function: Callable[[], Any], timeout: float) -> Any:
        future = worker.start(function)
        try:
            # A little longer than the timeout of an awaitable inside, which is cancelled cleanly.
            return future.result(timeout + GRACE)
        except TimeoutError:
            if future.done():
                raise
            msg = f"call did not return within {timeout:g} s"
            raise CallTimeoutError(msg) from None
        finally:
            if future.done():
                worker.finished()

    def _finish(self, call: Call, timeout: float | None) -> Any:
        result = call.function(*call.arguments)
        return self._complete(result, timeout) if inspect.isawaitable(result) else result

    def _complete(self, awaitable: Any, timeout: float | None) -> Any:
        if self._loop is None:
            self._loop = _PrivateLoop()
            weakref.finalize(self, self._loop.close)
        return self._loop.run(bounded_await(awaitable, timeout))

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            # The threads do not exist in the child, and the loop belongs to the parent.
            if self._loop is not None:
                self._loop.close()
            self._renew()


async def bounded_await(awaitable: Awaitable[Any], timeout: float | None) -> Any:  # noqa: ASYNC109
    """Return the result of `awaitable`; cancel it after `timeout` seconds.

    Raises:
        CallTimeoutError: `awaitable` was cancelled.
    """
    import asyncio  # noqa: PLC0415 - only programs that await need it

    try:
        async with asyncio.timeout(timeout) as bound:
            return await awaitable
    except TimeoutError:
        if not bound.expired():
            raise
        msg = f"call did not return within {timeout:g} s"
        raise CallTimeoutError(msg) from None


# The parent's loops, kept in the child of a fork. Closing such a loop would remove the parent's
# descriptors from the shared selector; garbage-collecting it would warn that it is not closed.
_left_to_parent: list[asyncio.AbstractEventLoop] = []


class _PrivateLoop:
    """An event loop that may be closed while another thread runs it."""

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415 - only programs that await need it

        self._loop = asyncio.new_event_loop()
        self._pid = os.getpid()
        self._in_use = threading.Lock()
        self._closing = False

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            with self._in_use:
                return self._loop.run_until_complete(coroutine)
        finally:
            if self._closing:
                self._close_unused()

    def close(self) -> None:
        """Close the loop now, or at the end of the call that it runs."""
        if self._pid != os.getpid():
            _left_to_parent.append(self._loop)
            return
        self._closing = True
        self._close_unused()

    def _close_unused(self) -> None:
        # Never released: only daemon threads of a process that is exiting can still want this loop;
        # they block until the process ends.
        if self._in_use.acquire(blocking=False):
            self._loop.close()
