"""The definitions in use: one immutable object, swapped whole.

A reader takes `store.current` once and works with that; it never sees half an update, and what it
holds never changes under it. Listeners are told which flags changed, after the swap, on the thread
that published. Nothing here fetches, polls or reads a clock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from flagengine import Snapshot

from .answers import Document
from .changes import DefinitionIndex, changed_keys, index_definitions

__all__ = ["DefinitionStore", "DefinitionsChanged", "Listener", "Published", "publication"]

_log = logging.getLogger("flagengine.definitions.model")


@dataclass(frozen=True, slots=True)
class Published:
    """One published state.

    Attributes:
        snapshot: the definitions; None before the first load and after they were cleared.
        version: the source's name for this state (an ETag).
        generation: grows with every publication; an older one never replaces a newer one.
        refresh: grows with every successful look, "unchanged" included. What was learnt about
            missing flags holds for one refresh only.
        loaded_at: wall-clock seconds when this content arrived.
        refreshed_at: monotonic seconds of the last successful look.
        minimal_flag_called_events: the server's gate for short `$feature_flag_called` events.
    """

    snapshot: Snapshot | None = None
    version: str | None = None
    generation: int = 0
    refresh: int = 0
    loaded_at: float | None = None
    refreshed_at: float | None = None
    minimal_flag_called_events: bool = False
    index: DefinitionIndex = field(default_factory=DefinitionIndex, repr=False)

    @property
    def fingerprint(self) -> str | None:
        """The content's name: equal for equal definitions, in every process."""
        return None if self.snapshot is None else self.snapshot.fingerprint

    @property
    def flag_count(self) -> int:
        """How many flags are defined."""
        return 0 if self.snapshot is None else len(self.snapshot.flags)

    @property
    def is_ready(self) -> bool:
        """Whether anything can be decided with it: loaded, and not empty."""
        return self.flag_count > 0


@dataclass(frozen=True, slots=True)
class DefinitionsChanged:
    """What a listener is told: of new content, and of every time that it is cleared."""

    previous: Published
    current: Published
    changed_keys: frozenset[str]

    @property
    def is_cleared(self) -> bool:
        """Whether the definitions were taken out of use (a refused key, an exhausted quota)."""
        return self.current.snapshot is None


Listener: TypeAlias = Callable[[DefinitionsChanged], object]


def publication(document: Document, *, version: str | None = None) -> Published:
    """Return the state that publishes `document`; its generation and times are still to be set.

    Raises:
        SnapshotError: `document` is no definitions document at all.
    """
    return Published(
        snapshot=Snapshot.parse(document),
        version=version,
        minimal_flag_called_events=document.get("minimal_flag_called_events") is True,
        index=index_definitions(document),
    )


class DefinitionStore:
    """Holds the current state; see the module. Reading takes no lock."""

    def __init__(self) -> None:
        self._current = Published()
        self._listeners: tuple[Listener, ...] = ()
        self._is_closed = False
        self.renew_locks()

    @property
    def current(self) -> Published:
        """The state in use."""
        return self._current

    def publish(self, new: Published) -> Published:
        """Put `new` into use unless something newer is; return what is in use afterwards."""
        with self._lock:
            previous = self._current
            if new.generation < previous.generation:
                return previous
            current = replace(new, refresh=previous.refresh + 1)
            self._current = current
            self._readiness.notify_all()
        self._tell(previous, current)
        return current

    def refresh(self, *, generation: int, version: str | None, at: float) -> Published:
        """Note that what is in use was found to hold still."""
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
            self._current = current
        self._tell(previous, current)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every change from now on; return what ends that."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(kept for kept in self._listeners if kept is not listener)

        return unsubscribe

    def wait_until_ready(self, timeout: float | None) -> bool:
        """Block until there are definitions to decide with; False when `timeout` seconds pass."""
        with self._readiness:
            self._readiness.wait_for(lambda: self._current.is_ready or self._is_closed, timeout)
            return self._current.is_ready

    def close(self) -> None:
        """Let nobody wait any longer: there will be no more publications."""
        with self._lock:
            self._is_closed = True
            self._readiness.notify_all()

    def renew_locks(self) -> None:
        """Replace the locks: in a forked child they may be held by threads that do not exist."""
        self._lock = threading.RLock()
        self._readiness = threading.Condition(self._lock)

    def _tell(self, previous: Published, current: Published) -> None:
        change = DefinitionsChanged(previous, current, changed_keys(previous.index, current.index))
        for listener in self._listeners:
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - a callback may raise anything
                _log.exception("A listener for changed flag definitions raised")
