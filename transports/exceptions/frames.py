"""Stacks as lists of frames: the entry point first, the crash last.

A recorded traceback is used unchanged. Without a traceback, the stack consists of the current calls
outside of this package.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from .in_app import OWN_FOLDER, is_in_app
from .settings import ExceptionSettings

__all__ = ["Located", "current_stack", "recorded_stack"]

# A longer stack, such as that of an infinite recursion, keeps its beginning and its end.
_MOST_FIRST = 32
_MOST_LAST = 96
_MAX_TEXT_LENGTH = 1024


@dataclass(slots=True)
class Located:
    """A frame of the interpreter, with its description for the event."""

    frame: FrameType
    lineno: int | None
    described: dict[str, Any] = field(default_factory=dict)


def recorded_stack(
    traceback: TracebackType | None, settings: ExceptionSettings, *, most: int
) -> list[Located]:
    """Return the last frames of a traceback, at most ``most``."""
    return _described(list(_traceback_frames(traceback)), settings, most)


def current_stack(settings: ExceptionSettings, *, most: int) -> list[Located]:
    """Return the last frames of the calls that led to this package, at most ``most``."""
    frames = [Located(frame, frame.f_lineno) for frame in _calling_frames()]
    return _described(frames[::-1], settings, most)


def _traceback_frames(traceback: TracebackType | None) -> Iterator[Located]:
    while traceback is not None:
        yield Located(traceback.tb_frame, traceback.tb_lineno)
        traceback = traceback.tb_next


def _calling_frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - documented, in spite of its name
    while frame is not None and frame.f_code.co_filename.startswith(OWN_FOLDER):
        frame = frame.f_back
    while frame is not None:
        yield frame
        frame = frame.f_back


def _described(frames: list[Located], settings: ExceptionSettings, most: int) -> list[Located]:
    if len(frames) > _MOST_FIRST + _MOST_LAST:
        frames = frames[:_MOST_FIRST] + frames[-_MOST_LAST:]
    kept = frames[max(0, len(frames) - most) :]
    for located in kept:
        located.described = _description(located, settings)
    return kept


def _description(located: Located, settings: ExceptionSettings) -> dict[str, Any]:
    code = located.frame.f_code
    path = _absolute(code.co_filename)
    module = dict.get(located.frame.f_globals, "__name__")
    module = module if isinstance(module, str) and module else None
    described = {
        "platform": "python",
        "filename": _short_path(path, module)[-_MAX_TEXT_LENGTH:],
        "abs_path": path[-_MAX_TEXT_LENGTH:],
        "function": code.co_name[:_MAX_TEXT_LENGTH],
        "module": module,
        "lineno": located.lineno,
        "in_app": is_in_app(module, path, settings),
    }
    return {name: value for name, value in described.items() if value is not None}


def _absolute(path: str) -> str:
    if path.startswith("<"):
        return path
    try:
        return str(Path(path).absolute())
    except OSError:  # the working directory is gone
        return path


def _short_path(path: str, module: str | None) -> str:
    """Return the path relative to the folder of the module's top-level package.

    >>> _short_path("/srv/shop/cart/views.py", "shop.cart.views")
    'shop/cart/views.py'
    """
    parts = path.replace("\\", "/").split("/")
    depth = (module or "").count(".") + (2 if parts[-1] == "__init__.py" else 1)
    return "/".join(parts[-depth:])
