"""What a misspelt name in a call probably means."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name most like ``name``, for the end of a message; '' if none is.

    >>> did_you_mean("flush_att", ["flush_at"])
    "; did you mean 'flush_at'?"
    """
    from difflib import get_close_matches  # noqa: PLC0415 - 6 ms, for a mistake

    near = get_close_matches(name, sorted(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""
