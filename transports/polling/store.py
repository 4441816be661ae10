"""The definitions in use: one immutable object, swapped whole.

A reader takes `store.current` once and works with that object, which never changes; so no reader
sees half an update. Listeners are called after the swap, on the thread that published. Nothing here
fetches, polls or reads a clock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from flagengine import Snapshot

from ..abandonment import wait_for
from ..application_errors import application_errors, log_error
from ..derived import Derived

__all__ = ["DefinitionStore", "DefinitionsChanged", "Listener", "Published"]

_log = logging.getLogger("flagengine.definitions")

_NOTHING = Snapshot.parse({"flags": []})


@dataclass(frozen=True, slots=True)
class Published:
    """One published state.

    Attributes:
        snapshot: the definitions; None before the first load and after they were cleared.
        version: the source's name for this state (an ETag).
        generation: grows with every publication; an older one never replaces a newer one.
        refresh: grows with every successful load, "unchanged" included. The client remembers that
            a flag is missing for one refresh only.
        loaded_at: wall-clock seconds when this content arrived.
        refreshed_at: monotonic seconds when the server last sent or confirmed this content, as far as is known;
            else of the last successful load.
    """

    snapshot: Snapshot | None = None
    version: str | None = None
    generation: int = 0
    refresh: int = 0
    loaded_at: float | None = None
    refreshed_at: float | None = None

    @property
    def fingerprint(self) -> str | None:
        """The hash of the content: the same for equal definitions, in every process."""
        return None if self.snapshot is None else self.snapshot.fingerprint

    @property
    def minimal_flag_called_events(self) -> bool:
        """Whether the server asks for short `$feature_flag_called` events."""
        return self.snapshot is not None and self.snapshot.minimal_flag_called_events

    @property
    def flag_count(self) -> int:
        """How many flags are defined."""
        return 0 if self.snapshot is None else len(self.snapshot.flags)

    @property
    def is_ready(self) -> bool:
        """Whether definitions are loaded and there is at least one flag."""
        return self.flag_count > 0


@dataclass(frozen=True)
class DefinitionsChanged:
    """A listener's argument, after new content and after the definitions were cleared."""

    previous: Published
    current: Published

    @cached_property
    def changed_keys(self) -> frozenset[str]:
        """The keys of the flags whose answers may have changed; computed at the first access."""
        current, previous = self.current.snapshot, self.previous.snapshot
        return (current or _NOTHING).changed_keys(previous or _NOTHING)

    @property
    def is_cleared(self) -> bool:
        """Whether the definitions were taken out of use (a refused key, an exhausted quota)."""
        return self.current.snapshot is None


Listener: TypeAlias = Callable[[DefinitionsChanged], object]


class DefinitionStore:
    """A store of the current state. Reading takes no lock. ``reads`` is derived from the snapshot."""

    def __init__(self, reads: Derived[Any] | None = None) -> None:
        self._reads: Derived[Any] = reads or Derived()
        self._current = Published()
        self._listeners: tuple[Listener, ...] = ()
        self._is_closed = False
        self.renew_locks()

    @property
    def current(self) -> Published:
        """The state in use."""
        return self._current

    def publish(self, new: Published) -> Published:
        """Put `new` into use unless a newer generation is in use; return the state in use."""
        with self._lock:
            previous = self._current
            if new.generation < previous.generation:
                return previous
            current = replace(new, refresh=previous.refresh + 1)
            with self._reads.changing():
                self._current = current
            self._readiness.notify_all()
        self._notify(previous, current)
        return current

    def refresh(self, *, generation: int, version: str | None, at: float) -> Published:
        """Note that the definitions in use are still the latest."""
        with self._lock:
            previous = self._current
            if generation < previous.generation:
                return previous
            self._current = replace(
                previous,
                version=version,
                generation=generation,
                refresh=previous.refresh + 1,
                refreshed_at=at,
            )
            return self._current

    def clear(self, *, generation: int) -> None:
        """Take the definitions out of use."""
        with self._lock:
            previous = self._current
            if generation < previous.generation:
                return
            current = Published(generation=generation, refresh=previous.refresh)
            with self._reads.changing():
                self._current = current
        self._notify(previous, current)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change from now on; return a function that unsubscribes it."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(kept for kept in self._listeners if kept is not listener)

        return unsubscribe

    def wait_until_ready(self, timeout: float | None) -> bool:
        """Block until definitions are loaded, for at most `timeout` seconds.

        Return whether there are flags in them.
        """
        with self._readiness:
            is_over = lambda: self._has_definitions or self._is_closed  # noqa: E731
            wait_for(self._readiness, is_over, timeout)
            return self._current.is_ready

    @property
    def _has_definitions(self) -> bool:
        return self._current.snapshot is not None

    def close(self) -> None:
        """Wake all waiting threads: no more definitions will be published."""
        with self._lock:
            self._is_closed = True
            self._readiness.notify_all()

    def renew_locks(self) -> None:
        """Replace the locks, which threads of the parent process may have held at the fork."""
        self._lock = threading.RLock()
        self._readiness = threading.Condition(self._lock)

    def _notify(self, previous: Published, current: Published) -> None:
        change = DefinitionsChanged(previous, current)
        for listener in self._listeners:
            try:
                listener(change)
            except application_errors():
                log_error(_log, "A listener for changed flag definitions raised")
