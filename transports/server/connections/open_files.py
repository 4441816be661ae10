"""The limit of open files, which is also one of connections."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .limits import ConnectionLimits

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment] # there only

__all__ = ["raise_open_files", "within_open_files"]

_ENOUGH: Final = 1_048_576
_RESERVE: Final = 32


def raise_open_files() -> None:
    """Raise the process's soft limit of open files to its hard limit, as most servers do."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):
        return  # as some systems do for limits that they name themselves


def within_open_files(limits: ConnectionLimits) -> ConnectionLimits:
    """Return the limits with as many connections as files allow, besides those that the server needs itself."""
    if resource is None:
        return limits
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return limits
    left = max(1, soft - max(_RESERVE, soft // 16))
    return replace(limits, max_connections=min(limits.max_connections, left))
