"""What a resolution is to a caller: an answer, a flag that is not there, or one that nobody has decided."""

from __future__ import annotations

from typing import Final

from flagengine import Reason, Resolution

__all__ = ["is_absent", "is_undecided"]

_NOT_THERE: Final = frozenset({Reason.UNKNOWN_FLAG, Reason.FILTERED_OUT})


def is_absent(resolution: Resolution) -> bool:
    """Return whether there is no such flag for the caller: unknown, for others, or forced to be missing."""
    reason = resolution.reason
    return reason in _NOT_THERE or (reason is Reason.OVERRIDDEN and resolution.value is None)


def is_undecided(resolution: Resolution) -> bool:
    """Return whether a flag that exists has no answer, which the server or more inputs could have given."""
    if resolution.value is not None or resolution.caller_default:
        return False
    return not is_absent(resolution)
