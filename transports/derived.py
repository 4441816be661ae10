"""A value that is derived from changeable state, and taken away by each change of that state.

Readers take ``value`` without a lock; if it is None, they look at the state itself. Whoever changes
the state does so in ``with derived.changing():``. While a change lasts, no value can be kept, so
nobody sees the old state after somebody has seen the new one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Self, TypeVar

__all__ = ["Derived"]

T = TypeVar("T")


class Derived(Generic[T]):
    """The value of one piece of state; ``value`` is None until `derive` keeps one.

    >>> derived = Derived()
    >>> derived.derive(lambda: "made of the state"), derived.value
    ('made of the state', 'made of the state')
    >>> with derived.changing():
    ...     derived.derive(lambda: "half changed"), derived.value
    (None, None)
    """

    def __init__(self) -> None:
        self.value: T | None = None
        self._begun = 0
        self._renew()

    def _renew(self) -> None:
        self._lasting = 0
        # Reentrant, because a signal handler may change the state in the middle of a change.
        self._lock = threading.RLock()

    def derive(self, make: Callable[[], T | None]) -> T | None:
        """Make the value of the state and keep it; return None if there is none or a change came."""
        begun = self._begun
        if self._lasting:
            return None
        value = make()
        with self._lock:
            if begun != self._begun:
                return None
            self.value = value
        return value

    def changing(self) -> Self:
        """Return what surrounds a change of the state: ``with derived.changing(): ...``."""
        return self

    def __enter__(self) -> None:
        with self._lock:
            self._begun += 1
            self._lasting += 1
            self.value = None

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._lasting -= 1

    def after_fork(self) -> None:
        """Renew the lock in a forked child, where no other thread's change goes on."""
        self.value = None
        self._begun += 1
        self._renew()
