"""``complete`` and ``device_id`` in the walk in C: the answers of the Python functions, and the same objects again."""

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Snapshot, evaluate, evaluate_flag

pytest.importorskip("flagengine.native._accelerator")


def filter_on(key: str, operator: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "operator": operator, "value": value, "type": "person", **more}


def flag(key: str, *tests: Any, **filters: Any) -> dict[str, Any]:
    group = {"properties": list(tests), "rollout_percentage": 60}
    return {"key": key, "active": True, "filters": {"groups": [group], **filters}}


OF_GROUP = {"type": "group", "group_type_index": 0}
SNAPSHOT = Snapshot.parse(
    {
        "flags": [
            flag("plain", filter_on("plan", "exact", ["pro"])),
            flag("negated", filter_on("plan", "is_not", ["pro"])),
            flag("number", filter_on("seats", "gt", 3), filter_on("plan", "exact", ["pro"])),
            flag("mirrored", filter_on("$os", "exact", ["iOS"])),
            flag("initial", filter_on("$initial_utm_source", "icontains", "news")),
            flag("initial-mirrored", filter_on("$initial_os", "is_not", ["iOS"])),
            flag("of-group", filter_on("tier", "exact", ["gold"], **OF_GROUP)),
            flag("by-group", filter_on("tier", "is_not", ["gold"], **OF_GROUP))
            | {"aggregation_group_type_index": 0},
            flag("by-device", filter_on("plan", "exact", ["pro"]))
            | {"bucketing_identifier": "device_id"},
            flag("dated", filter_on("born", "is_date_before", "2020-01-01")),
        ],
        "group_type_mapping": {"0": "company"},
    }
)

PROPERTIES = {
    "plan": ["pro", "free"],
    "seats": [2, 5, "5"],
    "$os": ["iOS", "Android"],
    "$os_name": ["iOS", "Linux"],
    "utm_source": ["newsletter", "ads"],
    "$initial_utm_source": ["newsletter", "ads"],
    "born": ["2019-05-01", "2021-05-01"],
}
IDS = [f"user-{number}" for number in range(4)]
a_person = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in PROPERTIES.items()}
)
some_options = st.fixed_dictionaries(
    {},
    optional={
        "complete": st.sampled_from([True, False, {"person_properties": True}]),
        "device_id": st.sampled_from(["device-1", "", None, 7]),
        "groups": st.sampled_from([{"company": "acme"}, {}]),
        "group_properties": st.sampled_from(
            [{"company": {"tier": "gold"}}, {"company": {"tier": "free"}}, {"company": {}}]
        ),
    },
)


@given(st.sampled_from(IDS), a_person, some_options)
def test_all_answers_are_those_of_python(
    distinct_id: str, person: dict[str, Any], options: dict[str, Any]
) -> None:
    """The snapshot is shared, so that an answer remembered for one call would be seen in another."""
    expected = list(inspect.unwrap(evaluate)(SNAPSHOT, distinct_id, person, **options).values())
    assert list(evaluate(SNAPSHOT, distinct_id, person, **options).values()) == expected
    one_by_one = evaluate(SNAPSHOT, distinct_id, person, **options)
    assert [one_by_one[answer.key] for answer in expected] == expected
    for answer in expected:
        assert evaluate_flag(SNAPSHOT, answer.key, distinct_id, person, **options) == answer


@pytest.mark.parametrize("options", [{"complete": True}, {"device_id": "d"}, {"complete": False}])
def test_an_answer_without_a_property_is_the_same_object_again(options: dict[str, Any]) -> None:
    for _ in range(2):
        first = evaluate(SNAPSHOT, "user-1", {}, **options)
        again = evaluate(SNAPSHOT, "user-2", {}, **options)
        assert first["plain"] is again["plain"]


def test_a_missing_property_is_absent_only_for_complete_properties() -> None:
    for _ in range(2):
        assert evaluate(SNAPSHOT, "user-1", {})["plain"].value is None
        assert evaluate(SNAPSHOT, "user-1", {}, complete=True)["plain"].value is False


@pytest.mark.parametrize("key", ["$os_name", "$initial_os"])
def test_a_missing_property_is_derived_from_the_one_that_is_given(key: str) -> None:
    document = {"flags": [flag("f", filter_on(key, "exact", ["iOS"]))]}
    document["flags"][0]["filters"]["groups"][0]["rollout_percentage"] = 100
    snapshot = Snapshot.parse(document)
    for system in ("iOS", "Android", "iOS"):
        answers = evaluate(snapshot, "user-1", {"$os": system}, complete=True)
        assert answers["f"].enabled is (system == "iOS")


def test_a_wrong_promise_is_refused() -> None:
    for wrong in (None, 1, "yes"):
        with pytest.raises(TypeError, match="complete must be a bool or a mapping"):
            evaluate(SNAPSHOT, "user-1", {}, complete=wrong)  # type: ignore[arg-type]


def test_the_flags_that_python_answers_get_the_options_too() -> None:
    answers = evaluate(SNAPSHOT, "user-1", {"plan": "pro"}, complete=True, device_id="d")
    assert answers["by-device"].value is not None
    assert answers["mirrored"].value is False
