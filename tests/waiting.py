"""Waiting for what another process, or a browser, does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

__all__ = ["eventually"]

_LIMIT: Final = 30.0
_PAUSE: Final = 0.02


def eventually(found: Callable[[], Any], wanted: Any) -> None:
    """Ask until an answer is as wanted; fail with the last answer after half a minute."""
    deadline = time.monotonic() + _LIMIT
    while (last := found()) != wanted:
        assert time.monotonic() < deadline, f"still {last!r}, not {wanted!r}"
        time.sleep(_PAUSE)
