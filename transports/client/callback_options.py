"""The options that hold code of the application: refused if nobody would await it.

``application_callbacks`` has the table. Another wrong type is the business of other checks.
"""

from __future__ import annotations

from typing import Final

from ..application_callbacks import refuse_async, refuse_async_methods
from .options import Options

__all__ = ["refuse_what_nobody_awaits"]

_METHODS: Final = {
    "sink": ("deliver", "close"),
    "transport": ("request",),
    "flag_cache": ("get", "put", "clear"),
    "storage": ("__getitem__", "__setitem__", "__delitem__", "__iter__", "__len__", "get"),
    "driver": ("attach", "wake", "drives", "is_worker", "pause"),
    "clock": ("monotonic", "wall"),
}


def refuse_what_nobody_awaits(options: Options) -> None:
    """Check the hooks, and the methods of the objects that an application gives.

    Raises:
        TypeError: one of them is ``async def``, and nobody would await it.
    """
    for hook in options.hooks:
        refuse_async("before_send", hook)
    for name, methods in _METHODS.items():
        refuse_async_methods(name, getattr(options, name), methods)
