"""The loader of flag definitions: connects the poller, the source, the cache and the publisher.

The poller decides when to load, the source fetches, the cache shares definitions with other
processes, and the publisher puts definitions into use. The loader starts no thread: its driver does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from flagengine import Snapshot

from .. import fork_and_exit
from ..abandonment import wait_for
from ..application_errors import application_errors, log_error
from ..callers import SyncCaller
from ..clock import Clock, SystemClock
from ..derived import Derived
from ..option_values.quantities import read_timeout
from ..steps import Call
from .actions import Fetch, PollAction, ReloadReply
from .fetch_results import DefinitionsDocument, Failed, FailureKind, FetchResult
from .health import Health, LoadError, StalenessBudget, assess
from .policy import PollPolicy
from .poll_driver import ManualPollDriver, PollDriver
from .poller import Poller
from .publisher import Publisher
from .sources.base import DefinitionSource
from .sources.cache import FlagDefinitionCacheProvider, SharedSource
from .store import DefinitionStore, Published

__all__ = ["DefinitionLoader"]

_log = logging.getLogger("flagengine.definitions")

SHUTDOWN_TIMEOUT = 10.0


class DefinitionLoader:
    """A loader that keeps a store up to date. Safe to use from any thread.

    Args:
        source: where definitions come from; None: only from `cache`.
        cache: the cache that shares definitions with other processes.
        driver: what loads: a ``ThreadPollDriver``, or by default only the caller.
        policy: how often to poll.
        budget: the age at which `health` reports the definitions as stale or expired.
        clock: the source of the time.
        on_failure: called with every failed load.
        on_recovery: called after the first successful load that follows failed loads.
        reads: what is derived from the definitions in use.

    Raises:
        ValueError: neither a source nor a cache was given.
    """

    def __init__(
        self,
        source: DefinitionSource | None,
        *,
        cache: FlagDefinitionCacheProvider | None = None,
        driver: PollDriver | None = None,
        policy: PollPolicy | None = None,
        budget: StalenessBudget | None = None,
        clock: Clock | None = None,
        on_failure: Callable[[LoadError], object] = lambda _error: None,
        on_recovery: Callable[[], object] = lambda: None,
        reads: Derived[Any] | None = None,
    ) -> None:
        if source is None and cache is None:
            msg = "a loader of definitions must have a source or a cache, got neither"
            raise ValueError(msg)
        self.store: DefinitionStore = DefinitionStore(reads)
        self._source: Any = source
        self._caller = SyncCaller()
        self._shared = SharedSource(source, cache, self._caller) if cache is not None else None
        self._driver = driver or ManualPollDriver()
        self._budget = budget or StalenessBudget()
        self._clock = clock or SystemClock()
        policy = policy or PollPolicy()
        self._interval = policy.interval
        self._poller = Poller(policy)
        self._publisher = Publisher(self.store, self._clock, on_failure, on_recovery)
        self._finished_loads = 0
        # Until when first reads wait, in real time; None: no flag was read yet.
        self._first_reads_until: float | None = None
        self._loading_thread: int | None = None
        self.is_started: bool = False
        self._is_released = False
        self._renew_locks()
        self._driver.attach(self)
        fork_and_exit.watch(self)

    @property
    def current(self) -> Published:
        """The definitions in use; the first access starts the driver."""
        if not self.is_started:
            self.start()
        return self.store.current

    @property
    def is_ready(self) -> bool:
        """Whether definitions are loaded and there is at least one flag."""
        return self.store.current.is_ready

    @property
    def is_stopped(self) -> bool:
        """Whether the loader has been stopped for good."""
        return self._poller.stopped

    @property
    def is_manual(self) -> bool:
        """Whether only the caller loads."""
        return not self._driver.works_in_background

    def health(self) -> Health:
        """Return the health of the definitions in use."""
        return assess(
            self.store.current,
            self._budget,
            now=self._clock.monotonic(),
            failures=self._poller.failures,
            last_error=self._publisher.last_error,
        )

    def start(self) -> None:
        """Start the driver once, and again if its thread has ended; do nothing after `stop`."""
        self.is_started = self.is_stopped or self._driver.start()

    def tick(self) -> float | None:
        """Load if a load is due; return the seconds until the next load, None: until requested.

        Raises nothing that ends here (see ``application_errors``), because a driver could not handle it.
        """
        try:
            with self._lock:
                step = self._poller.poll(self._clock.monotonic())
            if isinstance(step, Fetch):
                self._load(step)
        except application_errors():
            log_error(_log, "Loading flag definitions failed unexpectedly")
            return self._seconds_until_due() or self._interval
        return self._seconds_until_due()

    def request(self) -> ReloadReply:
        """Make a load due now, unless the server has asked for a pause; do not wait for the load."""
        self.start()
        with self._lock:
            reply = self._poller.request(self._clock.monotonic())
        self._driver.wake()
        return reply

    def reload(self, timeout: float | None = 10.0) -> bool:
        """Load now, or join a load in progress; return whether it succeeded within `timeout` seconds.

        Returns False at once while the server has asked for a pause.
        """
        limit = read_timeout(timeout)
        before = self._finished_loads
        if self.request() not in {ReloadReply.ACCEPTED, ReloadReply.JOINED}:
            return False
        return self._wait_for_load(before, limit) and self._publisher.last_error is None

    def wait_until_ready(self, timeout: float | None = 30.0) -> bool:
        """Block until definitions are loaded, for at most `timeout` seconds.

        Return whether there are flags in them. With a manual driver, load if a load is due and do not wait.
        """
        limit = read_timeout(timeout)
        self.start()
        return self.store.wait_until_ready(self._load_or_wait(limit))

    @property
    def is_awaited(self) -> bool:
        """Whether a read should wait for the first load: none has ended, and the time is not up."""
        is_first = self._finished_loads == 0 and self.store.current.snapshot is None
        if not is_first or self.is_stopped or self._loading_thread == threading.get_ident():
            return False
        until = self._first_reads_until
        return until is None or monotonic() < until

    def await_first_load(self, timeout: float) -> None:
        """Block until the first load has ended, at most until `timeout` seconds after the first call.

        With a manual driver, load if no other thread does.
        """
        self.start()
        if self.is_manual:
            self.tick()
        with self._load_ended:
            if self._first_reads_until is None:
                self._first_reads_until = monotonic() + timeout
            left = self._first_reads_until - monotonic()
            wait_for(self._load_ended, lambda: not self.is_awaited, max(0.0, left))

    def publish(self, document: DefinitionsDocument) -> Published:
        """Put definitions from the caller into use; ignore the result of a fetch in progress.

        Raises:
            SnapshotError: `document` is no definitions document.
        """
        previous = self.store.current.snapshot
        prepared = Published(Snapshot.parse(document, previous=previous))
        with self._lock:
            generation = self._poller.published()
        return self._publisher.publish(prepared, generation)

    def stop(self) -> None:
        """Stop loading for good; the loaded definitions stay in use."""
        with self._lock:
            self._poller.stop()
        self.store.close()
        with self._load_ended:
            self._load_ended.notify_all()

    def shutdown(self, timeout: float | None = SHUTDOWN_TIMEOUT) -> None:
        """Stop for good, and shut the cache down; a second call does nothing more.

        Wait for a load in progress for at most half of `timeout`; its daemon thread then ends alone.
        """
        limit = read_timeout(timeout)
        until = monotonic() + limit
        self.stop()
        self._driver.stop(limit / 2)
        if self._shared is not None and self._is_first_shutdown():
            self._shared.shutdown(max(0.0, until - monotonic()))
        self._caller.close()

    def after_fork(self) -> None:
        """Renew the locks in a forked child, and forget a load in progress."""
        self._renew_locks()
        self._first_reads_until = self._loading_thread = None
        self.store.renew_locks()
        self._poller.abandon()
        self._driver.forget()
        self.is_started = False

    def at_exit(self, timeout: float) -> None:  # noqa: ARG002 - takes no time
        """Start no load while the interpreter exits; leave the cache, whose lock expires by itself."""
        self.stop()
        self._driver.stop(0.0)

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()
        self._load_ended = threading.Condition()

    def _is_first_shutdown(self) -> bool:
        with self._lock:
            is_first, self._is_released = not self._is_released, True
            return is_first

    def _seconds_until_due(self) -> float | None:
        with self._lock:
            if self._poller.stopped or self._poller.fetching:
                return None
            due = self._poller.due
        return 0.0 if due is None else max(0.0, due - self._clock.monotonic())

    def _load_or_wait(self, timeout: float) -> float:
        """Load if the driver is manual; return how long to wait for another thread's load."""
        if not self.is_manual:
            return timeout
        self.tick()
        return 0.0

    def _wait_for_load(self, before: int, timeout: float) -> bool:
        """Return whether more than `before` loads have ended within `timeout` seconds."""
        patience = self._load_or_wait(timeout)
        with self._load_ended:
            return wait_for(self._load_ended, lambda: self._finished_loads > before, patience)

    def _load(self, fetch: Fetch) -> None:
        action: PollAction | None = None
        self._loading_thread = threading.get_ident()
        try:
            action = self._take(fetch, self._fetch(fetch))
            if self._shared is not None:
                self._shared.share(action)
        finally:
            self._end(fetch, is_answered=action is not None)

    def _fetch(self, fetch: Fetch) -> FetchResult:
        try:
            if self._shared is not None:
                return self._shared.fetch(fetch.version, loaded=fetch.loaded)
            result: FetchResult = self._caller(Call(self._source.fetch, (fetch.version,)))
        except application_errors() as error:
            # The exception's message may contain a URL with a password.
            return Failed(FailureKind.SOURCE, f"the source raised {type(error).__name__}")
        return result

    def _take(self, fetch: Fetch, result: FetchResult) -> PollAction:
        result, prepared = self._publisher.prepare(result)
        if isinstance(result, Failed) and self._shared is not None and not fetch.loaded:
            result, prepared = self._publisher.prepare(self._shared.in_place_of(result))
        with self._lock:
            action = self._poller.fetched(fetch.generation, result, self._clock.monotonic())
        # Outside the lock, because it calls listeners; the store refuses outdated definitions.
        self._publisher.apply(action, prepared)
        return action

    def _end(self, fetch: Fetch, *, is_answered: bool) -> None:
        if not is_answered:
            # The load was interrupted: without this, the poller would wait for its result forever.
            with self._lock:
                self._poller.abandon(fetch.generation)
        with self._load_ended:
            self._loading_thread = None
            self._finished_loads += 1
            self._load_ended.notify_all()
