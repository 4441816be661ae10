"""The scopes of tests: flag values that are forced, and watchers of reads, for all clients of a process.

A scope begins in a thread or task, whose reads belong to it, as do those of the tasks that start there.
Threads without a scope of their own, such as those of a server under test, belong to all open scopes. So
tests that run at once in one process do not see each other's values, unless a thread could be anybody's.

A scope of a whole test also reaches tasks of an event loop that fixtures began earlier: they have only
scopes that are around it, such as one of the session.

Scopes cost clients nothing while none is open: clients look whether there are any when they make their
quick reader, and each change of the open scopes takes the readers of all clients away. There is no lock,
because a fork could leave it locked; dicts are changed and listed in single steps.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flagengine import Overrides

from ..derived import Derived

if TYPE_CHECKING:  # tests of the engine alone use scopes without the client
    from .evaluated import FlagEvaluated

__all__ = ["Scope", "Watcher", "forced_here", "note_reads", "scopes", "watchers_here"]

Watcher: TypeAlias = "Callable[[FlagEvaluated, Iterable[str]], object]"
"""Called with each read, and with the keys of the flags that the client's definitions have."""

scopes: Final[dict[int, Scope]] = {}
"""The open scopes, in the order in which they began."""

# The scopes that began in this thread or task.
_here: Final[ContextVar[tuple[Scope, ...]]] = ContextVar("flagengine_scopes", default=())
# What all clients derive from the scopes.
_reads: Final[weakref.WeakValueDictionary[int, Derived[Any]]] = weakref.WeakValueDictionary()


class Scope:
    """A scope, from `begin` to `end`, with the values that it forces and its watcher, if it has one.

    ``overrides`` may be replaced at any time: every read takes the current ones. They win over those of
    the whole client, and over those of scopes that began before; a client's blocks of
    ``overridden_flags`` in the same thread or task win over them.

    ``of_test`` is whether it is the scope of a whole test.
    """

    def __init__(
        self,
        overrides: Overrides | None = None,
        watcher: Watcher | None = None,
        *,
        of_test: bool = False,
    ) -> None:
        self.overrides: Overrides = overrides or Overrides()
        self.watcher = watcher
        self.of_test = of_test
        self._around: frozenset[Scope] = frozenset()

    def begin(self) -> None:
        """Open the scope, in this thread or task and for threads without a scope."""
        self._around = frozenset(_open_here())
        scopes[id(self)] = self
        _here.set((*_open_here(), self))
        _take_readers_away()

    def end(self) -> None:
        """Close the scope; in another thread or task than it began in, close it there as well."""
        scopes.pop(id(self), None)
        self._around = frozenset()
        _here.set(_open_here())
        _take_readers_away()

    def reaches(self, here: tuple[Scope, ...]) -> bool:
        """Return whether the scope is in force where these open scopes began."""
        return self in here or not here or (self.of_test and self._around.issuperset(here))

    @property
    def is_here(self) -> bool:
        """Whether the scope began in this thread or task, or in one that started this task."""
        return self in _here.get()

    @property
    def is_open(self) -> bool:
        """Whether the scope has begun and not ended."""
        return scopes.get(id(self)) is self


def note_reads(reads: Derived[Any]) -> None:
    """Take the reader of a new client away, too, whenever the open scopes change."""
    _reads[id(reads)] = reads


def forced_here() -> Overrides:
    """Return the values that are forced in this thread or task."""
    combined = Overrides()
    for scope in _in_force():
        combined |= scope.overrides
    return combined


def watchers_here() -> list[Watcher]:
    """Return the watchers of reads in this thread or task."""
    return [scope.watcher for scope in _in_force() if scope.watcher is not None]


def _in_force() -> Iterable[Scope]:
    if not scopes:
        return ()
    here = _open_here()
    return [scope for scope in list(scopes.values()) if scope.reaches(here)]


def _open_here() -> tuple[Scope, ...]:
    return tuple(scope for scope in _here.get() if scope.is_open)


def _take_readers_away() -> None:
    for reference in _reads.valuerefs():
        reads = reference()
        if reads is not None:
            with reads.changing():
                pass
