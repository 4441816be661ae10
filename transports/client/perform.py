"""The performance of a blocking call on a thread, awaited by a task that may stop waiting.

If the task is cancelled, the call learns of it by its `Abandonment`, and its thread is soon free
again. If the loop is closed, the result is dropped without a word.
"""

from __future__ import annotations

import functools
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ..abandonment import CURRENT, Abandonment
from ..application_errors import as_exception
from ..daemon_threads import DaemonThreads
from ..errors import ClientBusyError
from ..steps import Call

if TYPE_CHECKING:
    import asyncio

__all__ = ["perform_on"]


async def perform_on(threads: DaemonThreads, call: Call, *, is_urgent: bool = False) -> Any:
    """Return the result of a call that runs on one of the threads.

    Raises:
        ClientBusyError: no thread became free in time.
    """
    import asyncio  # noqa: PLC0415 - 40 ms that a synchronous program does not need

    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[Any] = loop.create_future()
    abandonment, context = Abandonment(), copy_context()
    context.run(CURRENT.set, abandonment)
    function = functools.partial(context.run, call.function, *call.arguments)
    future = threads.submit(function, is_urgent=is_urgent)
    future.add_done_callback(functools.partial(_notify, loop, waiter))
    # Has no effect on a call that runs already.
    giving_up = loop.call_later(threads.patience, future.cancel)
    try:
        return await waiter
    except asyncio.CancelledError:
        future.cancel()
        abandonment.abandon()
        raise
    finally:
        giving_up.cancel()


def _notify(
    loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[Any], future: Future[Any]
) -> None:
    """Hand the result from the call's thread to the loop, which may be closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, waiter, future)


def _settle(waiter: asyncio.Future[Any], future: Future[Any]) -> None:
    if waiter.done():
        return
    if future.cancelled():
        waiter.set_exception(ClientBusyError("not sent: no thread of the client became free"))
        return
    error = future.exception()
    if error is None:
        waiter.set_result(future.result())
    else:
        waiter.set_exception(as_exception(error))
