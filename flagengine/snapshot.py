"""The definitions of one project at one time: immutable, lazy, equal by content (SPEC R1).

Parsing indexes the document; a flag is read when it is first asked for and lowered when it is
first evaluated. Both are pure, so that two threads doing it at once only waste work.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from flagengine.definitions import Cohort, Flag
from flagengine.errors import Issue, IssueCode, SnapshotError
from flagengine.overrides import NO_OVERRIDES, Overrides, OverridesLike
from flagengine.parsing import EXTENSION, parse_cohort, parse_flag
from flagengine.plan import FlagPlan, Node, leaves, lower_cohort, lower_flag, references
from flagengine.plan.graph import reachable
from flagengine.reading import is_number, json_type, pointer_to
from flagengine.review import review_cohort, review_flag
from flagengine.values import NOT_GIVEN, text, to_json_value

__all__ = ["Document", "Snapshot"]

Document = Mapping[str, Any] | str | bytes | bytearray
"""A definitions document: the parsed JSON, its text, or its UTF-8 bytes."""

_EXPECTED: Final = 'expected a definitions document: an object with a list "flags"'
_CONTENT: Final = (
    "flags",
    "group_type_mapping",
    "cohorts",
    "property_matching_version",
    "minimal_flag_called_events",
    EXTENSION,
)


class Snapshot:
    """A definitions document, ready to evaluate.

    Build one with :meth:`parse`; copies with changes come from :meth:`with_overrides`. Safe to
    share between threads, picklable, hashable and equal by content.
    """

    __slots__ = (
        "__weakref__",
        "_cohorts",
        "_document",
        "_duplicates",
        "_fingerprint",
        "_flags",
        "_issues",
        "_plans",
        "_pointers",
        "_raw_cohorts",
        "_raw_flags",
        "flags",
        "group_type_mapping",
        "hash_algorithm",
        "keys",
        "minimal_flag_called_events",
        "overrides",
        "property_matching_version",
    )

    flags: Mapping[str, Flag]
    """Every flag by key, in the document's order; read on first access."""
    keys: Mapping[str, None]
    """The keys of the flags that are not deleted, in the document's order."""
    group_type_mapping: Mapping[int, str]
    property_matching_version: int
    minimal_flag_called_events: bool
    hash_algorithm: str
    overrides: Overrides

    def __init__(self, document: dict[str, Any], overrides: Overrides = NO_OVERRIDES) -> None:
        """Index a document that this snapshot owns; use :meth:`parse` instead."""
        index = _Index(document)
        values = {
            "_document": document,
            "_raw_flags": index.flags,
            "_pointers": index.pointers,
            "_duplicates": index.duplicates,
            "_raw_cohorts": index.cohorts,
            "_issues": index.issues,
            "_flags": {},
            "_cohorts": {},
            "_plans": {},
            "_fingerprint": None,
            "flags": _Flags(self),
            "keys": {key: None for key, flag in index.flags.items() if flag.get("deleted") is not True},
            "group_type_mapping": index.group_names,
            "property_matching_version": index.matching_version,
            "minimal_flag_called_events": document.get("minimal_flag_called_events") is True,
            "hash_algorithm": index.hash_algorithm,
            "overrides": overrides,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a snapshot never changes."""
        message = f"a Snapshot cannot change; with_overrides makes a copy ({name})"
        raise AttributeError(message)

    @classmethod
    def parse(cls, document: Document) -> "Snapshot":
        """Read a definitions document: a mapping, JSON text or UTF-8 bytes.

        A flag that is malformed, of an unknown format or absurd keeps its slot: see
        :attr:`issues`. Raises :class:`SnapshotError` only when the document is no definitions
        document at all.
        """
        value = _decoded(document) if isinstance(document, str | bytes | bytearray) else document
        if not isinstance(value, Mapping):
            message = f"{_EXPECTED}; found {json_type(value)}"
            raise SnapshotError(IssueCode.NOT_AN_OBJECT, "", message)
        if "flags" not in value:
            message = f"{_EXPECTED}; found {_members(value)}"
            raise SnapshotError(IssueCode.MISSING_KEY, "/flags", message)
        if not isinstance(value["flags"], list | tuple):
            message = f"{_EXPECTED}; found {json_type(value['flags'])} as its flags"
            raise SnapshotError(IssueCode.WRONG_TYPE, "/flags", message)
        return cls(value if value is not document else _owned(value))  # type: ignore[arg-type]

    def with_overrides(self, overrides: OverridesLike) -> "Snapshot":
        """Return a copy whose answers are replaced by ``overrides``, on top of any it has."""
        return Snapshot(self._document, self.overrides | Overrides.parse(overrides))

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything wrong in the document, in its order; empty when nothing is."""
        found = list(self._issues)
        for flag in self.flags.values():
            found += [*flag.issues, *review_flag(flag, self)]
        for cohort in filter(None, map(self.cohort, self._raw_cohorts)):
            found += [*cohort.issues, *review_cohort(cohort, self)]
        return tuple(found)

    @property
    def fingerprint(self) -> str:
        """A hex digest of everything that can change an answer, the overrides included."""
        if self._fingerprint is None:
            content = {name: self._document[name] for name in _CONTENT if name in self._document}
            written = json.dumps([content, self.overrides.to_dict()], sort_keys=True)
            digest = blake2b(written.encode(), digest_size=16).hexdigest()
            object.__setattr__(self, "_fingerprint", digest)
        return self._fingerprint

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        if not isinstance(other, Snapshot):
            return NotImplemented
        return self is other or self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        """Say how large it is, not what is in it."""
        return f"<Snapshot of {len(self._raw_flags)} flags, {len(self._raw_cohorts)} cohorts>"

    def __reduce__(self) -> tuple[type["Snapshot"], tuple[dict[str, Any], Overrides]]:
        """Pickle the document; the rest is made anew."""
        return Snapshot, (self._document, self.overrides)

    # What lowering asks (flagengine.plan.cohorts.CohortScope).

    def flag(self, key: str) -> Flag | None:
        """Return the flag with that key, or None."""
        if key not in self._flags and key in self._raw_flags:
            flag = parse_flag(key, self._raw_flags[key], self._pointers[key])
            if key in self._duplicates:
                flag = replace(flag, defect=self._duplicates[key])
            self._flags[key] = flag
        return self._flags.get(key)

    def cohort(self, cohort_id: str) -> Cohort | None:
        """Return the cohort with that id, or None."""
        if cohort_id not in self._cohorts and cohort_id in self._raw_cohorts:
            pointer = pointer_to("/cohorts", cohort_id)
            self._cohorts[cohort_id] = parse_cohort(
                cohort_id, self._raw_cohorts[cohort_id], pointer
            )
        return self._cohorts.get(cohort_id)

    def group_name(self, index: int) -> str | None:
        """Return the name of a group type, or None."""
        return self.group_type_mapping.get(index)

    def cohort_plan(self, cohort_id: str) -> Node:
        """Return the lowered definition of a cohort, or why there is none."""
        slot = ("cohort", cohort_id)
        if slot not in self._plans:
            self._plans[slot] = lower_cohort(cohort_id, self)
        return self._plans[slot]

    def dependencies(self, key: str) -> frozenset[str]:
        """Return the keys of the flags that a flag's filters name, cohorts included."""
        flag = self.flag(key)
        filters = [one for condition in flag.conditions for one in condition.filters] if flag else []
        cohorts = {text(one.value) for one in filters if one.type == "cohort"}
        for cohort_id in tuple(cohorts):
            cohorts |= reachable(cohort_id, lambda one: references(self.cohort(one)))
        for cohort_id in cohorts:
            cohort = self.cohort(cohort_id)
            filters.extend(leaves(cohort.definition if cohort else None))
        return frozenset(one.key for one in filters if one.type == "flag" and one.key)

    def plan(self, key: str) -> FlagPlan | None:
        """Return the lowered flag, or None when there is no such flag."""
        slot = ("flag", key)
        if slot not in self._plans:
            flag = self.flag(key)
            self._plans[slot] = lower_flag(flag, self) if flag else None
        return self._plans[slot]


class _Flags(Mapping[str, Flag]):
    """The flags of a snapshot, read when they are asked for."""

    __slots__ = ("_snapshot",)

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, key: str) -> Flag:
        flag = self._snapshot.flag(key)
        if flag is None:
            raise KeyError(key)
        return flag

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot._raw_flags)  # noqa: SLF001 the snapshot's own view

    def __len__(self) -> int:
        return len(self._snapshot._raw_flags)  # noqa: SLF001


