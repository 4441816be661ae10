"""News of changes for those who wait in the event loop: streams to browsers, and the page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Changes"]


class Changes:
    """Wakes whoever waits when answers may have changed. ``notify`` may be called by any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self.is_closed: bool = False
        """Whether the server stops, so that streams must end."""

    def begin(self) -> None:
        """Note the event loop that this is called in."""
        self._loop = asyncio.get_running_loop()

    def notify(self) -> None:
        """Wake all who wait; do nothing before ``begin`` and after the loop has ended."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Wake all who wait for the last time."""
        self.is_closed = True
        self._wake()

    @contextmanager
    def watched(self) -> Iterator[asyncio.Event]:
        """Give an event that every change sets; the watcher clears it."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            yield changed
        finally:
            self._waiting.discard(changed)

    def _wake(self) -> None:
        for changed in self._waiting:
            changed.set()
