"""The overrides of a client's flags, in layers of which the later wins.

1. The values for development, from a file or the environment, for the whole client.
2. The values of ``override_feature_flags``, for the whole client.
3. The blocks of ``overridden_flags(..., all_threads=True)``, for the whole client while they last.
4. The values that open scopes force, for all clients of the process: see ``scopes``.
5. The other blocks of ``overridden_flags``, for the thread or task that began them. They are in a
   context variable, so a task that starts inside a block keeps the block's overrides.

Within a layer, the block that began last wins. A block adds its own contribution and takes away no
other, so blocks may end in any order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container
from contextvars import ContextVar, Token
from typing import Any, Final, TypeAlias

from flagengine import Overrides

from ..derived import Derived
from .scopes import forced_here, scopes

__all__ = ["Contribution", "OverrideLayers", "innermost_here"]


class Contribution:
    """The overrides that one use of a block adds; compared by identity.

    ``token`` is None if the contribution is to the whole client.
    """

    __slots__ = ("is_ended", "layers", "overrides", "token")

    def __init__(self, layers: OverrideLayers, overrides: Overrides) -> None:
        self.layers: OverrideLayers = layers
        self.overrides: Overrides = overrides
        self.token: Token[_Contributions] | None = None
        self.is_ended: bool = False


_Contributions: TypeAlias = tuple[Contribution, ...]

# The contributions in this thread or task, to all clients.
_here: Final[ContextVar[_Contributions]] = ContextVar("flagengine_overrides", default=())


class OverrideLayers:
    """The layers of one client. Thread-safe.

    ``for_development`` has the values for development, which nothing changes.
    ``has_blocks`` is whether there ever was a block: then ``current`` is not the same everywhere.
    ``reads`` is derived from ``has_blocks`` and from the overrides of the whole client.
    """

    def __init__(
        self, for_development: Overrides | None = None, *, reads: Derived[Any] | None = None
    ) -> None:
        self._reads: Derived[Any] = reads or Derived()
        self._for_development = for_development or Overrides()
        self._asked_for = Overrides()
        self._of_client = self._for_development
        self._of_all_threads: _Contributions = ()
        # Only clients that ever had a block read the context variable.
        self.has_blocks: bool = False
        self._lock = threading.Lock()

    @property
    def current(self) -> Overrides:
        """The overrides that are in force in this thread or task."""
        if not self.has_blocks and not scopes:
            return self._of_client
        combined = self._combined(self._of_client, self._of_all_threads)
        return self._combined(combined | forced_here(), _here.get())

    def _combined(self, combined: Overrides, blocks: _Contributions) -> Overrides:
        for block in blocks:
            if block.layers is self and not block.is_ended:
                combined |= block.overrides
        return combined

    @property
    def are_for_unusable(self) -> bool:
        """Whether there are values that a client gives although it has no key or is disabled."""
        return bool(self._for_development or (scopes and forced_here()))

    @property
    def of_client(self) -> Overrides:
        """The overrides of the whole client, without those of blocks."""
        return self._of_client

    def change(self, changed: Callable[[Overrides], Overrides]) -> None:
        """Replace the overrides of the whole client."""
        with self._lock:
            asked_for = changed(self._asked_for)
            with self._reads.changing():
                self._asked_for = asked_for
                self._of_client = self._for_development | asked_for

    def begin(self, overrides: Overrides, *, all_threads: bool) -> Contribution:
        """Add overrides, to this thread or task or to the whole client."""
        if not self.has_blocks:
            with self._reads.changing():
                self.has_blocks = True
        added = Contribution(self, overrides)
        if not all_threads:
            added.token = _here.set((*_without(_here.get()), added))
            return added
        with self._lock:
            self._of_all_threads = (*self._of_all_threads, added)
        return added

    def end(self, ended: Contribution) -> None:
        """Take the overrides of ``begin`` away.

        In another thread or task than the one that began, also end them there.
        """
        if ended.token is None:
            with self._lock:
                self._of_all_threads = _without(self._of_all_threads, ended)
            return
        here = _here.get()
        try:
            _here.reset(ended.token)
        except ValueError:
            ended.is_ended = True
        _here.set(_without(here, ended))

    def after_fork(self) -> None:
        """Renew the lock in a forked child."""
        self._lock = threading.Lock()


def innermost_here(begun: Container[Contribution]) -> Contribution | None:
    """Return the last of these contributions that is in force in this thread or task."""
    return next((each for each in reversed(_here.get()) if each in begun), None)


def _without(blocks: _Contributions, ended: Contribution | None = None) -> _Contributions:
    return tuple(each for each in blocks if each is not ended and not each.is_ended)