class _Index:
    """What parsing finds at the top level: slots, names and issues."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.issues: list[Issue] = []
        self.flags: dict[str, dict[str, Any]] = {}
        self.pointers: dict[str, str] = {}
        self.duplicates: dict[str, Issue] = {}
        for position, source in enumerate(document["flags"]):
            self._add_flag(position, source)
        self.cohorts: Mapping[str, Any] = self._mapping(document, "cohorts")
        self.group_names = self._group_names(self._mapping(document, "group_type_mapping"))
        version = document.get("property_matching_version")
        self.matching_version = 2 if is_number(version) and version == 2 else 1  # noqa: PLR2004
        extension = self._mapping(document, EXTENSION).get("hash", "sha1")
        self.hash_algorithm = extension if isinstance(extension, str) else text(extension)

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
            if index.isascii() and index.isdigit() and isinstance(name, str):
                names[int(index[:9])] = name
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
            return json.loads(document.removeprefix("\ufeff"), parse_constant=_no_constant)
        return json.loads(document, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        message = f"{_EXPECTED}; the bytes are no UTF-8 text: {error}"
        raise SnapshotError(IssueCode.NOT_JSON, "", message) from error
    except RecursionError as error:
        message = f"{_EXPECTED}; the JSON is nested too deep"
        raise SnapshotError(IssueCode.NOT_JSON, "", message) from error
    except ValueError as error:
        return _leniently(document, error)


def _leniently(document: str | bytes | bytearray, error: ValueError) -> Any:
    """Read again when all that failed was an integer of thousands of digits."""
    if not isinstance(error, json.JSONDecodeError):
        try:
            return json.loads(document, parse_constant=_no_constant, parse_int=float)
        except (ValueError, RecursionError) as second:
            error = second if isinstance(second, ValueError) else error
    message = f"{_EXPECTED}; the text is not JSON: {error}"
    raise SnapshotError(IssueCode.NOT_JSON, "", message) from error


def _no_constant(_: str) -> None:
    """NaN and the infinities are no JSON; they read as null."""


def _owned(document: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a caller's mapping, so that later changes to it do not reach the snapshot.

    A round trip through JSON text where that works; value by value where it does not.
    """
    try:
        copy: dict[str, Any] = json.loads(json.dumps(document), parse_constant=_no_constant)
    except (TypeError, ValueError, RecursionError):
        copy = {str(name): _copied(member) for name, member in document.items()}
        copy["flags"] = [_copied(flag) for flag in document["flags"]]
    return copy


def _copied(value: object) -> Any:
    converted = to_json_value(value)
    return None if converted is NOT_GIVEN else converted
