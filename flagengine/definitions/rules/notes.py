"""The faults of one format 2 configuration, and strict access to its objects (SPEC R20.3).

Unlike format 1, every object is closed, and null is not an absent member.
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from flagengine.definitions.issues import Issue, IssueCode
from flagengine.definitions.reading import json_type, pointer_to, shown
from flagengine.values.spelling import nearest

__all__ = ["UNSUPPORTED", "Members", "Notes", "closed", "likeness"]

UNSUPPORTED: Final = (IssueCode.UNSUPPORTED_VERSION, IssueCode.UNSUPPORTED_RULE)
"""The codes of what is valid and not evaluated here; every other code means malformed."""


class Notes:
    """The issues of one configuration, one at each place, and what its text lost by decoding.

    ``lost`` maps pointers to the text of numbers that binary64 changed, and to None for the names
    of repeated members.
    """

    def __init__(self, issues: list[Issue], lost: Mapping[str, str | None]) -> None:
        """Add to ``issues``."""
        self.issues = issues
        self.lost = lost
        self._places: set[str] = set()

    def add(self, code: IssueCode, pointer: str, message: str) -> None:
        """Add an issue, unless its place already has one."""
        if pointer not in self._places:
            self._places.add(pointer)
            self.issues.append(Issue(code, pointer, message))

    @property
    def defect(self) -> Issue | None:
        """The first malformed part, else the first unsupported part, else None."""
        malformed = (issue for issue in self.issues if issue.code not in UNSUPPORTED)
        return next(malformed, self.issues[0] if self.issues else None)


class Members:
    """The members of one closed object; each method notes what is wrong and returns None for it.

    A required member that is absent has an issue already, so it is read as None.
    """

    def __init__(self, source: Mapping[str, Any], pointer: str, notes: Notes) -> None:
        """Read from ``source``."""
        self.source = source
        self.pointer = pointer
        self.notes = notes

    def at(self, *steps: str | int) -> str:
        """Return the pointer of a value inside this object."""
        return pointer_to(self.pointer, *steps)

    def check_names(
        self,
        what: str,
        required: Mapping[str, str],
        optional: Collection[str] = (),
        others: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Note unknown members, and required members that are absent.

        ``what`` names the object in messages; ``required`` maps names to advice for an absent
        member, and ``others`` names of unknown members to advice for a present one.
        """
        known = [*required, *optional]
        free = [name for name in known if name not in self.source]
        for name in self.source:
            if name not in known:
                message = f"{what} must not have the member {shown(name)!r}"
                message += others.get(name) or _near(name, free)
                self.notes.add(IssueCode.UNKNOWN_MEMBER, self.at(name), message)
        for name, advice in required.items():
            if name not in self.source:
                message = f"{name} is missing; {what} must have it{advice}"
                self.notes.add(IssueCode.MISSING_KEY, self.at(name), message)

    def refuse(self, code: IssueCode, name: str, message: str) -> None:
        """Note what is wrong with a member."""
        self.notes.add(code, self.at(name), f"{name} {message}")

    def read(
        self, name: str, accepts: Callable[[Any], bool], expected: str, mistake: str = ""
    ) -> Any:
        """Return a member of the right type."""
        if name not in self.source:
            return None
        value = self.source[name]
        if accepts(value):
            return value
        hint = mistake or likeness(value, expected)
        self.refuse(IssueCode.WRONG_TYPE, name, f"must be {expected}, got {json_type(value)}{hint}")
        return None

    def text(self, name: str) -> str | None:
        """Return text."""
        value: str | None = self.read(name, lambda value: isinstance(value, str), "text")
        return value

    def choice(
        self,
        name: str,
        allowed: Collection[str],
        expected: str | None = None,
        advice: Mapping[str, str] = MappingProxyType({}),
    ) -> str | None:
        """Return a word out of several; ``advice`` is about certain other words."""
        value = self.text(name)
        if value is None or value in allowed:
            return value
        words = expected or " or ".join(allowed)
        hint = advice.get(value) or _near(value, allowed)
        message = f"must be {words}, got {shown(value)!r}{hint}"
        self.refuse(IssueCode.INVALID_VALUE, name, message)
        return None

    def items(self, name: str, least: int, most: int) -> list[Any]:
        """Return the values of a list; nothing if there are too few or too many."""
        values = self.read(name, lambda value: isinstance(value, list), "a list")
        if values is None:
            return []
        if not least <= len(values) <= most:
            message = f"must have {least} to {most} members, got {len(values)}"
            self.refuse(IssueCode.OUT_OF_RANGE, name, message)
            return []
        found: list[Any] = values
        return found


def closed(
    source: Any,
    pointer: str,
    notes: Notes,
    what: str,
    required: Mapping[str, str],
    optional: Collection[str] = (),
) -> Members | None:
    """Return the members of a closed object after a check of their names; None if it is no object."""
    if not isinstance(source, dict):
        message = f"{what} must be an object, got {json_type(source)}"
        notes.add(IssueCode.NOT_AN_OBJECT, pointer, message)
        return None
    members = Members(source, pointer, notes)
    members.check_names(what, required, optional)
    return members


def likeness(value: object, expected: str) -> str:
    """Return the likely mistake behind a value of a wrong type, or nothing."""
    if isinstance(value, str) and expected.startswith(("a number", "true or false", "an integer")):
        return "; write it without quotes"
    if value is None:
        return "; null does not mean absent in format 2"
    return ""


def _near(word: str, known: Collection[str]) -> str:
    near = nearest(word.lower(), known, 0.7)
    return "" if near is None else f"; did you mean {near}?"
