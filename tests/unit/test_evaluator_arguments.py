"""Wrong arguments raise errors that say what was expected; nothing else raises."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flagengine import Snapshot, SnapshotError, evaluate, evaluate_flag, explain

SNAPSHOT = Snapshot.parse({"flags": [{"key": "a", "active": True, "filters": {"groups": [{}]}}]})

CALLS: dict[str, Callable[..., Any]] = {
    "evaluate": lambda props=None, **options: dict(evaluate(SNAPSHOT, "u", props, **options)),
    "evaluate_flag": lambda props=None, **options: evaluate_flag(
        SNAPSHOT, "a", "u", props, **options
    ),
    "explain": lambda props=None, **options: explain(SNAPSHOT, "a", "u", props, **options),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"props": 5}, TypeError, "props must be a mapping or None, got int"),
        ({"props": [("a", 1)]}, TypeError, "props must be a mapping or None, got list"),
        ({"groups": "acme"}, TypeError, "groups must be a mapping or None, got str"),
        (
            {"group_properties": []},
            TypeError,
            "group_properties must be a mapping or None, got list",
        ),
        (
            {"group_properties": {"company": "gold"}},
            TypeError,
            "group_properties['company'] must be a mapping or None, got str",
        ),
        ({"complete": "yes"}, TypeError, "complete must be a bool or a mapping, got str"),
        ({"complete": None}, TypeError, "complete must be a bool or a mapping, got NoneType"),
        (
            {"complete": {"person": True}},
            TypeError,
            "the keys of complete must be person_properties and group_properties, got ['person']",
        ),
        (
            {"complete": {"group_properties": "company"}},
            TypeError,
            "group_properties must be a bool or a collection of group types, got 'company'",
        ),
        (
            {"missing_group": "maybe"},
            ValueError,
            "'as_server' or 'unresolved', got 'maybe'",
        ),
        ({"missing_group": False}, ValueError, "got False"),
        ({"evaluation_runtime": "all"}, ValueError, "'client' or 'server', got 'all'"),
        (
            {"evaluation_contexts": "web"},
            TypeError,
            "evaluation_contexts must be a collection of names, got the text 'web'",
        ),
        ({"now": datetime(2024, 1, 1)}, TypeError, "now must be an aware datetime, got"),
        ({"now": date(2024, 1, 1)}, TypeError, "now must be an aware datetime, got"),
        ({"now": 1_700_000_000}, TypeError, "now must be an aware datetime, got 1700000000"),
        (
            {"project_timezone": "Mars/Olympus"},
            ValueError,
            "project_timezone must be an IANA zone such as Europe/Berlin, got 'Mars/Olympus'",
        ),
        ({"project_timezone": "../etc"}, ValueError, "got '../etc'"),
        ({"project_timezone": 5}, ValueError, "got 5"),
        ({"overrides": 5}, TypeError, "got int"),
        ({"overrides": {"a": [1]}}, TypeError, "the override of 'a' must be True, False"),
        ({"group_propertys": {}}, TypeError, "did you mean 'group_properties'?"),
        ({"person_properties": {}}, TypeError, "unexpected keyword argument 'person_properties'"),
    ],
)
def test_a_wrong_argument_says_what_was_expected(
    call: Callable[..., Any], options: dict[str, Any], error: type[Exception], message: str
):
    with pytest.raises(error) as caught:
        call(**options)
    assert message in str(caught.value)


def test_flag_keys_are_no_text():
    with pytest.raises(TypeError, match="flag_keys must be a collection of keys, got the text 'a'"):
        evaluate(SNAPSHOT, "u", flag_keys="a")


def test_a_document_that_is_none_is_refused_by_every_call():
    for call in (
        lambda: evaluate({}, "u"),
        lambda: evaluate_flag({}, "a", "u"),
        lambda: explain({}, "a", "u"),
    ):
        with pytest.raises(SnapshotError):
            call()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    "options",
    [
        {"props": None},
        {"props": {}},
        {"groups": None, "group_properties": None},
        {"groups": {}, "group_properties": {"company": None}},
        {"device_id": None},
        {"overrides": None},
        {"now": None},
        {"now": datetime(2024, 1, 1, tzinfo=UTC)},
        {"project_timezone": "Europe/Berlin"},
        {"project_timezone": ZoneInfo("Asia/Kathmandu")},
        {"project_timezone": UTC},
        {"complete": {}},
        {"complete": {"person_properties": True, "group_properties": ["company"]}},
        {"missing_group": "unresolved"},
        {"missing_group": "as_server"},
        {"evaluation_runtime": None, "evaluation_contexts": None},
        {"evaluation_runtime": "server", "evaluation_contexts": {"web"}},
    ],
    ids=repr,
)
def test_a_right_argument_changes_nothing_for_a_flag_that_does_not_ask(
    call: Callable[..., Any], options: dict[str, Any]
):
    found = call(**options)
    resolution = found["a"] if isinstance(found, dict) else getattr(found, "resolution", found)
    assert resolution.value is True


@pytest.mark.rule("R6.6")
@pytest.mark.parametrize("missing_group", ["as_server", "false"])
def test_a_group_that_was_not_passed_is_none_as_on_the_server(missing_group: Any):
    grouped = {"groups": [{}], "aggregation_group_type_index": 0}
    document = {
        "flags": [{"key": "g", "active": True, "filters": grouped}],
        "group_type_mapping": {"0": "company"},
    }
    snapshot = Snapshot.parse(document)
    for _ in range(3):
        found = evaluate_flag(snapshot, "g", "u", missing_group=missing_group)
        assert (found.value, found.reason) == (False, "no_group_type")


@pytest.mark.rule("R6.2", "R7.9")
@pytest.mark.parametrize("distinct_id", [None, True, [], {}, object(), "\ud800", float("nan")])
def test_no_distinct_id_raises(distinct_id: Any):
    assert evaluate_flag(SNAPSHOT, "a", distinct_id).value is True
    half = {"key": "h", "active": True, "filters": {"groups": [{"rollout_percentage": 50}]}}
    found = evaluate_flag({"flags": [half]}, "h", distinct_id)
    assert found.unresolved_reason == "missing_context"
    assert found.missing.distinct_id


@pytest.mark.rule("R13.9")
def test_an_unknown_key_gives_a_resolution_that_says_so():
    found = evaluate_flag(SNAPSHOT, "gone", "u")
    assert (found.key, found.value, found.reason) == ("gone", None, "unknown_flag")
    assert found.description == "No such flag in the definitions"
