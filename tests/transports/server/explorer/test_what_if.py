"""Other rollouts: what they change for a person, and for a sample of people like that person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flagengine import Snapshot, evaluate_flag
from flagengine.transports.clock import ManualClock
from flagengine.transports.server.explorer.person import Person
from flagengine.transports.server.explorer.what_if import Change, interval, what_if
from tests.transports.server.explorer.support import Explorer, document, flag
from tests.transports.server.support import definitions

CASES = Path(__file__).parents[4] / "fixtures" / "cases"
PERSON = {"distinct_id": "user-1", "properties": {"plan": "pro"}}
WIDER = {"key": "checkout", "condition": 0, "percentage": 60, "person": PERSON}


def test_the_person_is_answered_before_and_after():
    found = Explorer().found("what-if", WIDER)
    half = Snapshot.parse(document()).with_rollout("checkout", 60, 0)
    after = evaluate_flag(half, "checkout", "user-1", {"plan": "pro"}, complete=True)
    assert (found["before"]["word"], found["after"]["word"]) == ("off", after.value)
    assert found["changes"] is True
    assert found["shares"][0]["hash"]["bound"] == 0.6


def test_the_sample_counts_whom_the_rollout_changes():
    found = Explorer().found("what-if", {**WIDER, "sample": 1_000})["sample"]
    before = Snapshot.parse(document())
    after = before.with_rollout("checkout", 60, 0)
    people = [f"person-{n}" for n in range(1_000)]
    changed = sum(
        evaluate_flag(before, "checkout", who, {"plan": "pro"}).value
        != evaluate_flag(after, "checkout", who, {"plan": "pro"}).value
        for who in people
    )
    assert (found["people"], found["changed"]) == (1_000, changed)
    assert found["low"] < changed / 1_000 < found["high"]
    assert sum(each["people"] for each in found["after"]) == 1_000
    assert {move["from"] for move in found["moves"]} == {"off"}
    assert sum(move["people"] for move in found["moves"]) == changed


def test_people_whom_the_filters_leave_out_do_not_change():
    person = {"distinct_id": "user-1", "properties": {"plan": "free"}}
    found = Explorer().found("what-if", {**WIDER, "person": person})
    assert (found["changes"], found["sample"]["changed"], found["sample"]["moves"]) == (
        False,
        0,
        [],
    )


def test_the_people_of_a_sample_have_groups_and_devices_of_their_own():
    by_group = flag(
        "by-group", {"rollout_percentage": 50}, filters={"aggregation_group_type_index": 0}
    )
    by_device = flag("by-device", {"rollout_percentage": 50}, bucketing_identifier="device_id")
    explorer = Explorer(document=definitions(by_group, by_device))
    person = {"distinct_id": "u", "groups": {"company": "acme"}, "device_id": "d"}
    for key in ("by-group", "by-device"):
        change = {"key": key, "condition": 0, "percentage": 0, "person": person, "sample": 500}
        assert 150 < explorer.found("what-if", change)["sample"]["changed"] < 350


def test_a_sample_that_takes_too_long_ends_early():
    class Slow(ManualClock):
        def monotonic(self) -> float:
            self.advance(1.0)
            return super().monotonic()

    change, person = Change("checkout", 0, 60.0, 2_000), Person.parse(PERSON)
    found = what_if(Snapshot.parse(document()), change, person, {}, clock=Slow())
    assert 0 < found["sample"]["people"] < 200


def test_without_a_sample_nothing_is_counted():
    found = Explorer().found("what-if", {**WIDER, "sample": 0})["sample"]
    assert (found["people"], found["before"], found["low"], found["high"]) == (0, [], 0.0, 1.0)


@pytest.mark.parametrize(("count", "people"), [(0, 10), (10, 10), (5, 10), (1, 10_000)])
def test_an_interval_holds_the_share_and_stays_within_bounds(count: int, people: int):
    low, high = interval(count, people)
    assert 0.0 <= low <= count / people <= high <= 1.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"percentage": 101}, "from 0 to 100"),
        ({"condition": 7}, "condition must be one of"),
        ({"condition": "0"}, "must be a whole number"),
        ({"percentage": True}, "percentage must be a number"),
        ({"sample": 1_000_000}, "sample must be a number"),
        ({"sample": None}, "sample must be a number"),
    ],
)
def test_an_impossible_rollout_is_refused_with_the_reason(change: dict[str, Any], words: str):
    status, error = Explorer().refused("what-if", {**WIDER, **change})
    assert status == 400
    assert words in error


def test_an_unknown_flag_is_refused():
    assert Explorer().refused("what-if", {**WIDER, "key": "nobody"})[0] == 404


def test_a_rule_of_format_2_takes_two_decimals_and_no_more():
    cases = json.loads((CASES / "31-rules.json").read_text(encoding="utf-8"))["cases"]
    found = [(each["definitions"], *_rolled_out(each["definitions"])) for each in cases]
    definitions_, key, place = next(each for each in found if each[1] is not None)
    explorer = Explorer(document=definitions_)
    change = {"key": key, "condition": place, "sample": 10}
    for percentage in (30, 30.0, 30.25):
        assert (
            explorer.found("what-if", {**change, "percentage": percentage})["percentage"]
            == percentage
        )
    status, error = explorer.refused("what-if", {**change, "percentage": 30.123})
    assert status == 400
    assert "two decimals" in error


def _rolled_out(document: Any) -> tuple[str | None, int]:
    for key, each in Snapshot.parse(document).flags.items():
        for place, rule in enumerate(each.rules.rules if each.rules else ()):
            if rule.rollout_percentage is not None and each.defect is None:
                return key, place
    return None, 0
