"""One hook for forked children, for objects that come and go.

`os.register_at_fork` cannot be undone, so it is used once; objects are held weakly. The hook only
lets them replace locks: it starts no thread, since a child may be about to exec.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import Protocol

__all__ = ["renew_in_children"]


class _Renewable(Protocol):
    def after_fork(self) -> None: ...


_objects: weakref.WeakSet[_Renewable] = weakref.WeakSet()
_is_registered = False


def renew_in_children(thing: _Renewable) -> None:
    """Call ``thing.after_fork()`` in every child forked while `thing` lives."""
    global _is_registered  # noqa: PLW0603 - once per process, by nature
    _objects.add(thing)
    if not _is_registered and hasattr(os, "register_at_fork"):
        _is_registered = True
        os.register_at_fork(after_in_child=_renew_all)


def _renew_all() -> None:
    for thing in list(_objects):
        # An exception here would be printed and change nothing; the others must still be renewed.
        with contextlib.suppress(Exception):
            thing.after_fork()
