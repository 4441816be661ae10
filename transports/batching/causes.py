"""The callbacks inside which an event was captured, so that no callback causes its own calls for ever.

A callback that is called for lost or delivered events may capture events, which may be lost or
delivered in turn: later, on another thread, through another client. Therefore the event itself says
which callbacks have caused it, and these are not called for it. Tasks that a callback starts count as
the callback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

__all__ = ["Causes", "caused_by", "current_causes", "not_caused_by"]

Causes = frozenset[object]
"""Callbacks, each as an object that stands for it."""


class Caused(Protocol):
    """An event, as far as this module knows it."""

    @property
    def causes(self) -> Causes:
        """The callbacks that caused the event."""
        ...


E = TypeVar("E", bound=Caused)
_NONE: Causes = frozenset()
_current: ContextVar[Causes] = ContextVar("flagengine_causes", default=_NONE)

current_causes: Callable[[], Causes] = _current.get


@contextmanager
def caused_by(callback: object, events: Iterable[Caused] = ()) -> Iterator[None]:
    """Let ``callback`` be a cause of what happens inside, and with it the causes of ``events``."""
    token = _current.set(_current.get().union({callback}, *(event.causes for event in events)))
    try:
        yield
    finally:
        _current.reset(token)


def not_caused_by(callback: object, events: tuple[E, ...]) -> tuple[E, ...]:
    """Return the events that the callback has not caused."""
    return tuple(event for event in events if callback not in event.causes)
