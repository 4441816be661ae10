"""An index of a definitions document: slots, names and issues of its top level (SPEC R1).

This module reads nothing below the top level.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flagengine.definitions.issues import Issue, IssueCode
from flagengine.definitions.parsing import ALGORITHMS, EXTENSION
from flagengine.definitions.reading import is_number, json_type, pointer_to, shown
from flagengine.values.json_values import has_utf8

if TYPE_CHECKING:  # few documents lose anything
    from flagengine.definitions.rules.lost import Lost

__all__ = ["Index"]

_INDEX_DIGITS: Final = 10


class Index:
    """The unread flags and cohorts of a document by key, and the issues at its top level."""

    def __init__(self, document: Mapping[str, Any], lost: "Lost") -> None:
        """Index a document whose ``flags`` is a list, and what its decoding lost."""
        self.issues: list[Issue] = []
        self.flags: dict[str, dict[str, Any]] = {}
        self.pointers: dict[str, str] = {}
        self.duplicates: dict[str, Issue] = {}
        self.deleted: set[str] = set()
        for position, source in enumerate(document["flags"]):
            self._add_flag(position, source)
        self.lost: dict[str, Mapping[str, str | None]] = (
            {key: lost[at] for key, at in self.pointers.items() if at in lost} if lost else {}
        )
        self.cohorts: Mapping[str, Any] = self._mapping(document, "cohorts")
        self.group_names: dict[int, str] = self._group_names(
            self._mapping(document, "group_type_mapping")
        )
        version = document.get("property_matching_version")
        self.matching_version = 2 if is_number(version) and version == 2 else 1
        extension = self._mapping(document, EXTENSION).get("hash", "sha1")
        self.hash_algorithm: str = extension if isinstance(extension, str) else shown(extension)
        if self.hash_algorithm not in ALGORITHMS:
            message = (
                f"unknown hash {shown(self.hash_algorithm)!r}; known hashes are sha1 and murmur3"
            )
            self._note(IssueCode.UNKNOWN_HASH, f"/{EXTENSION}/hash", message)

    def _add_flag(self, position: int, source: Any) -> None:
        pointer = f"/flags/{position}"
        if not isinstance(source, dict):
            message = f"a flag must be an object, got {json_type(source)}"
            self._note(IssueCode.NOT_AN_OBJECT, pointer, message)
        elif self._has_usable_key(source, pointer):
            self._add_keyed_flag(source["key"], pointer, source)

    def _has_usable_key(self, source: dict[str, Any], pointer: str) -> bool:
        key = source.get("key")
        code, message = IssueCode.WRONG_TYPE, None
        if "key" not in source:
            code, message = IssueCode.MISSING_KEY, "a flag must have a key"
        elif not isinstance(key, str):
            message = f"a flag key must be text, got {json_type(key)}"
        elif not has_utf8(key):
            message = f"flag key {shown(key)!r} cannot be encoded as UTF-8"
        if message is not None:
            self._note(code, f"{pointer}/key", message)
        return message is None

    def _add_keyed_flag(self, key: str, pointer: str, source: dict[str, Any]) -> None:
        if source.get("deleted") is True:
            self.deleted.add(key)
        elif key in self.flags:
            message = (
                f"duplicate flag key {shown(key)!r} (first at {self.pointers[key]}); "
                "both definitions are ignored"
            )
            self.duplicates[key] = Issue(IssueCode.DUPLICATE_KEY, f"{pointer}/key", message)
            self.issues.append(self.duplicates[key])
        else:
            self.flags[key] = source
            self.pointers[key] = pointer

    def _mapping(self, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = document.get(name)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        message = f"{name} must be an object, got {json_type(value)}"
        self._note(IssueCode.NOT_AN_OBJECT, f"/{name}", message)
        return {}

    def _group_names(self, mapping: Mapping[str, Any]) -> dict[int, str]:
        names = {}
        for index, name in mapping.items():
            is_index = index.isascii() and index.isdigit() and len(index) < _INDEX_DIGITS
            if is_index and isinstance(name, str):
                names[int(index)] = name
            else:
                message = f"must map an index to a name, got {shown(index)!r}: {json_type(name)}"
                self._note(IssueCode.WRONG_TYPE, pointer_to("/group_type_mapping", index), message)
        return names

    def _note(self, code: IssueCode, pointer: str, message: str) -> None:
        self.issues.append(Issue(code, pointer, message))
