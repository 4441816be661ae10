"""One load of definitions from beginning to end, and the states it can leave behind.

Ties the poller (which decides), the source (which fetches), the cache provider (which shares) and
the store (which publishes) together. Starts no thread: `tick` does what is due, on whatever thread
or task calls it. ``threaded.py`` and ``asynchronous.py`` call it for you.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import lifecycle
from ..callers import SyncCaller
from ..clock import Clock, SystemClock
from ..steps import Steps, run_steps, run_steps_async
from .actions import Action, Fetch, Publish, Refresh, Request
from .answers import Answer, Document, Failed, FailureKind
from .documents import as_definitions
from .health import Health, LoadError, StalenessBudget, assess
from .policy import PollPolicy
from .poller import Poller
from .publisher import Publisher
from .sources.base import DefinitionSource
from .sources.cache import (
    OPERATION_TIMEOUT,
    FlagDefinitionCacheProvider,
    Obtained,
    confirm_in_cache,
    obtain,
    shut_down_cache,
    store_in_cache,
)
from .store import DefinitionStore, Published, publication

if TYPE_CHECKING:
    from .awaiting import AsyncCaller

__all__ = ["DefinitionLoader"]


class DefinitionLoader:
    """Keeps a store up to date, one `tick` at a time; for serverless and tests as it is.

    Args:
        source: where definitions come from; None: only what `cache` holds.
        cache: shares definitions with other processes.
        policy: how often to look.
        budget: how old definitions may get before their health says so.
        store: where they are published; a new one unless given.
        clock: the time.
        on_failure: told of every failed load.
    """

    def __init__(
        self,
        source: DefinitionSource | None,
        *,
        cache: FlagDefinitionCacheProvider | None = None,
        policy: PollPolicy | None = None,
        budget: StalenessBudget | None = None,
        store: DefinitionStore | None = None,
        clock: Clock | None = None,
        on_failure: Callable[[LoadError], object] | None = None,
    ) -> None:
        self.store = store or DefinitionStore()
        self._source = source
        self._cache = cache
        self._budget = budget or StalenessBudget()
        self._clock = clock or SystemClock()
        self._poller = Poller(policy)
        self._publisher = Publisher(self.store, self._clock, on_failure)
        self._sync_caller = SyncCaller()
        self._async_caller: AsyncCaller | None = None
        self._finished = 0
        self._is_released = False
        self._renew_locks()
        lifecycle.watch(self)

    @property
    def current(self) -> Published:
        """The definitions in use."""
        return self.store.current

    @property
    def is_ready(self) -> bool:
        """Whether definitions were loaded and there is at least one."""
        return self.store.current.is_ready

    @property
    def is_stopped(self) -> bool:
        """Whether it has been shut down."""
        return self._poller.stopped

    @property
    def finished_loads(self) -> int:
        """How many loads have ended, well or not."""
        return self._finished

    def health(self) -> Health:
        """Return how trustworthy the definitions in use are."""
        return assess(
            self.store.current,
            self._budget,
            now=self._clock.monotonic(),
            failures=self._poller.failures,
            last_error=self._publisher.last_error,
        )

    def tick(self) -> float | None:
        """Load if a load is due; return the seconds until the next one, None: when asked to."""
        fetch = self._next_fetch()
        if fetch is not None:
            run_steps(self._load(fetch), self._sync_caller)
        return self.seconds_until_due()

    async def tick_async(self) -> float | None:
        """As `tick`, on an event loop; a synchronous source runs on a thread meanwhile."""
        fetch = self._next_fetch()
        if fetch is not None:
            await run_steps_async(self._load(fetch), self._on_loop())
        return self.seconds_until_due()

    def seconds_until_due(self) -> float | None:
        """Return how long nothing needs to be done; None: until someone asks."""
        with self._lock:
            if self._poller.stopped or self._poller.fetching:
                return None
            due = self._poller.due
        return 0.0 if due is None else max(0.0, due - self._clock.monotonic())

    def request(self) -> Request:
        """Make the next load due now, unless the server asked us to hold back."""
        with self._lock:
            return self._poller.request(self._clock.monotonic())

    def publish(self, document: Document) -> Published:
        """Put definitions into use that came by another way; a load that is under way is ignored.

        Raises:
            MalformedDefinitionsError, SnapshotError: it is no definitions document.
        """
        prepared = publication(as_definitions(document))
        with self._lock:
            generation = self._poller.published()
        return self._publisher.publish(prepared, generation)

    def wait_for_load(self, after: int, timeout: float | None) -> bool:
        """Block until more than `after` loads have ended; False when `timeout` seconds pass."""
        with self._ended:
            return self._ended.wait_for(lambda: self._finished > after, timeout)

    def stop(self) -> None:
        """Load no more, for good; what is loaded stays in use."""
        with self._lock:
            self._poller.stop()
        self.store.close()

    def shutdown(self, timeout: float = OPERATION_TIMEOUT) -> None:
        """Stop for good, and let the cache release what it holds; may be repeated."""
        self.stop()
        if self._cache is not None and self._take_release():
            bound = min(timeout, OPERATION_TIMEOUT)
            run_steps(shut_down_cache(self._cache, bound), self._sync_caller)
        self._sync_caller.close()

    async def shutdown_async(self) -> None:
        """As `shutdown`, on an event loop."""
        self.stop()
        if self._cache is not None and self._take_release():
            await run_steps_async(shut_down_cache(self._cache), self._on_loop())

    def after_fork(self) -> None:
        """Make usable in a forked child what its parent left: locks, and a load in mid-air."""
        self._renew_locks()
        self.store.renew_locks()
        self._poller.abandon()

    def at_exit(self, timeout: float) -> None:
        """Nothing here is lost at exit; a cache's turn ends by itself, ``shutdown`` is quicker."""

    def _on_loop(self) -> AsyncCaller:
        from .awaiting import AsyncCaller  # noqa: PLC0415 - imports asyncio

        self._async_caller = self._async_caller or AsyncCaller()
        return self._async_caller

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()
        self._ended = threading.Condition(threading.Lock())

    def _take_release(self) -> bool:
        """Whether the caller is the one who releases the cache: true once."""
        with self._lock:
            first, self._is_released = not self._is_released, True
            return first

    def _next_fetch(self) -> Fetch | None:
        with self._lock:
            step = self._poller.poll(self._clock.monotonic())
        return step if isinstance(step, Fetch) else None

    def _load(self, fetch: Fetch) -> Steps[None]:
        action: Action | None = None
        try:
            obtained = yield from self._obtain(fetch)
            action = self._take(fetch, obtained.answer)
            if self._cache is not None and obtained.is_ours_to_share:
                yield from self._share(self._cache, action)
        finally:
            self._end(fetch, answered=action is not None)

    def _obtain(self, fetch: Fetch) -> Steps[Obtained]:
        try:
            return (
                yield from obtain(self._source, self._cache, fetch.version, loaded=fetch.loaded)
            )
        except Exception as error:  # noqa: BLE001 - a source may raise anything
            # Its message may hold an address with a password in it.
            message = f"the source raised {type(error).__name__}"
            return Obtained(Failed(FailureKind.SOURCE, message))

    def _take(self, fetch: Fetch, answer: Answer) -> Action:
        answer, prepared = self._publisher.prepare(answer)
        with self._lock:
            action = self._poller.answered(fetch.generation, answer, self._clock.monotonic())
        # Outside the lock, for it tells listeners; the store itself refuses what is outdated.
        self._publisher.apply(action, prepared)
        return action

    def _share(self, cache: FlagDefinitionCacheProvider, action: Action) -> Steps[None]:
        if isinstance(action, Publish):
            yield from store_in_cache(cache, action.loaded.document)
        elif isinstance(action, Refresh):
            yield from confirm_in_cache(cache)

    def _end(self, fetch: Fetch, *, answered: bool) -> None:
        if not answered:
            # Interrupted or cancelled: the machine must not wait for an answer for ever.
            with self._lock:
                self._poller.abandon(fetch.generation)
        with self._ended:
            self._finished += 1
            self._ended.notify_all()
