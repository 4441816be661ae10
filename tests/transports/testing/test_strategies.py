"""The public Hypothesis strategies: documents without issues, and people who hit what they test."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from flagengine import Reason, Snapshot, evaluate
from flagengine.transports.testing.near_values import near_values, pattern_of, property_filters
from flagengine.transports.testing.strategies import (
    Person,
    definitions,
    flag_keys,
    people,
    snapshots,
)
from tests.transports.client.bench import Bench, local

FEW = settings(max_examples=25)


@settings(max_examples=60)
@given(definitions())
def test_documents_are_well_formed(document: dict[str, Any]) -> None:
    snapshot = Snapshot.parse(document)
    assert snapshot.issues == ()
    assert 1 <= len(snapshot.keys) <= 4
    assert snapshot.to_document() == document


@FEW
@given(st.data())
def test_people_decide_every_flag_if_they_are_complete(data: st.DataObject) -> None:
    snapshot = data.draw(snapshots(max_flags=2))
    person = data.draw(people(snapshot, complete=True))
    for resolution in evaluate(snapshot, **person.arguments).values():
        assert resolution.reason is not Reason.UNRESOLVED, resolution
        assert not resolution.missing


@FEW
@given(st.data())
def test_the_engine_and_a_client_take_people_alike(data: st.DataObject) -> None:
    snapshot = data.draw(snapshots(max_flags=2))
    person = data.draw(people(snapshot))
    key = data.draw(flag_keys(snapshot))
    document = snapshot.to_document()
    with Bench(
        definitions=local(*document.pop("flags"), **document), strict_local_evaluation=True
    ) as bench:
        given_to_client = bench.client.get_feature_flag(key, **person.for_client)
    assert given_to_client == evaluate(snapshot, **person.arguments)[key].value


def _snapshot(**filter_: Any) -> Snapshot:
    test = {"type": "person", **filter_}
    conditions = [{"properties": [test], "rollout_percentage": 100}]
    return Snapshot.parse(
        {"flags": [{"key": "f", "active": True, "filters": {"groups": conditions}}]}
    )


FILTERS = [
    {"key": "plan", "operator": "exact", "value": ["pro", "team"]},
    {"key": "plan", "operator": "is_not", "value": "pro"},
    {"key": "plan", "value": "pro"},
    {"key": "beta", "operator": "exact", "value": [True]},
    {"key": "age", "operator": "gte", "value": 18},
    {"key": "age", "operator": "lt", "value": "18"},
    {"key": "age", "operator": "between", "value": [18, 30]},
    {"key": "email", "operator": "icontains", "value": "@example.com"},
    {"key": "email", "operator": "not_starts_with", "value": "a"},
    {"key": "email", "operator": "regex", "value": r"^[a-z]{2,5}\d@(x|y)\.io$"},
    {"key": "email", "operator": "not_regex", "value": "^b+$"},
    {"key": "v", "operator": "semver_gt", "value": "1.2.3"},
    {"key": "v", "operator": "semver_caret", "value": "0.2.0"},
    {"key": "joined", "operator": "is_date_before", "value": "2024-02-29"},
    {"key": "joined", "operator": "is_date_after", "value": "-7d"},
    {"key": "plan", "operator": "is_set", "value": "is_set"},
]  # fmt: skip


@pytest.mark.parametrize(
    "filter_", FILTERS, ids=lambda each: f"{each.get('operator')} {each['value']}"
)
def test_people_hit_and_miss_each_operator(filter_: dict[str, Any]) -> None:
    snapshot = _snapshot(**filter_)
    values: Counter[Any] = Counter()

    @settings(max_examples=120)
    @given(people(snapshot, complete=True))
    def draw(person: Person) -> None:
        values[evaluate(snapshot, **person.arguments)["f"].value] += 1

    draw()
    assert values[True] >= 3
    assert values[False] >= 3 or filter_["operator"] == "is_set"


def test_the_inputs_may_be_absent_and_complete_people_have_them_all() -> None:
    seats = {"key": "seats", "type": "group", "group_type_index": 0, "operator": "gt", "value": 5}
    filters = {"aggregation_group_type_index": 0, "groups": [{"properties": [seats]}]}
    by_device = {"key": "d", "active": True, "bucketing_identifier": "device_id",
                 "filters": {"groups": [{"rollout_percentage": 50}]}}  # fmt: skip
    snapshot = Snapshot.parse(
        {
            "flags": [{"key": "g", "active": True, "filters": filters}, by_device],
            "group_type_mapping": {"0": "company"},
        }
    )
    bare = find(people(snapshot), lambda person: not person.groups and person.device_id is None)
    assert evaluate(snapshot, **bare.arguments)["d"].value is None

    @FEW
    @given(people(snapshot, complete=True))
    def all_there(person: Person) -> None:
        assert person.groups.keys() == {"company"}
        assert person.group_properties["company"].keys() == {"seats"}
        assert person.device_id

    all_there()


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"operator": "gt", "value": 5}, [5, 4, 6, "5"]),
        ({"operator": "gt", "value": "5"}, ["5", 5, 4, 6]),
        ({"operator": "gt", "value": 10**400}, [10**400]),
        ({"operator": "exact", "value": [True, 1]}, [True, False, "true", 1, 0, 2, "1"]),
        ({"operator": "semver_gt", "value": "1.0.0"}, ["1.0.0", "1.0.0-rc.1", "0.0.0", "2.0.0", "1.1.0", "1.0.1"]),
        ({"operator": "semver_gt", "value": "new"}, ["new"]),
        ({"operator": "is_set"}, ["", "x", 1, True]),
        ({"operator": "tomorrow's", "value": {"a": 1}}, ["", "x", 1, True]),
    ],
)  # fmt: skip
def test_values_near_an_operand(filter_: dict[str, Any], expected: list[Any]) -> None:
    found = near_values(filter_)
    assert [repr(each) for each in found] == [repr(each) for each in expected]


def test_filters_are_found_everywhere_and_odd_patterns_are_left_out() -> None:
    test = {"key": "a", "type": "person", "value": "x"}
    document = {"flags": [{"filters": {"groups": [{"properties": [test]}]}}],
                "cohorts": {"1": {"values": [{"values": [dict(test, key="b")]}]}}}  # fmt: skip
    assert sorted(each["key"] for each in property_filters(document)) == ["a", "b"]
    assert pattern_of({"operator": "regex", "value": "(?<n>x)"}) is None
    assert pattern_of({"operator": "regex", "value": 1}) is None
    assert pattern_of({"operator": "exact", "value": "x"}) is None


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"flag_keys\(\) must get a snapshot with flags"):
        flag_keys(Snapshot.parse({"flags": []}))
    with pytest.raises(ValueError, match="max_flags must be at least 1, got 0"):
        definitions(max_flags=0)
    for strategy in (people, flag_keys):
        with pytest.raises(TypeError, match=r"snapshot must be a Snapshot .*, got dict"):
            strategy({"flags": []})
    assert find(people(Snapshot.parse({"flags": []})), bool).person_properties == {}
