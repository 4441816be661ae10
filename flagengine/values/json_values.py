"""JSON values, and the forms of them that operators read (SPEC R7).

There is one function per coercion. This module must not know operators or the clock;
:mod:`~flagengine.values.conversion` makes JSON of all other values.
"""

import json
import math
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Any, Final

__all__ = [
    "MAX_DEPTH",
    "MAX_PARTS",
    "NOT_GIVEN",
    "PLAIN",
    "Json",
    "NotGiven",
    "ascii_fold",
    "has_utf8",
    "is_true",
    "lower",
    "nested_text",
    "number",
    "plain_scalar",
    "text",
    "text_pieces",
]

Json = Any

PLAIN: Final = frozenset((str, int, float, bool, type(None)))
"""The types of the values that need no conversion, or hardly any."""

MAX_DEPTH: Final = 128
"""The depth to which a property value may nest, as in the server's JSON reader (SPEC R15)."""

MAX_PARTS: Final = 1_000_000
"""The maximum number of values inside a property value."""

_INT64_MIN: Final = -(2**63)
_UINT64_MAX: Final = 2**64 - 1
_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@cache
def _number_grammar() -> re.Pattern[str]:
    """Compile Rust's float grammar: no blanks or underscores; a point may come first or last; inf, nan."""
    return re.compile(
        r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?|nan)",
        re.IGNORECASE | re.ASCII,
    )


class NotGiven(Enum):
    """The type of :data:`NOT_GIVEN`."""

    NOT_GIVEN = "not given"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
"""A value that cannot reach the server as JSON, so it counts as not given (SPEC R7)."""


def plain_scalar(value: object) -> Json:
    """Return a scalar of Python's own types as JSON; NOT_GIVEN for every other value."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if _INT64_MIN <= value <= _UINT64_MAX else _finite(_to_float(value))  # type: ignore[operator,arg-type]
    return _finite(value) if kind is float else NOT_GIVEN  # type: ignore[arg-type]


def _finite(value: float) -> float | None:
    """Return a number, or None: JSON has no infinities and no NaN (SPEC R7.6)."""
    return value if math.isfinite(value) else None


def text(value: Json) -> str:  # noqa: PLR0911 one line per type
    """Render a JSON value as the server does: text unchanged, other values as compact JSON (R7)."""
    if type(value) is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value) if _INT64_MIN <= value <= _UINT64_MAX else _float_text(_to_float(value))
    if isinstance(value, float):
        return _float_text(value)
    return _container_text(value)


def _to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _float_text(value: float) -> str:
    """Return the shortest round-trip digits, without exponent from 1e-5 up to 1e16, as the server.

    The exponent has its sign but no padding, which only the one digit of 1e-6 to 1e-9 has in Python.
    """
    if not math.isfinite(value):
        return "null"
    shortest = repr(value)
    if "e" not in shortest:
        return shortest
    mantissa, _, exponent = shortest.partition("e")
    if int(exponent) == -5:
        return f"{value:.{len(mantissa.lstrip('-').replace('.', '')) + 4}f}"
    return f"{mantissa}e{int(exponent):+d}"


def _container_text(value: Json) -> str:
    """Write a list or an object."""
    return "".join(text_pieces(value))


def text_pieces(value: Json, longest: int | None = None) -> Iterator[str]:
    """Yield the JSON text of a list or an object piece by piece.

    The stack does not grow with the depth. Of each text inside, at most ``longest`` characters are
    written.
    """
    open_containers = [_pieces(value, longest)]
    while open_containers:
        for piece in open_containers[-1]:
            if type(piece) is not str:
                open_containers.append(_pieces(piece, longest))
                break
            yield piece
        else:
            open_containers.pop()


def _pieces(value: Json, longest: int | None) -> Iterator[Any]:
    """Yield the text of a container piece by piece, and its inner containers as they are."""
    is_list = isinstance(value, list)
    before = "[" if is_list else "{"
    for key in value if is_list else sorted(value):
        member = key if is_list else value[key]
        yield before if is_list else f"{before}{_quoted(key[:longest])}:"
        yield member if isinstance(member, list | dict) else nested_text(member, longest)
        before = ","
    empty = "[" if is_list else "{"
    yield (empty if before != "," else "") + ("]" if is_list else "}")


def nested_text(value: Json, longest: int | None = None) -> str:
    """Write a JSON value as JSON: text in quotes, and at most ``longest`` characters of it."""
    return _quoted(value[:longest]) if isinstance(value, str) else text(value)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def lower(value: Json) -> str:
    """Render and lower-case all of Unicode, final sigma included, without casefolding (R7)."""
    return text(value).lower()


def has_utf8(value: str) -> bool:
    """Tell whether text has a UTF-8 form, so it can be hashed and sent; a lone surrogate has none."""
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def ascii_fold(value: Json) -> str:
    """Render and lower-case only A to Z (R7)."""
    rendered = text(value)
    return rendered.lower() if rendered.isascii() else rendered.translate(_FOLD)


def is_true(value: Json) -> bool:
    """Tell whether a value counts as true: true, the text ``true``, or a list of such values (R8.1)."""
    if isinstance(value, list):
        return all(map(is_true, value))
    return value is True or (isinstance(value, str) and value.lower() == "true")


def number(value: Json) -> float | None:
    """Return a number, or text in the server's float grammar, as binary64; None otherwise (R8.5).

    Booleans, null, lists and objects are not numbers.
    """
    if type(value) is str:
        return float(value) if _number_grammar().fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return _to_float(value) if value >= 0 else -_to_float(-value)
    return value if isinstance(value, float) else None
