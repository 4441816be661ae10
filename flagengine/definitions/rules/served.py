"""The values that rules, variants and defaults serve: of the flag's type, and read-only (R20.2)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flagengine.definitions.issues import IssueCode
from flagengine.definitions.reading import is_number, json_type, pointer_to, shown
from flagengine.definitions.rules.notes import Members, Notes, likeness
from flagengine.values.payloads import frozen

__all__ = ["MAX_OBJECT_DEPTH", "MAX_SAFE_INTEGER", "TYPES", "served"]

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""The largest number that is served, and, negated, the smallest."""

MAX_OBJECT_DEPTH: Final = 20
"""The depth to which objects and lists of a served object nest, itself included."""

_NULL: Final = "; only default_value may be null"

_EXPECTED: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "string": (lambda value: isinstance(value, str), "text"),
    "number": (is_number, "a number"),
    "object": (lambda value: isinstance(value, dict), "an object"),
}

TYPES: Final = tuple(_EXPECTED)
"""The words for ``return_type``."""


def served(members: Members, name: str, return_type: str | None, *, nullable: bool = False) -> Any:
    """Return a served value, read-only; None also stands for an allowed null.

    Without a type, because ``return_type`` is itself wrong, nothing is asked of the value.
    """
    value = members.source.get(name)
    if return_type is None or name not in members.source or (nullable and value is None):
        return None
    accepts, expected = _EXPECTED[return_type]
    if not accepts(value):
        also = f"{expected} or null" if nullable else expected
        hint = likeness(value, expected) if value is not None else _NULL
        message = f"must be {also} because return_type is {return_type}, got {json_type(value)}"
        members.refuse(IssueCode.WRONG_TYPE, name, message + hint)
        return None
    if value == "":
        members.refuse(IssueCode.OUT_OF_RANGE, name, "must be text of at least 1 character, got ''")
    return frozen(_checked(value, members.at(name), members.notes, 1))


def _checked(value: Any, pointer: str, notes: Notes, depth: int) -> Any:
    """Copy a value with -0 as 0; note numbers out of range and containers that are too deep."""
    if is_number(value):
        if abs(value) > MAX_SAFE_INTEGER:
            message = f"a served number must be within ±{MAX_SAFE_INTEGER}, got {shown(value)}"
            notes.add(IssueCode.OUT_OF_RANGE, pointer, message)
        return value or 0
    if isinstance(value, dict | list) and depth > MAX_OBJECT_DEPTH:
        message = f"a served object must not nest more than {MAX_OBJECT_DEPTH} levels deep"
        notes.add(IssueCode.TOO_DEEP, pointer, message)
        return None
    if isinstance(value, dict):
        return {
            name: _checked(member, pointer_to(pointer, name), notes, depth + 1)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [
            _checked(member, pointer_to(pointer, index), notes, depth + 1)
            for index, member in enumerate(value)
        ]
    return value
