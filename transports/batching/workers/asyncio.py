"""A task for each lane on the caller's event loop; what blocks runs in the loop's executor.

No thread of ours is started: the executor's are the loop's, and they end with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from .base import Steps

__all__ = ["AsyncioDriver"]


class AsyncioDriver:
    """Belongs to one loop, the running one by default."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._news: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def attach(self, steps: Steps) -> None:
        """The pipeline whose lanes are to be worked on."""
        self._steps = steps

    def wake(self, lane: str) -> None:
        """Start the lane's task, or rouse it; from any thread."""
        # A closed loop carries out nothing more: flush() and shutdown() do it then.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._rouse, lane)

    def drives(self, lane: str) -> bool:  # noqa: ARG002
        """Whether the loop runs, in another thread than the caller's."""
        return self._loop.is_running() and not self._is_loop_thread()

    def is_worker(self) -> bool:
        """Callbacks run in the executor, where waiting is allowed."""
        return False

    def pause(self, seconds: float) -> None:
        """Sleep. Called on the loop's own thread this blocks the loop: use ``to_thread``."""
        time.sleep(seconds)

    def stop(self) -> None:
        """Cancel the tasks."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._cancel)

    def forget(self) -> None:
        """The loop did not survive the fork."""
        self._news, self._tasks = {}, {}

    def _cancel(self) -> None:
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()

    def _rouse(self, lane: str) -> None:
        if lane not in self._tasks or self._tasks[lane].done():
            self._news[lane] = asyncio.Event()
            self._tasks[lane] = self._loop.create_task(self._run(lane), name=f"flagengine-{lane}")
        self._news[lane].set()

    async def _run(self, lane: str) -> None:
        news = self._news[lane]
        while True:
            news.clear()
            if await asyncio.to_thread(self._steps.step, lane):
                continue
            wait = self._steps.seconds_until_due(lane)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), wait)

    def _is_loop_thread(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False
