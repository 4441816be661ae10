"""What is asked of every value of a format 2 configuration, whatever its member means (SPEC R20.2).

Sizes and depths are bounded here, before anything else walks the configuration.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from flagengine.definitions.issues import IssueCode
from flagengine.definitions.reading import pointer_to
from flagengine.definitions.rules.notes import Notes
from flagengine.values.json_values import MAX_DEPTH, has_utf8

__all__ = ["MAX_BYTES", "check_material"]

MAX_BYTES: Final = 512 * 1024
"""The largest configuration, as compact JSON in UTF-8; the server's default (SPEC R15)."""

_NO_UTF8: Final = "text must have a UTF-8 form, got a lone surrogate"

_Path = tuple[Any, ...]
"""The steps to a value, the last first: ``(step, (step, ()))``."""


def check_material(filters: Mapping[str, Any], pointer: str, notes: Notes) -> bool:
    """Note every value that format 2 never has; return whether the rest can be read."""
    written = json.dumps(filters, ensure_ascii=False, separators=(",", ":"))
    size = len(written.encode(errors="replace"))
    if size > MAX_BYTES:
        message = f"the configuration must not exceed {MAX_BYTES} bytes, got {size}"
        notes.add(IssueCode.TOO_LARGE, pointer, message)
        return False
    for place, number in notes.lost.items():
        if number is None:
            message = "a member must be written once; of a repeated member only the last counts"
            notes.add(IssueCode.NOT_UNIQUE, place, message)
        elif float(number) == 0:
            message = f"a number must be 0 or not round to 0 in binary64, got {number[:60]}"
            notes.add(IssueCode.OUT_OF_RANGE, place, message)
    for code, path, message in _faults(filters):
        notes.add(code, _pointer(pointer, path), message)
    return True


def _faults(filters: Mapping[str, Any]) -> Iterator[tuple[IssueCode, _Path, str]]:
    waiting: list[tuple[Any, int, _Path]] = [(filters, 1, ())]
    while waiting:
        value, depth, path = waiting.pop()
        if isinstance(value, str):
            if not has_utf8(value):
                yield IssueCode.INVALID_VALUE, path, _NO_UTF8
        elif isinstance(value, int | float):
            if not _is_binary64(value):
                message = "a number must be finite in binary64"
                yield IssueCode.OUT_OF_RANGE, path, message
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                message = f"values must not nest more than {MAX_DEPTH} levels deep"
                yield IssueCode.TOO_DEEP, path, message
                continue
            pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
            for step, _ in pairs:
                if isinstance(step, str) and not has_utf8(step):
                    yield IssueCode.INVALID_VALUE, (step, path), _NO_UTF8
            waiting += [(member, depth + 1, (step, path)) for step, member in reversed(pairs)]


def _is_binary64(value: float) -> bool:
    try:
        return abs(float(value)) < float("inf")
    except OverflowError:
        return False


def _pointer(root: str, path: _Path) -> str:
    steps = []
    while path:
        steps.append(path[0])
        path = path[1]
    return pointer_to(root, *reversed(steps))
