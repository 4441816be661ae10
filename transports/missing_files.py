"""Which errors of the operating system say that a file is not there."""

from __future__ import annotations

import errno

__all__ = ["is_gone"]

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR})


def is_gone(error: OSError) -> bool:
    """Return whether the error says that a file is not there; any other says nothing about the file."""
    return error.errno in _GONE
