"""Typed access to untrusted JSON objects: wrong types become issues, never exceptions."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from flagengine.definitions.issues import Issue, IssueCode
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import NOT_GIVEN, text

__all__ = ["Reader", "is_integer", "is_number", "json_type", "pointer_to", "shown"]

_SHOWN: Final = 60
_MAX_POINTER: Final = 600
"""The longest pointer: thousands of issues may lie below one name of any length (SPEC R15.10)."""
_HEAD: Final = 200


def pointer_to(parent: str, *steps: str | int) -> str:
    """Append steps to a JSON pointer, escaped per RFC 6901; leave out the middle of a long pointer."""
    escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    pointer = "/".join([parent, *escaped])
    if len(pointer) <= _MAX_POINTER:
        return pointer
    return f"{pointer[:_HEAD]}…{pointer[_HEAD + 1 - _MAX_POINTER :]}"


def is_number(value: object) -> bool:
    """Tell whether a JSON value is a finite number; a boolean is not a number."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def is_integer(value: object) -> bool:
    """Tell whether a JSON value is an integer; a boolean is not an integer."""
    return isinstance(value, int) and not isinstance(value, bool)


def json_type(value: object) -> str:
    """Name a JSON value's type in plain English."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number" if is_number(value) else "a number that is not finite"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def shown(value: object) -> str:
    """Return a value as text for a message, cut to a readable length."""
    converted = to_json_value(value)
    written = json_type(value) if converted is NOT_GIVEN else text(converted)
    return written if len(written) <= _SHOWN else written[:_SHOWN] + "…"


class Reader:
    """A reader of one object's members, which notes wrong types as issues.

    Each method returns the member, or a default for a member that is absent, null or of a wrong
    type; a wrong type also adds an issue. The readers of one flag share ``issues``.
    """

    def __init__(self, source: Mapping[str, Any], pointer: str, issues: list[Issue]) -> None:
        """Read from ``source``, which is at ``pointer`` in the document."""
        self.source = source
        self.pointer = pointer
        self.issues = issues

    def note(self, code: IssueCode, message: str, *steps: str | int) -> None:
        """Add an issue about a member of this object."""
        self.issues.append(Issue(code, pointer_to(self.pointer, *steps), message))

    def wrong_type(self, name: str, expected: str) -> None:
        """Note that a member has a wrong type."""
        found = json_type(self.source[name])
        code = IssueCode.NOT_AN_OBJECT if expected.startswith("an object") else IssueCode.WRONG_TYPE
        self.note(code, f"{name} must be {expected}, got {found}", name)

    def _read(self, name: str, accepts: Callable[[object], bool], expected: str) -> Any:
        value = self.source.get(name)
        if value is None or accepts(value):
            return value
        self.wrong_type(name, expected)
        return None

    def boolean(self, name: str) -> bool:
        """Return a boolean; False when absent."""
        return bool(self._read(name, lambda value: isinstance(value, bool), "a boolean or null"))

    def text(self, name: str) -> str | None:
        """Return text or None."""
        value: str | None = self._read(name, lambda value: isinstance(value, str), "text or null")
        return value

    def number(self, name: str) -> float | None:
        """Return a finite number as binary64, or None."""
        value = self._read(name, is_number, "a number or null")
        try:
            return None if value is None else float(value)
        except OverflowError:
            self.note(IssueCode.WRONG_TYPE, f"{name} is too large for a number", name)
            return None

    def index(self, name: str) -> int | None:
        """Return a group type index or None."""
        value: int | None = self._read(name, is_integer, "a group type index or null")
        return value

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        """Return an object or None."""
        value: Mapping[str, Any] | None = self._read(
            name, lambda value: isinstance(value, dict), "an object or null"
        )
        return value

    def objects(self, name: str) -> list["Reader"]:
        """Return readers for the members of a list of objects; empty when absent."""
        members = self._read(name, lambda value: isinstance(value, list), "a list or null") or []
        readers = []
        for index, member in enumerate(members):
            if isinstance(member, dict):
                readers.append(Reader(member, pointer_to(self.pointer, name, index), self.issues))
            else:
                message = f"must be an object, got {json_type(member)}"
                self.note(IssueCode.NOT_AN_OBJECT, message, name, index)
        return readers

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts, or None when absent."""
        value = self._read(
            name,
            lambda value: isinstance(value, list) and all(isinstance(text, str) for text in value),
            "a list of texts or null",
        )
        return None if value is None else tuple(value)

    def required(self, name: str, accepts: Callable[[object], bool], expected: str) -> Any:
        """Return a required member, or note an issue and return None."""
        if name not in self.source:
            self.note(IssueCode.MISSING_KEY, f"{name} is missing; it must be {expected}", name)
            return None
        value = self.source[name]
        if accepts(value):
            return value
        self.wrong_type(name, expected)
        return None
