"""Callbacks of an AsyncClient that are ``async def``, run on the loop on which they were given.

Most events happen on a worker thread. The worker waits for the callback, so it has run before a
``flush`` or ``shutdown`` returns that is awaited meanwhile; an event on the loop itself starts a task.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Final

from ..application_callbacks import is_async, refuse_async, without_awaitable

if TYPE_CHECKING:
    import asyncio

__all__ = ["usable_callback"]

logger: logging.Logger = logging.getLogger("flagengine.client")

# Seconds for which a worker waits for a callback; afterwards the callback goes on alone.
PATIENCE: Final = 5.0


def usable_callback(
    name: str, callback: Callable[..., Any], *, may_await: bool
) -> Callable[..., object]:
    """Return a function for a callback that is given as ``name`` of the table of callbacks.

    ``may_await`` is true on an AsyncClient.

    Raises:
        TypeError: the callback is ``async def``, and there is no running loop to await it.
    """
    loop = _running_loop() if may_await and is_async(callback) else None
    refuse_async(name, callback, on_a_loop=loop is not None)
    if loop is not None:
        return _LoopCallback(name, callback, loop)

    def called(*arguments: object) -> None:
        without_awaitable(name, callback(*arguments))

    return called


def _running_loop() -> asyncio.AbstractEventLoop | None:
    import asyncio  # noqa: PLC0415 - 40 ms that a synchronous program does not need

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _LoopCallback:
    """A function that runs a coroutine function on its loop."""

    def __init__(
        self,
        name: str,
        callback: Callable[..., Coroutine[Any, Any, object]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._name = name
        self._callback = callback
        self._loop = loop
        # The loop itself references its tasks weakly.
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_reported = False

    def __call__(self, *arguments: object) -> None:
        if _running_loop() is self._loop:
            task = self._loop.create_task(self._run(arguments))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif self._loop.is_running():
            self._run_there(arguments)
        elif not self._is_reported:
            self._is_reported = True
            logger.warning("%s was not called: its event loop has ended", self._name)

    def _run_there(self, arguments: tuple[object, ...]) -> None:
        import asyncio  # noqa: PLC0415 - loaded already

        running = self._run(arguments)
        try:
            future = asyncio.run_coroutine_threadsafe(running, self._loop)
        except RuntimeError:  # the loop was closed meanwhile
            running.close()
            return
        try:
            future.result(PATIENCE)
        except TimeoutError:
            logger.warning("%s takes longer than %g s; it goes on alone", self._name, PATIENCE)
        except CancelledError:
            logger.debug("%s was cancelled with its event loop", self._name)

    async def _run(self, arguments: tuple[object, ...]) -> None:
        try:
            await self._callback(*arguments)
        except Exception:
            logger.exception("a callback of the application failed (%s)", self._name)
