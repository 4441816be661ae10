"""Loading definitions from a task on an event loop.

Decides nothing: it ticks the loader when it is due. A synchronous source runs on a thread
meanwhile, a coroutine one on the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from .. import lifecycle
from .actions import Request
from .health import Health
from .loader import DefinitionLoader
from .policy import DEFAULT_INTERVAL
from .store import Published

__all__ = ["AsyncLoader"]

_log = logging.getLogger("flagengine.definitions.model")

LONGEST_WAIT = 3600.0


class AsyncLoader:
    """Keeps `loader` up to date while an event loop runs. To be used from that loop."""

    def __init__(self, loader: DefinitionLoader) -> None:
        self.loader = loader
        self._stopped = False
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        lifecycle.watch(self)

    @property
    def current(self) -> Published:
        """The definitions in use."""
        return self.loader.store.current

    @property
    def is_ready(self) -> bool:
        """Whether definitions were loaded and there is at least one."""
        return self.loader.is_ready

    def health(self) -> Health:
        """Return how trustworthy the definitions in use are."""
        return self.loader.health()

    def start(self) -> None:
        """Start the task on the running loop; once for each loop, and not after a shutdown."""
        loop = asyncio.get_running_loop()
        task = self._task
        if self._stopped or (task is not None and not task.done() and task.get_loop() is loop):
            return
        # These bind to the loop they are first waited on.
        self._wake, self._ended = asyncio.Event(), asyncio.Event()
        self._task = loop.create_task(self._run(), name="flagengine-definitions")

    async def wait_until_ready(self, timeout: float | None = 30.0) -> bool:  # noqa: ASYNC109
        """Wait until there are definitions to decide with; False when `timeout` seconds pass."""
        self.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not self.is_ready:
                    await self._ended.wait()
        return self.is_ready

    async def reload(self, timeout: float | None = 10.0) -> bool:  # noqa: ASYNC109
        """Load now, or join the load under way; whether one ended well within `timeout` seconds."""
        self.start()
        before = self.loader.finished_loads
        if self.loader.request() not in {Request.ACCEPTED, Request.JOINED}:
            return False
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self.loader.finished_loads <= before:
                    await self._ended.wait()
        return self.loader.finished_loads > before and self.health().last_error is None

    async def shutdown(self) -> None:
        """Stop for good, end the task, and release the cache. May be repeated."""
        self._stopped = True
        task, self._task = self._task, None
        if task is not None and task.get_loop() is asyncio.get_running_loop():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.loader.shutdown_async()

    def after_fork(self) -> None:
        """In a forked child: no task; ``start`` makes one on the child's loop."""
        self._task = None

    def at_exit(self, timeout: float) -> None:
        """Nothing to do: its loop has ended before."""

    async def _run(self) -> None:
        while not self.loader.is_stopped:
            self._wake.clear()
            delay = await self._tick()
            ended, self._ended = self._ended, asyncio.Event()
            ended.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_WAIT if delay is None else delay):
                    await self._wake.wait()

    async def _tick(self) -> float | None:
        try:
            return await self.loader.tick_async()
        except Exception:  # noqa: BLE001 - there is nobody to raise to
            _log.exception("Loading flag definitions failed unexpectedly")
            return DEFAULT_INTERVAL
