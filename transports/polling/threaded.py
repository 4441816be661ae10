"""Loading definitions from a daemon thread: started at the first use, and again in a forked child.

Decides nothing: it ticks the loader when it is due. The thread holds its owner weakly, so that a
client that is forgotten without a shutdown takes its thread with it.
"""

from __future__ import annotations

import logging
import threading
import weakref
from time import monotonic

from .. import lifecycle
from .actions import Request
from .health import Health
from .loader import DefinitionLoader
from .policy import DEFAULT_INTERVAL
from .store import Published

__all__ = ["ThreadedLoader"]

_log = logging.getLogger("flagengine.definitions.model")

LONGEST_WAIT = 3600.0
STOP_TIMEOUT = 10.0


class ThreadedLoader:
    """Keeps `loader` up to date in the background. Safe to use from any thread."""

    def __init__(self, loader: DefinitionLoader) -> None:
        self.loader = loader
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._renew()
        lifecycle.watch(self)

    @property
    def current(self) -> Published:
        """The definitions in use; the first look starts the thread."""
        if self._thread is None and not self._stopped:
            self.start()
        return self.loader.store.current

    @property
    def is_ready(self) -> bool:
        """Whether definitions were loaded and there is at least one."""
        return self.loader.is_ready

    def health(self) -> Health:
        """Return how trustworthy the definitions in use are."""
        return self.loader.health()

    def start(self) -> None:
        """Start the thread, once; a stopped loader stays stopped."""
        with self._lock:
            if self._stopped or self._thread is not None:
                return
            thread = threading.Thread(
                target=_run,
                args=(weakref.ref(self), self._wake),
                name="flagengine-definitions",
                daemon=True,
            )
            try:
                thread.start()
            except RuntimeError:
                # No threads any more at interpreter shutdown; what is loaded stays readable.
                self._stopped = True
                return
            self._thread = thread

    def wait_until_ready(self, timeout: float | None = 30.0) -> bool:
        """Block until there are definitions to decide with; False when `timeout` seconds pass."""
        self.start()
        return self.loader.store.wait_until_ready(timeout)

    def request(self) -> Request:
        """Let the thread load now, unless the server asked us to hold back. Does not wait."""
        self.start()
        answer = self.loader.request()
        self._wake.set()
        return answer

    def reload(self, timeout: float | None = 10.0) -> bool:
        """Load now, or join the load under way; whether one ended well within `timeout` seconds.

        False at once while the server has asked us to hold back.
        """
        self.start()
        before = self.loader.finished_loads
        if self.loader.request() not in {Request.ACCEPTED, Request.JOINED}:
            return False
        self._wake.set()
        ended = self.loader.wait_for_load(before, timeout)
        return ended and self.loader.health().last_error is None

    def shutdown(self, timeout: float = STOP_TIMEOUT) -> None:
        """Stop for good, wait for a load under way, and release the cache. May be repeated.

        A load that takes longer than half of `timeout` is left to its daemon thread.
        """
        with self._lock:
            self._stopped = True
            thread = self._thread
        until = monotonic() + timeout
        self.loader.stop()
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout / 2)
        self.loader.shutdown(max(0.0, until - monotonic()))

    def after_fork(self) -> None:
        """In a forked child: fresh locks and no thread; the next use starts one."""
        self._renew()

    def at_exit(self, timeout: float) -> None:  # noqa: ARG002 - takes no time
        """Start no load while the interpreter ends."""
        self._stopped = True
        self.loader.stop()
        self._wake.set()

    def tick(self) -> float | None:
        """Do what is due; never raises, since there is nobody to raise to."""
        try:
            return self.loader.tick()
        except Exception:  # noqa: BLE001 - there is nobody to raise to
            _log.exception("Loading flag definitions failed unexpectedly")
            return DEFAULT_INTERVAL

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread = None
        # A forgotten owner: its thread finds the reference dead and ends.
        weakref.finalize(self, self._wake.set).atexit = False


def _run(owner: weakref.ref[ThreadedLoader], wake: threading.Event) -> None:
    while True:
        wake.clear()
        loader = owner()
        if loader is None or loader.loader.is_stopped:
            return
        delay = loader.tick()
        del loader
        wake.wait(LONGEST_WAIT if delay is None else min(delay, LONGEST_WAIT))
