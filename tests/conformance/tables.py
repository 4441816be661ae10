"""Evaluators of a call as a row of a table, alone and among rows of other people."""

import json
from dataclasses import replace
from itertools import chain
from typing import Any

import pyarrow as pa

from flagengine import Overrides, Resolution, Snapshot
from flagengine.batch import evaluate_table
from tests.batch.people import long_row
from tests.properties.strategies import Call

__all__ = ["alone", "among_others", "neighbours", "why_not"]

_PER_ROW = ("groups", "group_properties", "device_id")


def why_not(snapshot: Snapshot, key: str, call: Call) -> str | None:
    """Return the reason why a call cannot be a row; None if it can."""
    device = call.options.get("device_id")
    ids = [call.distinct_id, device, *(call.options.get("groups") or {}).values()]
    if any(isinstance(identifier, float) for identifier in ids):
        return "a column of floats is refused as ids"
    overridden = Overrides.parse(call.options.get("overrides")) | snapshot.overrides
    if key not in snapshot.keys and key not in overridden.flags:
        return "a flag that does not exist is refused"
    if any(isinstance(identifier, str) and not _is_unicode(identifier) for identifier in ids):
        return "a column of texts is UTF-8"
    return None


def alone(snapshot: Snapshot, key: str, call: Call) -> Resolution:
    """Evaluate a table of one row."""
    return _resolutions(snapshot, key, [call])[0]


def among_others(snapshot: Snapshot, key: str, call: Call) -> Resolution:
    """Evaluate the row among others, and check that each has the interpreter's answer."""
    before, after = neighbours(call)
    people = [*before, call, *after]
    found = _resolutions(snapshot, key, people)
    for person, resolution in zip(people, found, strict=True):
        assert resolution == person.explain(snapshot, key).resolution, person
    return found[len(before)]


def neighbours(call: Call) -> tuple[list[Call], list[Call]]:
    """Return similar people: with other ids, and with fewer known properties."""
    alike = [replace(call, distinct_id=other_id) for other_id in _other_ids(call.distinct_id)]
    nobody = replace(call, distinct_id=None)
    unknown = replace(call, props={})
    lonely = call.having(**{name: {} for name in ("groups", "group_properties")})
    return [*alike[:6], unknown, lonely], [*alike[6:], nobody, call]


def _other_ids(distinct_id: Any) -> list[Any]:
    """Return ids of the same type, because a column has a single type."""
    if not isinstance(distinct_id, str):
        return [distinct_id] * 2
    return [f"user-{number}" for number in range(1, 13)] + ["", "x" * 300]


def _resolutions(snapshot: Snapshot, key: str, people: list[Call]) -> list[Resolution]:
    """Return the resolution of each row: the only counted resolution that equals the row."""
    options = {name: value for name, value in people[0].options.items() if name not in _PER_ROW}
    table, reading = _table(people)
    evaluation = evaluate_table(
        snapshot, table, flags=[key], output="long", carry=[], threads=1, **reading, **options
    )
    rows = evaluation.read_all().to_pylist()
    counted = {
        json.dumps(long_row(resolution)): resolution for resolution in evaluation.stats.answers[key]
    }
    assert len(counted) == len(evaluation.stats.answers[key])
    return [counted[json.dumps(row)] for row in rows]


def _table(people: list[Call]) -> tuple[pa.Table, dict[str, Any]]:
    columns: dict[str, Any] = {
        "id": [person.distinct_id for person in people],
        "props": [json.dumps(person.props) for person in people],
        "device": [person.options.get("device_id") for person in people],
    }
    reading: dict[str, Any] = {"distinct_id": "id", "person_json": "props", "device_id": "device"}
    for option, argument, write in (
        ("groups", "groups", lambda key: key),
        ("group_properties", "group_json", json.dumps),
    ):
        given = [person.options.get(option) or {} for person in people]
        names = dict.fromkeys(chain.from_iterable(given))
        for name in names:
            column = f"{option} {name}"
            columns[column] = [write(values[name]) if name in values else None for values in given]
        reading[argument] = {name: f"{option} {name}" for name in names}
    return pa.table(columns), reading


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
