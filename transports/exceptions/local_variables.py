"""Reading the local variables of a frame without keeping anything alive.

Up to Python 3.12, reading ``f_locals`` of a function's frame makes a dict of its variables, which the
frame keeps. If the variables include the exception whose traceback has the frame, neither is freed
before the next garbage collection. So the dict gets back what it held before, or is emptied.
"""

from __future__ import annotations

import gc
import inspect
import sys
from itertools import takewhile
from types import FrameType
from typing import Any

__all__ = ["local_variables"]

# Those of the frame, of this module's variable, and of the argument of getrefcount.
_OWN_REFERENCES = 3


def local_variables(frame: FrameType) -> list[tuple[str, Any]]:
    """Return names and values; empty if the variables cannot be read."""
    is_function = frame.f_code.co_flags & inspect.CO_OPTIMIZED
    before = _kept_dicts(frame) if is_function else {}
    try:
        variables = frame.f_locals
        found = list(variables.items())
    except Exception:  # noqa: BLE001 - the locals of a class body may be any mapping
        return []
    # From Python 3.13 on, it is a view of the variables, and the frame keeps no dict.
    if is_function and type(variables) is dict:
        if id(variables) in before:
            variables.clear()
            variables.update(before[id(variables)])
        elif sys.getrefcount(variables) <= _OWN_REFERENCES:
            variables.clear()
        # Otherwise the application, or a debugger, has the dict from ``locals()`` of running code.
    return found


def _kept_dicts(frame: FrameType) -> dict[int, dict[Any, Any]]:
    """Return a copy of the dict that the frame has kept so far, by its identity.

    The frame of a running function does not show what it refers to, and gives nothing. Otherwise the
    dict comes before the code, and the variables after it.
    """
    held = takewhile(lambda referent: referent is not frame.f_code, gc.get_referents(frame))
    return {id(referent): dict(referent) for referent in held if type(referent) is dict}
