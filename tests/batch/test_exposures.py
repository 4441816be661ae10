"""Exposures have the same ids at every run, and different ids for different content."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Snapshot, evaluate_flag
from flagengine.batch.statistics.exposures import SCHEMA, Exposures, exposure_id
from flagengine.columnar.engine import Engine
from flagengine.columnar.layout import Layout
from tests.rules import document

_VARIANTS = [{"key": key, "rollout_percentage": 50} for key in ("a", "b")]
_NEEDY = {"properties": [{"key": "plan", "type": "person", "value": "pro"}]}
_SNAPSHOT = Snapshot.parse(
    {
        "flags": [
            {
                "key": "ab",
                "id": 7,
                "version": 3,
                "active": True,
                "filters": {
                    "groups": [{"rollout_percentage": 50}],
                    "multivariate": {"variants": _VARIANTS},
                    "payloads": {"a": "[1]"},
                },
            },
            {"key": "needy", "active": True, "filters": {"groups": [_NEEDY]}},
        ]
    }
)
_PEOPLE = pa.table({"distinct_id": [*(f"id-{n}" for n in range(50)), None, ""]})
_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _exposures(*, enabled_only: bool = False) -> tuple[Exposures, Engine]:
    engine = Engine(_SNAPSHOT, Layout.of(_PEOPLE.schema, distinct_id="distinct_id"), now=_NOW)
    return Exposures(engine, _NOW, enabled_only=enabled_only), engine


def test_definite_answers_of_people_with_an_id_are_exposures():
    exposures, engine = _exposures()
    table = exposures.table(engine.rows(_PEOPLE.to_batches()[0], 0))
    assert table.schema == SCHEMA
    rows = table.to_pylist()
    assert [row["distinct_id"] for row in rows] == [f"id-{n}" for n in range(50)]
    for row in rows:
        value = evaluate_flag(_SNAPSHOT, "ab", row["distinct_id"]).value
        assert row["value"] == ("false" if value is False else value)
        assert (row["flag_id"], row["flag_version"]) == (7, 3)
        assert row["snapshot"] == _SNAPSHOT.fingerprint


def test_with_enabled_only_false_answers_are_left_out():
    exposures, engine = _exposures(enabled_only=True)
    values = exposures.table(engine.rows(_PEOPLE.to_batches()[0], 0)).column("value").to_pylist()
    assert set(values) == {"a", "b"}


def test_events_are_what_the_client_sends_and_have_the_ids_of_the_table():
    exposures, engine = _exposures()
    rows = engine.rows(_PEOPLE.to_batches()[0], 0)
    events = [json.loads(line) for line in exposures.events(rows)]
    assert [event["uuid"] for event in events] == exposures.table(rows).column("uuid").to_pylist()
    event = next(event for event in events if event["properties"]["$feature_flag_response"] == "a")
    assert event["event"] == "$feature_flag_called"
    assert event["timestamp"] == "2026-11-24T12:00:00+00:00"
    assert event["properties"]["$feature/ab"] == "a"
    assert event["properties"]["$feature_flag_payload"] == [1]


@pytest.mark.rule("R19.5")
def test_text_with_lone_surrogates_is_escaped_in_a_payload():
    payloads = {"true": r'"\ud800"'}
    flag = {"key": "f", "active": True, "filters": {"groups": [{}], "payloads": payloads}}
    layout = Layout.of(_PEOPLE.schema, distinct_id="distinct_id")
    snapshot = Snapshot.parse({"flags": [flag]})
    engine = Engine(snapshot, layout, now=_NOW)
    (line, *_) = Exposures(engine, _NOW).events(engine.rows(_PEOPLE.to_batches()[0], 0))
    assert json.loads(line.encode())["properties"]["$feature_flag_payload"] == "\ud800"


def test_the_id_is_what_it_was_in_the_first_release():
    found = exposure_id("fingerprint", "flag", "person")
    assert found == "c29abe1a-5d03-81ee-82ba-efcc3e1e9cb7"
    assert UUID(found).version == 8


@given(*[st.tuples(st.text(max_size=3), st.text(max_size=3), st.text(max_size=3))] * 2)
def test_ids_differ_when_anything_differs(left: tuple[str, ...], right: tuple[str, ...]):
    assert (exposure_id(*left) == exposure_id(*right)) == (left == right)


_RULES = {
    "whole": [{"rule_type": "targeted_release", "value": {"limit": 0}}],
    "nobody": [],
}
_TYPED = Snapshot.parse(
    {
        "flags": [
            {
                "key": key,
                "active": True,
                "filters": {
                    "version": 2,
                    "return_type": "object",
                    "default_value": {},
                    "rules": [
                        {
                            "id": "11111111-1111-4111-8111-111111111111",
                            "targeting": {"properties": []},
                            **rule,
                        }
                        for rule in rules
                    ],
                },
            }
            for key, rules in _RULES.items()
        ]
    }
)


def test_an_event_of_a_format_2_flag_has_its_rule_and_no_object():
    people = pa.table({"distinct_id": ["id-1"]})
    engine = Engine(_TYPED, Layout.of(people.schema, distinct_id="distinct_id"), now=_NOW)
    rows = engine.rows(people.to_batches()[0], 0)
    events = [json.loads(line) for line in Exposures(engine, _NOW).events(rows)]
    common = {"$feature_flag_response": True, "locally_evaluated": True}
    common |= {"$feature_flag_config_version": 2}
    rule = {"$feature_flag_rule_id": "11111111-1111-4111-8111-111111111111"}
    rule |= {"$feature_flag_rule_type": "targeted_release"}
    whole = {"$feature_flag": "whole", "$feature/whole": True}
    nobody = {"$feature_flag": "nobody", "$feature/nobody": True}
    assert [event["properties"] for event in events] == [
        {**common, **whole, "$feature_flag_reason_code": "targeting_match", **rule},
        {**common, **nobody, "$feature_flag_reason_code": "no_rule_match"},
    ]


def test_a_flag_that_leaves_its_value_to_the_caller_is_an_exposure_that_is_off():
    snapshot = Snapshot.parse(document(default=None))
    people = pa.table({"distinct_id": ["id-1"]})
    engine = Engine(snapshot, Layout.of(people.schema, distinct_id="distinct_id"), now=_NOW)
    rows = engine.rows(people.to_batches()[0], 0)
    (row,) = Exposures(engine, _NOW).table(rows).to_pylist()
    assert (row["value"], row["reason"]) == (None, "no_rule_match")
    (event,) = map(json.loads, Exposures(engine, _NOW).events(rows))
    assert event["properties"]["$feature_flag_response"] is False
    assert Exposures(engine, _NOW, enabled_only=True).events(rows) == []
