"""Why a flag has no value: in readings, in typed details, and in ``$feature_flag_error``."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine import Missing, UnresolvedReason
from flagengine.transports import FlagError, Response
from flagengine.transports.errors import RequestTimeoutError
from flagengine.transports.polling.fetch_results import Failed, FailureKind

from .bench import DEFINITIONS, FLAGS, SECRET, Bench, flag, local, needs

USER = "user-1"
FOLLOWS = {
    "key": "checkout",
    "type": "flag",
    "operator": "flag_evaluates_to",
    "value": True,
    "dependency_chain": ["checkout"],
}


def definitions() -> Any:
    return local(
        flag("checkout", needs("email")),
        flag("summary", {"properties": [FOLLOWS]}),
        flag("sticky", {"rollout_percentage": 50}, ensure_experience_continuity=True),
        flag("tagged", evaluation_contexts=["mobile"]),
        flag("on"),
    )


def read(bench: Bench, key: str) -> tuple[Any, ...]:
    reading = bench.client.get_feature_flag_reading(key, USER)
    details = bench.client.evaluate_flags(USER, flag_keys=[key]).get_boolean_details(key, True)
    assert (details.error_code, details.error_message) == (reading.error, reading.message)
    errors = {each.get("$feature_flag_error") for each in bench.called(key)}
    assert len(errors) == 1
    return reading.error, reading.message, errors.pop()


@pytest.mark.contract("get-feature-flag-result", "evaluate-flags")
@pytest.mark.parametrize(
    ("key", "error", "message", "code"),
    [
        ("checkout", "INVALID_CONTEXT", "checkout needs the person property email", "inconclusive"),
        ("summary", "INVALID_CONTEXT", "summary needs the person property email", "inconclusive"),
        (
            "sticky",
            "GENERAL",
            "sticky is decided only by the server: experience_continuity",
            "inconclusive",
        ),
        ("misspelt", "FLAG_NOT_FOUND", "unknown flag", "flag_missing"),
        (
            "tagged",
            "FLAG_NOT_FOUND",
            "the flag has other evaluation contexts than the client",
            "flag_missing",
        ),
    ],
)
def test_what_a_local_client_lacks(key: str, error: str, message: str, code: str) -> None:
    options = {"strict_local_evaluation": True, "evaluation_contexts": ["web"]}
    with Bench(definitions=definitions(), **options) as bench:
        expected = "local_evaluation_inconclusive" if code == "inconclusive" else code
        assert read(bench, key) == (error, message, expected)


def test_the_reading_has_the_missing_inputs() -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:
        reading = bench.client.get_feature_flag_reading("checkout", USER)
        assert reading.missing.person_properties == ("email",)
        assert not bench.client.get_feature_flag_reading("on", USER).missing
        assert bench.client.get_feature_flag_result("checkout", USER) is None


def test_results_have_what_is_missing_and_why() -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:
        flags = bench.client.evaluate_flags(USER)
        for reading in (
            bench.client.get_feature_flag_reading("checkout", USER),
            flags.get_flag_reading("checkout"),
        ):
            assert reading.error is FlagError.INVALID_CONTEXT
            assert reading.result.missing == reading.missing
            assert reading.result.missing.person_properties == ("email",)
            assert reading.result.unresolved_reason is UnresolvedReason.MISSING_CONTEXT
        on = bench.client.get_feature_flag_result("on", USER)
        assert (on.missing, on.unresolved_reason) == (Missing(), None)
        assert flags.get_flag_reading("on").result == on


def test_a_reading_of_evaluated_flags_counts_as_any_read() -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:
        flags = bench.client.evaluate_flags(USER)
        flags.get_flag_reading("on", send_feature_flag_events=False)
        assert flags.only_accessed().keys == ["on"]
        assert bench.called("on") == []
        assert flags.get_flag_reading("on").error is None
        assert len(bench.called("on")) == 1


def test_a_failed_request_is_no_missing_flag() -> None:
    with Bench(definitions=definitions(), feature_flags_request_max_retries=0) as bench:
        bench.server.play(FLAGS, *[RequestTimeoutError("late")] * 4)
        error, message, code = read(bench, "checkout")
        assert (error, code) == ("GENERAL", "timeout,local_evaluation_inconclusive")
        assert message == (
            "the request for flags failed: timeout; to be decided locally,"
            " checkout needs the person property email"
        )
        reading = bench.client.get_feature_flag_reading("misspelt", USER)
        assert (reading.error, reading.message) == (
            FlagError.GENERAL,
            "the request for flags failed: timeout",
        )


@pytest.mark.contract("flag-definition-loader")
@pytest.mark.parametrize(
    "response", [Response(200, body=b"{}"), Response(200, body=b"[]"), Response(401), Response(503)]
)
def test_definitions_that_never_came_are_not_an_unknown_flag(response: Response) -> None:
    with Bench(secret_key=SECRET, strict_local_evaluation=True) as bench:
        bench.server.play(DEFINITIONS, *[response] * 3)
        assert read(bench, "on") == (
            "PROVIDER_NOT_READY",
            "no flag definitions are loaded",
            "local_evaluation_inconclusive",
        )


def test_a_project_without_flags_does_not_have_the_flag() -> None:
    with Bench(secret_key=SECRET, strict_local_evaluation=True) as bench:
        bench.server.definitions = {"flags": []}
        assert read(bench, "on") == ("FLAG_NOT_FOUND", "unknown flag", "flag_missing")


def test_a_server_that_was_asked_says_what_is_unknown() -> None:
    with Bench() as bench:
        assert read(bench, "misspelt") == ("FLAG_NOT_FOUND", "unknown flag", "flag_missing")


def test_definitions_that_went_out_of_use_are_not_ready() -> None:
    source = local(flag("on"))
    with Bench(definitions=source, strict_local_evaluation=True) as bench:
        assert bench.client.get_feature_flag("on", USER) is True
        source.fail(Failed(FailureKind.STATUS, "HTTP 402", 402))
        bench.client.reload_feature_flags()
        reading = bench.client.get_feature_flag_reading("on", USER)
        assert reading.error is FlagError.PROVIDER_NOT_READY
        with bench.client.overridden_flags({"on": True}):
            assert bench.client.get_feature_flag_reading("on", USER).error is None
            other = bench.client.get_feature_flag_reading("other", USER)
            assert other.error is FlagError.PROVIDER_NOT_READY


@pytest.mark.parametrize("options", [{"disabled": True}, {"api_key": None}])
def test_a_client_that_does_nothing_says_so(options: dict[str, Any]) -> None:
    with Bench(**options) as bench:
        reading = bench.client.get_feature_flag_reading("on", USER)
        details = bench.client.evaluate_flags(USER).get_boolean_details("on", True)
    assert (reading.error, reading.message) == (
        FlagError.PROVIDER_NOT_READY,
        "the client is disabled or has no key",
    )
    assert (details.error_code, details.error_message) == (reading.error, reading.message)


def test_nobody_has_no_flags() -> None:
    with Bench(definitions=definitions()) as bench:
        reading = bench.client.get_feature_flag_reading("on")
        assert reading.error is FlagError.TARGETING_KEY_MISSING
        details = bench.client.evaluate_flags().get_boolean_details("on", True)
        assert details.error_code is FlagError.TARGETING_KEY_MISSING


@pytest.mark.contract("local-feature-flag-evaluator")
@pytest.mark.parametrize("never", [["on"], "on"])
def test_flags_that_are_never_evaluated_locally_are_asked_of_the_server(never: Any) -> None:
    sources = local(flag("on"), flag("other"))
    with Bench(definitions=sources, never_evaluate_locally=never) as bench:
        bench.server.flags = {"on": "remote", "other": "remote"}
        assert bench.client.get_feature_flag("on", USER) == "remote"
        assert bench.client.get_feature_flag("other", USER) is True
        assert [body["flag_keys_to_evaluate"] for body in bench.flag_requests] == [["on"]]
        assert bench.client.get_all_flags(USER) == {"on": "remote", "other": True}
        with bench.client.overridden_flags({"on": "forced"}):
            assert bench.client.get_feature_flag("on", USER) == "forced"
        flags = bench.client.evaluate_flags(USER, only_evaluate_locally=True)
        assert flags.keys == ["other"]
        assert dict(flags.unresolved_flags) == {"on": "unresolved"}
        details = flags.get_boolean_details("on", False)
        assert details.error_code is FlagError.GENERAL
        assert details.error_message == (
            "on has no local value: Only the server evaluates it (never_evaluate_locally)"
        )


def test_an_unknown_key_stays_unknown_when_it_is_never_evaluated_locally() -> None:
    options = {"never_evaluate_locally": ["misspelt"], "strict_local_evaluation": True}
    with Bench(definitions=local(flag("on")), **options) as bench:
        reading = bench.client.get_feature_flag_reading("misspelt", USER)
        assert reading.error is FlagError.FLAG_NOT_FOUND
