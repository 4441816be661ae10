"""The reader of the published kit: cases as calls, documents, and expectations."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from flagengine import Resolution, Snapshot
from tests.properties.strategies import Call

__all__ = [
    "FIXTURES",
    "Case",
    "all_cases",
    "all_documents",
    "as_published",
    "differences",
    "entries",
    "parsed",
]

FIXTURES = Path(__file__).parents[2] / "fixtures"


def entries(folder: str, member: str) -> list[dict[str, Any]]:
    """Return the entries of all files of a folder, in the files' order."""
    paths = sorted((FIXTURES / folder).glob("*.json"))
    assert paths, f"no fixtures in {FIXTURES / folder}"
    texts = (path.read_text(encoding="utf-8") for path in paths)
    return [entry for text in texts for entry in json.loads(text)[member]]


@dataclass(frozen=True, eq=False)
class Case:
    """A case: definitions, a flag, a call, and the acceptable answers."""

    source: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id, which names a failure."""
        return str(self.source["id"])

    @property
    def key(self) -> str:
        """The key of the flag to evaluate."""
        return str(self.source["flag_key"])

    def parsed(self) -> Snapshot:
        """Return a new snapshot of the definitions."""
        return Snapshot.parse(self.source["definitions"])

    @cached_property
    def probed(self) -> Snapshot:
        """The snapshot for choosing the evaluators of the case."""
        return self.parsed()

    @cached_property
    def call(self) -> Call:
        """The person and the options."""
        options = dict(self.source["context"])
        distinct_id = options.pop("distinct_id")
        properties = options.pop("person_properties", {})
        if "now" in options:
            options["now"] = datetime.fromisoformat(options["now"])
        return Call(distinct_id, properties, options)

    @property
    def acceptable(self) -> list[dict[str, Any]]:
        """The expected answer, and another acceptable answer, if there is any."""
        others = ("expected", "also_acceptable")
        return [self.source[name] for name in others if name in self.source]


@cache
def all_cases() -> tuple[Case, ...]:
    """Return every published case."""
    return tuple(Case(entry) for entry in entries("cases", "cases"))


@cache
def all_documents() -> tuple[dict[str, Any], ...]:
    """Return every published document."""
    return tuple(entries("documents", "documents"))


def parsed(document: Mapping[str, Any]) -> Snapshot:
    """Parse a published document: a JSON value, or text."""
    return Snapshot.parse(document["text"] if "text" in document else document["document"])


def as_published(resolution: Resolution) -> dict[str, Any]:
    """Return a resolution in the kit's format."""
    return {
        "value": resolution.value,
        "reason": resolution.reason.value,
        "condition_index": resolution.condition_index,
        "payload": resolution.raw_payload,
        "description": resolution.description,
        "unresolved_reason": resolution.unresolved_reason and resolution.unresolved_reason.value,
        "missing": _missing(resolution),
        "rule": resolution.rule and resolution.rule.to_dict(),
        "caller_default": resolution.caller_default,
    }


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return (found, wanted) for each member in which an answer differs; 1 is not True."""
    wanted = dict(_wanted(expected))
    return {
        name: (found[name], value)
        for name, value in wanted.items()
        if not _is_alike(found[name], value)
    }


def _is_alike(found: Any, wanted: Any) -> bool:
    if isinstance(found, dict) and isinstance(wanted, dict):
        return json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)
    return found == wanted and type(found) is type(wanted)


def _wanted(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the given members, and the further members that each kind of answer must have."""
    if "value" in expected:
        yield from {"payload": None, "unresolved_reason": None, "missing": {}}.items()
    else:
        nothing = {"value": None, "payload": None, "condition_index": None}
        yield from {**nothing, "reason": "unresolved"}.items()
    for name, value in expected.items():
        yield name, _ordered(value) if name == "missing" else value


def _missing(resolution: Resolution) -> dict[str, Any]:
    missing = resolution.missing
    return _ordered(
        {
            "person_properties": list(missing.person_properties),
            "group_properties": list(map(list, missing.group_properties)),
            "groups": list(missing.groups),
            "device_id": missing.device_id,
            "distinct_id": missing.distinct_id,
        }
    )


def _ordered(missing: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part if part is True else sorted(part) for name, part in missing.items() if part}
