"""The records of flags equal PostHog's own projections of outcomes, and its list of what a record has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flagengine import Overrides, Reason, Resolution, RuleReference, Snapshot, UnresolvedReason
from flagengine.transports.server.posthog import records
from flagengine.transports.server.posthog.shapes import Shape
from flagengine.transports.server.publication import Publication

FIXTURES = Path(__file__).parents[3] / "fixtures"
CASES = json.loads((FIXTURES / "official/legacy_projection.json").read_bytes())["cases"]
ROWS = json.loads((FIXTURES / "official-v2/response_presence.json").read_bytes())["rows"]
SHAPES = {
    "flags_v2": Shape.DETAILS,
    "flags_v1": Shape.VALUES,
    "decide_v2": Shape.ENABLED,
    "decide_v1": Shape.LISTED,
}


def _resolution(outcome: dict[str, Any]) -> Resolution:
    given = {
        "raw_payload": outcome["payload"],
        "flag_id": outcome["flag_id"],
        "flag_version": outcome["flag_version"],
        "condition_index": outcome["reason"]["condition_index"],
    }
    key = outcome["key"]
    if outcome["omitted"]:
        return Resolution(key, False, Reason.FLAG_DISABLED, **given)
    if outcome["failed"]:
        # A local evaluation has no timeout: any reason stands for it.
        return Resolution(
            key,
            None,
            Reason.UNRESOLVED,
            unresolved_reason=UnresolvedReason.MISSING_CONTEXT,
            **given,
        )
    value = outcome["variant"] or outcome["enabled"]
    return Resolution(key, value, Reason(outcome["reason"]["code"]), **given)


def _asserted(record: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a record that the corpus asserts."""
    return {
        name: _asserted(record[name], each) if isinstance(each, dict) else record[name]
        for name, each in wanted.items()
    }


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_outcome_is_projected_as_by_posthog(case: dict[str, Any], shape: str):
    wanted = dict(case["projections"][shape])
    del wanted["response_version"]
    publication = Publication(Snapshot.parse({"flags": []}))
    found = json.loads(
        SHAPES[shape].body(publication, [_resolution(case["outcome"])], b'"requestId":"r"}')
    )
    assert found.pop("requestId") == "r"
    assert found.keys() == wanted.keys()
    if shape == "flags_v2":
        assert found["flags"].keys() == wanted["flags"].keys()
        for key, record in wanted["flags"].items():
            if record.get("failed"):
                record["reason"]["code"] = "missing_context"
            assert _asserted(found["flags"][key], record) == record
            assert ("failed" in found["flags"][key]) == ("failed" in record)
    else:
        assert found == wanted


# What is evaluated here: neither linked experiments nor flags of groups.
LOCAL = [
    row
    for row in ROWS
    if "experiment_id" not in row["required"] and not row["failed"] and row["reason"] in set(Reason)
]


@pytest.mark.parametrize("row", LOCAL, ids=lambda row: f"{row['reason']} {row.get('rule_type')}")
def test_a_typed_record_has_what_the_contract_requires_and_nothing_that_it_forbids(row: Any):
    rule = None
    if row.get("rule_type"):
        rule = RuleReference("r-1", row["rule_type"], 0, None)
    resolution = Resolution("f", "v", Reason(row["reason"]), config_version=2, rule=rule)
    record = json.loads(b"{%b}" % records.typed(resolution))["f"]
    for name in row["required"]:
        assert record["metadata"][name]
    for name in row["forbidden"]:
        assert name not in record["metadata"]
    assert record["value"] == "v"
    assert record["metadata"]["config_version"] == 2


def test_a_typed_record_tells_the_variant_of_an_experiment():
    rule = RuleReference("r-1", "experiment", 0, "b")
    resolution = Resolution("f", 5, Reason.TARGETING_MATCH, config_version=2, rule=rule)
    record = json.loads(b"{%b}" % records.typed(resolution))["f"]
    assert record["value"] == 5
    assert record["metadata"]["variant_key"] == "b"


@pytest.mark.parametrize("render", [records.details, records.value, records.enabled_key])
def test_the_older_shapes_leave_out_what_they_cannot_say(render: Any):
    number = Resolution("f", 5, Reason.TARGETING_MATCH, config_version=2)
    forced = Resolution("f", 5, Reason.OVERRIDDEN)
    text_of_format_2 = Resolution("f", "x", Reason.TARGETING_MATCH, config_version=2)
    assert [render(each) for each in (number, forced, text_of_format_2)] == [b"", b"", b""]


@pytest.mark.parametrize(
    "render", [records.details, records.typed, records.value, records.enabled_key]
)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (False, Reason.FLAG_DISABLED),
        (None, Reason.UNKNOWN_FLAG),
        (None, Reason.FILTERED_OUT),
        (None, Reason.OVERRIDDEN),
    ],
)
def test_what_counts_as_missing_is_in_no_shape(render: Any, value: Any, reason: Reason):
    assert render(Resolution("f", value, reason)) == b""


def test_a_forced_value_is_shown_although_its_flag_is_off():
    found = Resolution("f", "x", Reason.OVERRIDDEN)
    assert json.loads(b"{%b}" % records.details(found))["f"]["variant"] == "x"
    assert Overrides.parse({"f": "x"})
