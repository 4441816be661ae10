"""Values of properties near the operands of filters: those that match, and those that just do not.

The operators' meaning is the engine's business. Here are only likely values, so a new operator without an
entry gets its operand and other values of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["near_values", "pattern_of", "property_filters"]

_PATTERNS: Final = ("regex", "not_regex")
_DATES: Final = ("1999-12-31", "2024-02-29T12:00:00Z", "2099-01-01")
_MOST: Final = 10**15


def property_filters(document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the filters on properties of persons and groups, wherever they are in a document."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            if isinstance(node.get("key"), str) and node.get("type") in ("person", "group"):
                yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def pattern_of(filter_: Mapping[str, Any]) -> re.Pattern[str] | None:
    """Return the filter's regular expression if Python can read it, as most; else None."""
    if filter_.get("operator") not in _PATTERNS or not isinstance(filter_.get("value"), str):
        return None
    try:
        # ASCII, because engines differ in what else is a digit or a letter.
        return re.compile(filter_["value"], re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


def near_values(filter_: Mapping[str, Any]) -> list[Any]:
    """Return values that may match the filter, and values beside them."""
    operator, operand = str(filter_.get("operator", "exact")), filter_.get("value")
    operands = operand if isinstance(operand, list) else [operand]
    found = [near for each in operands for near in _near(operator, each)]
    if operator.startswith("is_date"):
        found.extend(_DATES)
    if not found:
        found = ["", "x", 1, True]
    return [value for at, value in enumerate(found) if not _is_in(value, found[:at])]


def _is_in(value: Any, others: list[Any]) -> bool:
    # Not ``in``, for which 1 is True.
    return any(type(value) is type(other) and value == other for other in others)


def _near(operator: str, operand: Any) -> list[Any]:
    if isinstance(operand, bool):
        return [operand, not operand, str(operand).lower()]
    if isinstance(operand, int | float):
        return [*_numbers(operand), str(operand)] if abs(operand) < _MOST else [operand]
    if not isinstance(operand, str):
        return []
    return [operand, *_texts(operator, operand)]


def _texts(operator: str, operand: str) -> list[Any]:
    """Return values beside a text, as the operator reads it."""
    if operator.startswith("is_date"):
        return []
    if operator.startswith("semver"):
        return list(_versions(operand))
    number = _number(operand)
    if number is not None and abs(number) < _MOST:
        return _numbers(number)
    return [operand.swapcase(), f"{operand}x", f"x{operand}", operand[:-1], "x"]


def _numbers(number: float) -> list[Any]:
    return [number, number - 1, number + 1]


def _number(text: str) -> int | float | None:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return None
    return float(text) if "." in text else int(text)


def _versions(text: str) -> list[str]:
    """Return the versions before and after, for each place of a version; none for anything else."""
    parts = re.match(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", text)
    if parts is None:
        return []
    numbers = [int(part or 0) for part in parts.groups()]
    found = [".".join(map(str, numbers)), ".".join(map(str, numbers)) + "-rc.1"]
    for place in range(3):
        for step in (-1, 1):
            changed = [number + step * (at == place) for at, number in enumerate(numbers)]
            if min(changed) >= 0:
                found.append(".".join(map(str, changed)))
    return found
