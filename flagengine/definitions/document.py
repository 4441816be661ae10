"""The document before any flag is read: text to JSON, a private copy, and an index (SPEC R1)."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from flagengine.definitions.issues import Issue, IssueCode, SnapshotError
from flagengine.definitions.parsing import ALGORITHMS, EXTENSION
from flagengine.definitions.reading import is_number, json_type, pointer_to, shown
from flagengine.values.json_values import MAX_PARTS, NOT_GIVEN, has_utf8, to_json_value

__all__ = ["Document", "Index", "read_document"]

Document = Mapping[str, Any] | str | bytes | bytearray
"""A definitions document: the parsed JSON, its text, or its UTF-8 bytes."""

_MAX_NESTING: Final = 200
"""How deep a document is read: deeper than any value in it may be (SPEC R15)."""

_INDEX_DIGITS: Final = 10

_MAX_DIGITS: Final = 4_000
"""Longer integers are not read: Python would refuse to (at 4,300 digits)."""
_MAX_BITS: Final = 13_000
"""Longer integers are not written, for the same reason."""

_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]', re.DOTALL)
_EXPECTED: Final = 'expected a definitions document: an object with a list "flags"'


def read_document(document: Document) -> dict[str, Any]:
    """Return a definitions document that nobody else holds; SnapshotError when it is none."""
    is_text = isinstance(document, str | bytes | bytearray)
    value = _decoded(document) if is_text else document  # type: ignore[arg-type]
    if not isinstance(value, Mapping):
        message = f"{_EXPECTED}; found {json_type(value)}"
        raise SnapshotError(IssueCode.NOT_AN_OBJECT, "", message)
    if "flags" not in value:
        message = f"{_EXPECTED}; found {_members(value)}"
        raise SnapshotError(IssueCode.MISSING_KEY, "/flags", message)
    if not isinstance(value["flags"], list | tuple):
        message = f"{_EXPECTED}; found {json_type(value['flags'])} as its flags"
        raise SnapshotError(IssueCode.WRONG_TYPE, "/flags", message)
    return value if is_text else _owned(value)  # type: ignore[return-value]


class Index:
    """What stands at the top level: slots, names and issues. Nothing below is read."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Index a document whose ``flags`` is a list."""
        self.issues: list[Issue] = []
        self.flags: dict[str, dict[str, Any]] = {}
        self.pointers: dict[str, str] = {}
        self.duplicates: dict[str, Issue] = {}
        self.deleted: set[str] = set()
        for position, source in enumerate(document["flags"]):
            self._add_flag(position, source)
        self.cohorts: Mapping[str, Any] = self._mapping(document, "cohorts")
        self.group_names = self._group_names(self._mapping(document, "group_type_mapping"))
        version = document.get("property_matching_version")
        self.matching_version = 2 if is_number(version) and version == 2 else 1
        extension = self._mapping(document, EXTENSION).get("hash", "sha1")
        self.hash_algorithm = extension if isinstance(extension, str) else shown(extension)
        if self.hash_algorithm not in ALGORITHMS:
            message = f"unknown hash {self.hash_algorithm!r}; known are sha1 and murmur3"
            self._note(IssueCode.UNKNOWN_HASH, f"/{EXTENSION}/hash", message)

    def _add_flag(self, position: int, source: Any) -> None:
        pointer = f"/flags/{position}"
        if not isinstance(source, dict):
            found = json_type(source)
            self._note(IssueCode.NOT_AN_OBJECT, pointer, f"expected a flag, found {found}")
            return
        key = source.get("key")
        if not isinstance(key, str):
            code = IssueCode.WRONG_TYPE if "key" in source else IssueCode.MISSING_KEY
            found = json_type(key) if "key" in source else "none"
            self._note(code, f"{pointer}/key", f"a flag's key is text, found {found}")
            return
        if not has_utf8(key):
            message = f"a flag's key is hashed as UTF-8, which {key!r} has not"
            self._note(IssueCode.WRONG_TYPE, f"{pointer}/key", message)
            return
        if source.get("deleted") is True:
            self.deleted.add(key)
            return
        if key in self.flags:
            message = f"the key {key!r} stands at {self.pointers[key]} already; neither counts"
            self.duplicates[key] = Issue(IssueCode.DUPLICATE_KEY, f"{pointer}/key", message)
            self.issues.append(self.duplicates[key])
            return
        self.flags[key] = source
        self.pointers[key] = pointer

    def _mapping(self, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = document.get(name)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        message = f"{name} must be an object, found {json_type(value)}"
        self._note(IssueCode.NOT_AN_OBJECT, f"/{name}", message)
        return {}

    def _group_names(self, mapping: Mapping[str, Any]) -> dict[int, str]:
        names = {}
        for index, name in mapping.items():
            is_index = index.isascii() and index.isdigit() and len(index) < _INDEX_DIGITS
            if is_index and isinstance(name, str):
                names[int(index)] = name
            else:
                message = f"expected an index and a name, found {index!r}: {json_type(name)}"
                self._note(IssueCode.WRONG_TYPE, pointer_to("/group_type_mapping", index), message)
        return names

    def _note(self, code: IssueCode, pointer: str, message: str) -> None:
        self.issues.append(Issue(code, pointer, message))


def _members(value: Mapping[str, Any]) -> str:
    names = ", ".join(repr(name) for name in list(value)[:5])
    return f"an object with {names}" if names else "an empty object"


def _decoded(document: str | bytes | bytearray) -> Any:
    try:
        if isinstance(document, str):
            return json.loads(document.removeprefix("\ufeff"))
        return json.loads(document)
    except UnicodeDecodeError as error:
        message = f"{_EXPECTED}; the bytes are no UTF-8 text: {error}"
        raise SnapshotError(IssueCode.NOT_JSON, "", message) from error
    except RecursionError:
        return _decoded(_cut_deep(document))
    except ValueError as error:
        return _leniently(document, error)


def _leniently(document: str | bytes | bytearray, error: ValueError) -> Any:
    """Read again when all that failed was an integer of thousands of digits."""
    if not isinstance(error, json.JSONDecodeError):
        try:
            return json.loads(document, parse_int=_integer)
        except (ValueError, RecursionError) as second:
            error = second if isinstance(second, ValueError) else error
    message = f"{_EXPECTED}; the text is not JSON: {error}"
    raise SnapshotError(IssueCode.NOT_JSON, "", message) from error


def _integer(digits: str) -> int | float:
    """Read an integer; one too long for that is certainly beyond every number (SPEC R2.4)."""
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def _cut_deep(document: str | bytes | bytearray) -> str:
    """Put null in place of whatever is nested deeper than any value may be.

    Only what stood there is lost, and every such value is too deep to be read anyway.
    """
    text = document if isinstance(document, str) else bytes(document).decode()
    kept, depth, start = [], 0, 0
    for token in _BRACKETS.finditer(text):
        bracket = token[0]
        if bracket in ("[", "{"):
            depth += 1
            if depth == _MAX_NESTING:
                kept.append(text[start : token.start()])
        elif bracket in ("]", "}"):
            if depth == _MAX_NESTING:
                kept.append("null")
                start = token.end()
            depth -= 1
    kept.append(text[start:] if depth < _MAX_NESTING else "")
    return "".join(kept)


def _owned(document: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a caller's mapping, so that later changes to it do not reach the snapshot.

    A round trip through JSON text where that works; value by value where it does not.
    """
    try:
        copy: dict[str, Any] = json.loads(json.dumps(document))
    except (TypeError, ValueError, RecursionError):
        copy = {str(name): _Copy().of(member, 0) for name, member in document.items()}
    return copy


class _Copy:
    """Copies what JSON text could not carry; null stands where a value is no JSON or too deep."""

    def __init__(self) -> None:
        self._left = MAX_PARTS

    def of(self, value: object, depth: int) -> Any:
        self._left -= 1
        if depth > _MAX_NESTING or self._left < 0:
            return None
        if isinstance(value, Mapping):
            return {str(name): self.of(member, depth + 1) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(member, depth + 1) for member in value]
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            return math.inf  # no number (SPEC R2.4), but not absent either
        converted = to_json_value(value)
        return None if converted is NOT_GIVEN else converted
