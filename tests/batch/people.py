"""Tables of people, with the equivalent calls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from flagengine import Resolution, Snapshot, evaluate
from flagengine.batch import TableEvaluation, evaluate_table
from flagengine.columnar.answer_columns import missing_text, value_text
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import NOT_GIVEN
from tests.properties.strategies import Call, calls

PER_PERSON = {"groups", "group_properties", "device_id"}
GROUPS = ("company", "team")
GROUP_COLUMNS = {f"group {name}" for name in GROUPS}


@dataclass(frozen=True)
class People:
    """A table, the arguments to read it, and each row as a call."""

    table: pa.Table
    reading: dict[str, Any]
    calls: Sequence[Call]
    options: dict[str, Any]

    def evaluated(self, snapshot: Snapshot, **more: Any) -> TableEvaluation:
        """Evaluate the table."""
        return evaluate_table(snapshot, self.table, **self.reading, **self.options, **more)

    def expected(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        """Evaluate person by person; return rows of the long output."""
        return [
            long_row(resolution)
            for call in self.calls
            for resolution in evaluate(
                snapshot, call.distinct_id, call.props, **call.options, **self.options
            ).values()
        ]


def long_row(resolution: Resolution) -> dict[str, Any]:
    """Return a resolution as a row of the long output."""
    return {
        "flag": resolution.key,
        "value": value_text(resolution.value),
        "enabled": resolution.enabled if _is_decided(resolution) else None,
        "variant": resolution.variant,
        "payload": resolution.raw_payload,
        "reason": resolution.reason.value,
        "condition_index": resolution.condition_index,
        "unresolved_reason": resolution.unresolved_reason and resolution.unresolved_reason.value,
        "missing": missing_text(resolution),
        "rule_id": resolution.rule and resolution.rule.id,
        "rule_type": resolution.rule and resolution.rule.type,
        "variant_key": resolution.rule and resolution.rule.variant_key,
    }


def _is_decided(resolution: Resolution) -> bool:
    return resolution.value is not None or resolution.caller_default


@st.composite
def exported_people(draw: st.DrawFn, document: Any) -> People:
    """Draw people as in an export of persons, with properties in columns of JSON text."""
    drawn = draw(st.lists(calls(document), min_size=1, max_size=7))
    options = {k: v for k, v in drawn[0].options.items() if k not in PER_PERSON}
    people = [_in_json(call) for call in drawn]
    device = any("device_id" in call.options for call in people)
    table = {
        "id": pa.array([call.distinct_id for call in people], pa.string()),
        "props": pa.array([json.dumps(call.props) for call in people]),
        "device": pa.array([call.options.get("device_id") for call in people], pa.string()),
    }
    for name in GROUPS:
        groups = [call.options["groups"].get(name) for call in people]
        table[f"group {name}"] = pa.array(groups, pa.string())
        properties = [call.options["group_properties"].get(name) for call in people]
        table[f"{name} props"] = pa.array([json.dumps(props or {}) for props in properties])
    reading = {
        "distinct_id": "id",
        "person_json": "props",
        "device_id": "device" if device else None,
        "groups": {name: f"group {name}" for name in GROUPS},
        "group_json": {name: f"{name} props" for name in GROUPS},
    }
    return People(pa.table(table), reading, people, options)


def _in_json(call: Call) -> Call:
    """Return the call without inputs that JSON and text columns cannot contain."""
    options = call.options
    groups = {k: _text(v) for k, v in (options.get("groups") or {}).items()}
    properties = options.get("group_properties") or {}
    found: dict[str, Any] = {
        "groups": {k: v for k, v in groups.items() if v is not None},
        "group_properties": {k: _json(v) for k, v in properties.items()},
    }
    if "device_id" in options:
        found["device_id"] = _text(options["device_id"])
    return Call(_text(call.distinct_id), _json(call.props), found)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value != "\ud800" else None


def _json(props: Any) -> dict[str, Any]:
    sent = {key: to_json_value(value) for key, value in props.items()}
    return {k: v for k, v in sent.items() if v is not NOT_GIVEN and not _is_endless(v)}


def _is_endless(value: Any) -> bool:
    """Python's JSON reader refuses integers of over 4,300 digits."""
    return isinstance(value, int) and abs(value) > 10**4_000
