"""``complete`` and ``overrides`` of single calls, and ``complete`` of the client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flagengine.transports import AsyncClient, Client, MemorySink, NullSink, Options

from .bench import Bench, flag, local, needs

pytestmark = pytest.mark.contract("local-feature-flag-evaluator")

USER = "user-1"
NOT_FREE = {
    "properties": [{"key": "plan", "type": "person", "operator": "is_not", "value": "free"}]
}
TIER = {"key": "tier", "type": "group", "group_type_index": 0, "value": "gold"}


def definitions() -> Any:
    return local(
        flag("checkout", NOT_FREE),
        flag("needs", needs("email")),
        flag("team", {"properties": [TIER]}, filters={"aggregation_group_type_index": 0}),
        group_type_mapping={"0": "company"},
    )


def test_a_call_with_complete_properties_asks_no_server() -> None:
    with Bench(definitions=definitions()) as bench:
        client = bench.client
        assert client.is_feature_enabled("checkout", USER, complete=True) is True
        assert client.is_feature_enabled("needs", USER, complete=True) is False
        assert client.get_feature_flag_result("needs", USER, complete=True).enabled is False
        assert client.get_feature_flag_reading("needs", USER, complete=True).error is None
        assert client.get_boolean("needs", True, USER, complete=True) is False
        groups = {"company": "acme"}
        assert client.get_all_flags(USER, groups=groups, complete=True) == {
            "checkout": True,
            "needs": False,
            "team": False,
        }
        flags = client.evaluate_flags(USER, groups=groups, complete=True)
        assert dict(flags.unresolved_flags) == {}
        assert bench.flag_requests == []
        bench.server.flags = {"checkout": False}
        assert client.is_feature_enabled("checkout", USER) is False
        assert len(bench.flag_requests) == 1


def test_the_promise_may_be_for_the_person_or_for_some_groups_alone() -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:

        def read(promise: Any) -> dict[str, Any]:
            groups = {"company": "acme"}
            return bench.client.get_all_flags(USER, groups=groups, complete=promise)

        assert read({"person_properties": True}) == {"checkout": True, "needs": False}
        assert read({"group_properties": ["company"]}) == {"team": False}
        assert read({"group_properties": ["team"]}) == read(False) == read(None) == {}


def test_the_promise_of_the_client_is_for_all_calls_that_do_not_say_otherwise() -> None:
    with Bench(definitions=definitions(), complete=True, strict_local_evaluation=True) as bench:
        client = bench.client
        for _ in range(2):  # the second read goes the quick way
            assert client.get_feature_flag("checkout", USER) is True
        assert client.get_feature_flag("checkout", USER, complete=False) is None
        assert client.get_all_flags(USER, groups={"company": "a"})["team"] is False
        client.capture("e", distinct_id=USER, send_feature_flags=True)
        assert bench.event("e")["properties"]["$feature/checkout"] is True


def test_the_flags_of_an_event_may_be_of_complete_properties() -> None:
    with Bench(definitions=definitions()) as bench:
        wishes = {"only_evaluate_locally": True, "complete": True}
        bench.client.capture("e", distinct_id=USER, send_feature_flags=wishes)
        assert bench.event("e")["properties"]["$feature/checkout"] is True


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (True, True),
        ("off", False),
        ("true", True),
        ({"person_properties": True}, {"person_properties": True}),
    ],
)
def test_the_option_is_a_boolean_or_a_mapping(given: Any, kept: Any) -> None:
    assert Options(complete=given).complete == kept


@pytest.mark.parametrize("given", ["x", 7, None, {"person": True}, {"group_properties": "company"}])
def test_another_option_is_refused(given: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"complete|group_properties"):
        Client("phc_x", sink=NullSink(), complete=given)


def test_the_option_is_a_copy() -> None:
    promise = {"person_properties": True}
    options = Options(complete=promise)
    promise["person_properties"] = False
    assert options.complete == {"person_properties": True}


@pytest.mark.parametrize("given", ["x", 7, {"person": True}, {"group_properties": "company"}])
def test_another_promise_of_a_call_is_named_in_the_log(
    given: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:
        assert bench.client.get_feature_flag("checkout", USER, complete=given) is None
    assert "get_feature_flag(): " in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


# Overrides of a call.


def test_the_overrides_of_a_call_are_for_this_call_alone() -> None:
    with Bench(definitions=definitions()) as bench:
        client = bench.client
        assert client.get_feature_flag("needs", USER, overrides={"needs": "forced"}) == "forced"
        assert client.get_feature_flag("new", USER, overrides=["new"]) is True
        assert client.get_number("new", 1, USER, overrides={"new": 5}) == 5
        assert client.get_all_flags(USER, flag_keys=["needs"], overrides={"needs": "x"}) == {
            "needs": "x"
        }
        payload = {"flags": {"needs": "x"}, "payloads": {"needs": {"a": 1}}}
        assert client.get_feature_flag_payload("needs", USER, overrides=payload) == {"a": 1}
        flags = client.evaluate_flags(USER, flag_keys=["needs"], overrides=["needs"])
        assert flags.is_enabled("needs") is True
        assert bench.called() == []
        assert bench.flag_requests == []
        strict = client.get_feature_flag("needs", USER, only_evaluate_locally=True)
        assert strict is None


def test_the_overrides_of_a_call_win_over_blocks_and_the_client() -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:
        client = bench.client
        client.override_feature_flags({"needs": "client", "other": "client"})
        with client.overridden_flags({"needs": "block"}):
            forced = {"needs": "call"}
            assert client.get_feature_flag("needs", USER, overrides=forced) == "call"
            assert client.get_feature_flag("other", USER, overrides=forced) == "client"
            assert client.get_feature_flag("needs", USER, overrides=None) == "block"
            assert client.get_feature_flag("needs", USER, overrides=False) is None
            reading = client.get_feature_flag_reading("needs", USER, overrides={"needs": None})
            assert reading.message == "the flag is overridden to be missing"


@pytest.mark.parametrize("given", [7, "needs", {"needs": object()}, {"needs": float("nan")}])
def test_invalid_overrides_answer_nothing(given: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:
        assert bench.client.get_feature_flag("checkout", USER, overrides=given) is None
    assert "get_feature_flag(): " in caplog.text
    assert "override" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


def test_the_asynchronous_client_takes_both() -> None:
    async def main() -> None:
        sources = definitions()
        async with AsyncClient(definitions=sources, sink=MemorySink(), complete=True) as client:
            for _ in range(2):
                assert await client.is_feature_enabled("checkout", USER) is True
            strict: dict[str, Any] = {"complete": False, "only_evaluate_locally": True}
            assert await client.is_feature_enabled("checkout", USER, **strict) is None
            assert await client.get_feature_flag("new", USER, overrides={"new": "x"}) == "x"

    asyncio.run(main())
