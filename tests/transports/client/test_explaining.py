"""What the engine knows, from the client: explanations, requirements and the definitions."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from flagengine import Decidability, Reason, evaluate_flag, explain
from flagengine.transports import AsyncClient, MemorySink

from .bench import DEFINITIONS, SECRET, Bench, flag, local, needs

USER = "user-1"
NEVER = "Only the server evaluates it (never_evaluate_locally)"


def definitions() -> Any:
    tier = {"key": "tier", "type": "group", "group_type_index": 0, "value": "gold"}
    return local(
        flag("checkout", needs("plan", "pro")),
        flag("team", {"properties": [tier]}, filters={"aggregation_group_type_index": 0}),
        flag("half", {"rollout_percentage": 50}),
        flag("tagged", evaluation_contexts=["mobile"]),
        group_type_mapping={"0": "company"},
    )


def test_an_explanation_is_the_engines_for_the_same_inputs() -> None:
    with Bench(definitions=definitions()) as bench:
        person = {"plan": "pro"}
        found = bench.client.explain("checkout", USER, person_properties=person)
        assert found == explain(bench.client.snapshot, "checkout", USER, person)
        assert found.resolution.value is True
        assert "person plan exact" in str(found)


def test_an_explanation_sends_no_event_and_asks_no_server() -> None:
    with Bench(definitions=definitions()) as bench:
        found = bench.client.explain("checkout", USER)
        assert found.resolution.missing.person_properties == ("plan",)
        assert found.smallest_missing.person_properties == ("plan",)
        assert bench.flag_requests == []
        assert bench.events() == []


@pytest.mark.parametrize("key", ["checkout", "team", "half", "tagged", "misspelt"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"complete": True},
        {"overrides": {"checkout": "x", "misspelt": 3}},
        {"groups": {"company": "acme"}, "group_properties": {"company": {"tier": "gold"}}},
    ],
)
@pytest.mark.parametrize(
    "of_client",
    [
        {},
        {"missing_group": "unresolved", "evaluation_contexts": ["web"]},
        {"never_evaluate_locally": ["checkout", "half"]},
        {"complete": {"person_properties": True}},
    ],
)
def test_an_explanation_tells_what_a_local_read_answers(
    key: str, options: dict[str, Any], of_client: dict[str, Any]
) -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True, **of_client) as bench:
        told = bench.client.explain(key, USER, **options).resolution
        reading = bench.client.get_feature_flag_reading(key, USER, **options)
        result = reading.result
        assert (None if result is None else result.value) == told.value
        assert (told.value is None) is (reading.error is not None)
        if result is not None:
            known = result.reason_code, result.reason, result.condition_index
            assert known == (told.reason, told.description, told.condition_index)
            assert (result.missing, result.unresolved_reason) == (
                told.missing,
                told.unresolved_reason,
            )


def test_an_explanation_uses_the_context_and_what_is_stored() -> None:
    with Bench(definitions=definitions()) as bench:
        bench.client.set_person_properties_for_flags({"plan": "pro"})
        with bench.client.context(distinct_id="somebody", fresh=True):
            assert bench.client.explain("checkout").resolution.value is True
            half = bench.client.explain("half").resolution
            assert half == evaluate_flag(bench.client.snapshot, "half", "somebody")
        with bench.client.overridden_flags({"checkout": "forced"}):
            assert bench.client.explain("checkout", USER).resolution.value == "forced"
            call = bench.client.explain("checkout", USER, overrides={"checkout": False})
            assert call.resolution.value is False
        assert bench.client.explain("checkout", USER).resolution.reason is Reason.CONDITION_MATCH


def test_a_flag_that_is_left_to_the_server_is_told_in_words() -> None:
    with Bench(definitions=definitions(), never_evaluate_locally="checkout") as bench:
        found = bench.client.explain("checkout", USER, person_properties={"plan": "pro"})
        head, *lines = str(found).splitlines()
        assert head == f"checkout is unresolved (unresolved: {NEVER})"
        assert lines[0] == "├─ condition 1: gives true"
        assert lines[-2:] == [
            "├─ undecided: never_evaluate_locally",
            "└─ no further inputs would settle it: ask the server",
        ]
        assert found.to_dict()["decided_by"] == "never_evaluate_locally"
        assert found.smallest_missing is None
        forced = bench.client.explain("checkout", USER, overrides=["checkout"])
        assert forced.resolution.value is True


def test_a_redacted_explanation_has_no_value_of_a_property() -> None:
    with Bench(definitions=definitions()) as bench:
        told = bench.client.explain(
            "checkout", USER, person_properties={"plan": "secret"}, redact=True
        )
        assert "secret" not in str(told) + str(told.to_dict())
        assert "(redacted)" in str(told)


def test_without_definitions_nothing_is_explained_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "flagengine.client")
    with Bench() as bench:
        assert bench.client.explain("checkout", USER) is None
        assert bench.client.explain("checkout", USER) is None
        assert bench.client.requirements("checkout") is None
        assert dict(bench.client.requirements()) == {}
        assert bench.client.snapshot is None
        forced = bench.client.explain("checkout", USER, overrides=["checkout"])
        assert forced.resolution.value is True
    assert caplog.text.count("no flag definitions are loaded") == 1


@pytest.mark.parametrize("options", [{"disabled": True}, {"api_key": None}])
def test_a_client_that_does_nothing_explains_nothing(options: dict[str, Any]) -> None:
    with Bench(definitions=definitions(), **options) as bench:
        assert bench.client.explain("checkout", USER) is None
        assert bench.client.requirements("checkout") is None
        assert bench.client.snapshot is None


def test_a_client_that_is_switched_off_knows_nothing() -> None:
    with Bench(definitions=definitions()) as bench:
        bench.client.disabled = True
        assert bench.client.snapshot is None
        assert bench.client.explain("checkout", USER) is None
        assert dict(bench.client.requirements()) == {}
        bench.client.disabled = False
        assert bench.client.snapshot is not None


def test_nobody_has_no_explanation(caplog: pytest.LogCaptureFixture) -> None:
    with Bench(definitions=definitions()) as bench:
        assert bench.client.explain("checkout") is None
    assert "no distinct_id" in caplog.text


def test_the_first_call_waits_for_definitions() -> None:
    for call in (
        lambda client: client.explain("on", USER).resolution.value is True,
        lambda client: client.requirements("on").key == "on",
    ):
        with Bench(secret_key=SECRET) as bench:
            bench.server.definitions = {"flags": [flag("on")]}
            assert call(bench.client)
            assert len(bench.server.made(DEFINITIONS)) == 1


def test_requirements_are_the_engines_but_for_flags_of_the_server() -> None:
    with Bench(definitions=definitions(), never_evaluate_locally=["half", "misspelt"]) as bench:
        found = bench.client.requirements()
        assert list(found) == list(bench.client.snapshot.keys)
        assert found["checkout"] == bench.client.requirements("checkout")
        assert found["checkout"].person_properties == ("plan",)
        assert found["checkout"].decided_locally is Decidability.ALWAYS
        assert bench.client.requirements("half") == found["half"]
        assert (found["half"].decided_locally, found["half"].why) == (
            Decidability.NEVER,
            (NEVER,),
        )
        assert bench.client.requirements("misspelt") is None


def test_the_snapshot_is_the_definitions_in_use_without_overrides() -> None:
    source = definitions()
    with Bench(definitions=source) as bench:
        first = bench.client.snapshot
        bench.client.override_feature_flags({"half": "forced"})
        with bench.client.overridden_flags(["checkout"]):
            assert bench.client.snapshot is first
            assert not first.overrides
        bench.client.components.loader.publish({"flags": [flag("new")]})
        assert list(bench.client.snapshot.keys) == ["new"]
        assert "new" not in first.keys
        with pytest.raises(AttributeError):
            bench.client.snapshot = first  # type: ignore[misc]


def test_the_first_access_to_the_snapshot_starts_loading() -> None:
    with Bench(secret_key=SECRET) as bench:
        bench.server.definitions = {"flags": [flag("on")]}
        bench.client.snapshot  # noqa: B018
        assert bench.client.components.loader.is_started
        bench.client.wait_for_local_evaluation_ready(5)
        assert list(bench.client.snapshot.keys) == ["on"]


def test_the_asynchronous_client_explains_as_well() -> None:
    async def main() -> None:
        async with AsyncClient(definitions=definitions(), sink=MemorySink()) as client:
            found = await client.explain("checkout", USER, person_properties={"plan": "pro"})
            assert found == explain(client.snapshot, "checkout", USER, {"plan": "pro"})
            assert (await client.requirements("checkout")).person_properties == ("plan",)
            assert len(await client.requirements()) == 4

    asyncio.run(main())
