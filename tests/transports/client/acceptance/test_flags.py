"""The acceptance scenarios about reading single flags and all flags, and about their events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flagengine.transports import FeatureFlagResult, FlagEvaluations, Response
from flagengine.transports.errors import RequestTimeoutError
from flagengine.transports.flags.cache import MemoryFlagCache

from ..bench import FLAGS, SECRET, Bench, flag, local, needs, variant_flag

USER = "user-123"
GROUP_FLAG = flag("company-beta", filters={"aggregation_group_type_index": 0})
COMPANIES = {"0": "company"}


@pytest.mark.contract("get-feature-flag")
class TestGetter:
    def test_a_variant_is_its_name(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"checkout": "blue"}
            assert bench.client.get_feature_flag("checkout", USER) == "blue"

    def test_no_event_on_request(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"beta-ui": True}
            value = bench.client.get_feature_flag("beta-ui", USER, send_feature_flag_events=False)
            assert value is True
            assert bench.called() == []

    @pytest.mark.contract("local-feature-flag-evaluator")
    def test_definitions_decide_for_an_explicit_person(self) -> None:
        only_me = {"properties": [{"key": "distinct_id", "type": "person", "value": USER}]}
        with Bench(definitions=local(flag("beta-ui", only_me))) as bench:
            assert bench.client.get_feature_flag("beta-ui", USER) is True
            assert bench.client.get_feature_flag("beta-ui", "other") is False
            assert bench.flag_requests == []


@pytest.mark.contract("get-feature-flag-payload")
class TestPayload:
    def test_the_payload_of_the_value(self) -> None:
        with Bench() as bench:
            bench.server.flags, bench.server.payloads = (
                {"checkout": "blue"},
                {"checkout": {"cta": 1}},
            )
            assert bench.client.get_feature_flag_payload("checkout", USER) == {"cta": 1}

    def test_an_unknown_flag_has_none(self) -> None:
        with Bench() as bench:
            assert bench.client.get_feature_flag_payload("missing-flag", USER) is None

    def test_reading_it_is_no_event(self) -> None:
        with Bench() as bench:
            bench.server.flags, bench.server.payloads = {"checkout": True}, {"checkout": {"on": 1}}
            bench.client.get_feature_flag_payload("checkout", USER)
            assert bench.called() == []


@pytest.mark.contract("get-feature-flag-result")
class TestResult:
    def test_key_enabled_variant_and_payload_together(self) -> None:
        with Bench(definitions=local(variant_flag("checkout", "blue", {"copy": "new"}))) as bench:
            result = bench.client.get_feature_flag_result("checkout", USER)
        assert isinstance(result, FeatureFlagResult)
        assert (result.key, result.enabled, result.variant) == ("checkout", True, "blue")
        assert result.payload == {"copy": "new"}
        assert result.value == "blue"
        assert result.reason_code == "condition_match"

    def test_a_false_flag_is_disabled(self) -> None:
        with Bench(definitions=local(flag("off", active=False))) as bench:
            result = bench.client.get_feature_flag_result("off", USER)
        assert result is not None
        assert (result.enabled, result.variant, result.value) == (False, None, False)

    def test_an_unknown_flag_has_no_result(self) -> None:
        with Bench() as bench:
            assert bench.client.get_feature_flag_result("missing", USER) is None


@pytest.mark.contract("get-feature-flags-and-payloads")
class TestAllWithPayloads:
    def test_values_and_payloads_together(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"beta-ui": True, "checkout": "blue"}
            bench.server.payloads = {"checkout": {"copy": "new"}}
            assert bench.client.get_all_flags_and_payloads(USER) == {
                "feature_flags": {"beta-ui": True, "checkout": "blue"},
                "feature_flag_payloads": {"checkout": {"copy": "new"}},
            }

    def test_both_are_empty_when_there_are_no_flags(self) -> None:
        with Bench() as bench:
            nothing = {"feature_flags": {}, "feature_flag_payloads": {}}
            assert bench.client.get_all_flags_and_payloads(USER) == nothing
            bench.server.play(FLAGS, Response(500))
            assert bench.client.get_all_flags_and_payloads(USER) == nothing


@pytest.mark.contract("get-feature-flags")
class TestAll:
    def test_all_flags_for_an_explicit_person(self) -> None:
        definitions = local(flag("beta-ui"), variant_flag("checkout", "blue"))
        with Bench(definitions=definitions) as bench:
            assert bench.client.get_all_flags(USER) == {"beta-ui": True, "checkout": "blue"}
            assert bench.flag_requests == []

    def test_reading_them_all_is_no_event(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"beta-ui": True}
            assert bench.client.get_all_flags(USER) == {"beta-ui": True}
            assert bench.called() == []


@pytest.mark.contract("is-feature-enabled")
class TestIsEnabled:
    @pytest.mark.parametrize(
        ("value", "enabled"), [(True, True), (False, False), ("variant-a", True)]
    )
    def test_values_as_booleans(self, value: Any, enabled: bool) -> None:
        with Bench() as bench:
            bench.server.flags = {"feature": value}
            assert bench.client.is_feature_enabled("feature", USER) is enabled

    @pytest.mark.parametrize("default", [False, True, None])
    def test_an_unknown_flag_is_the_default(self, default: bool | None) -> None:
        with Bench() as bench:
            enabled = bench.client.is_feature_enabled("missing", USER, default_value=default)
            assert enabled is default

    @pytest.mark.parametrize(("value", "enabled"), [(False, False), ("variant-a", True)])
    def test_a_known_value_beats_the_default(self, value: Any, enabled: bool) -> None:
        with Bench() as bench:
            bench.server.flags = {"feature": value}
            found = bench.client.is_feature_enabled("feature", USER, default_value=not enabled)
            assert found is enabled

    def test_no_event_on_request(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"feature": True}
            assert bench.client.is_feature_enabled("feature", USER, send_feature_flag_events=False)
            assert bench.called() == []


@pytest.mark.contract("feature-flag-cache")
class TestCache:
    def test_values_and_payloads_are_kept(self) -> None:
        cache = MemoryFlagCache()
        with Bench(flag_cache=cache) as bench:
            bench.server.flags = {"beta-ui": True}
            bench.server.payloads = {"beta-ui": {"color": "green"}}
            bench.client.get_all_flags(USER)
            result = bench.client.get_feature_flag_result("beta-ui", USER)
            assert len(bench.flag_requests) == 1
        assert result is not None
        assert (result.value, result.payload) == (True, {"color": "green"})

    def test_a_kept_value_is_read_without_a_request(self) -> None:
        with Bench(flag_cache="memory://local/?ttl=300") as bench:
            bench.server.flags = {"beta-ui": True}
            assert bench.client.get_feature_flag("beta-ui", USER) is True
            assert bench.client.get_feature_flag("beta-ui", USER) is True
            assert len(bench.flag_requests) == 1

    def test_reset_empties_it(self) -> None:
        cache = MemoryFlagCache()
        with Bench(flag_cache=cache) as bench:
            bench.server.flags = {"beta-ui": True}
            bench.client.get_feature_flag("beta-ui", USER)
            assert len(cache) == 1
            bench.client.reset()
            assert len(cache) == 0


@pytest.mark.contract("feature-flag-called-tracker")
class TestTracker:
    def test_the_first_read_is_reported(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"beta-ui": True}
            bench.client.get_feature_flag("beta-ui", USER)
            (called,) = bench.called("beta-ui")
        assert called["$feature_flag_response"] is True

    def test_the_same_value_is_reported_once(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"beta-ui": True}
            for _ in range(2):
                bench.client.get_feature_flag("beta-ui", USER)
            assert len(bench.called("beta-ui")) == 1

    def test_another_value_is_reported_again(self) -> None:
        with Bench() as bench:
            for value in (True, False):
                bench.server.flags = {"beta-ui": value}
                bench.client.get_feature_flag("beta-ui", USER)
            called = bench.called("beta-ui")
        assert [each["$feature_flag_response"] for each in called] == [True, False]

    def test_the_order_of_groups_does_not_matter(self) -> None:
        with Bench(definitions=local(GROUP_FLAG, group_type_mapping=COMPANIES)) as bench:
            bench.client.get_feature_flag(
                "company-beta", USER, groups={"company": "company-123", "team": "team-1"}
            )
            bench.client.get_feature_flag(
                "company-beta", USER, groups={"team": "team-1", "company": "company-123"}
            )
            assert len(bench.called("company-beta")) == 1

    def test_another_group_is_reported_again(self) -> None:
        with Bench(definitions=local(GROUP_FLAG, group_type_mapping=COMPANIES)) as bench:
            for key in ("company-123", "company-456"):
                bench.client.get_feature_flag("company-beta", USER, groups={"company": key})
            called = bench.called("company-beta")
        groups = [each["$groups"]["company"] for each in called]
        assert groups == ["company-123", "company-456"]

    @pytest.mark.parametrize(
        "end", [lambda client: client.shutdown(), lambda client: client.reset()]
    )
    def test_shutdown_and_reset_forget(self, end: Callable[[Any], object]) -> None:
        with Bench() as bench:
            bench.server.flags = {"beta-ui": True}
            bench.client.get_feature_flag("beta-ui", USER)
            assert len(bench.client.components.tracker) == 1
            end(bench.client)
            assert len(bench.client.components.tracker) == 0


@pytest.mark.contract("set-person-properties-for-flags", "reset-person-properties-for-flags")
class TestPersonPropertiesForFlags:
    def test_they_are_kept(self) -> None:
        with Bench() as bench:
            bench.client.set_person_properties_for_flags({"plan": "free"})
            bench.client.set_person_properties_for_flags({"plan": "pro", "seats": 3})
            assert bench.client.components.flag_properties.person == {"plan": "pro", "seats": 3}

    def test_the_next_request_has_them(self) -> None:
        with Bench() as bench:
            bench.client.set_person_properties_for_flags({"plan": "pro"})
            bench.client.get_all_flags(USER)
            assert bench.flag_requests[0]["person_properties"] == {"plan": "pro"}
            assert bench.events() == []

    def test_local_evaluation_has_them(self) -> None:
        with Bench(definitions=local(flag("beta", needs("plan", "pro")))) as bench:
            bench.client.set_person_properties_for_flags({"plan": "pro"})
            assert bench.client.get_feature_flag("beta", USER) is True
            assert bench.flag_requests == []

    def test_a_reset_forgets_them(self) -> None:
        with Bench() as bench:
            bench.client.set_person_properties_for_flags({"plan": "pro"})
            bench.client.reset_person_properties_for_flags()
            assert bench.client.components.flag_properties.person == {}

    def test_after_a_reset_the_next_request_has_them_not(self) -> None:
        with Bench() as bench:
            bench.client.set_person_properties_for_flags({"plan": "pro"})
            bench.client.reset_person_properties_for_flags()
            bench.client.get_all_flags(USER)
            assert bench.flag_requests[0]["person_properties"] == {}


@pytest.mark.contract("set-group-properties-for-flags", "reset-group-properties-for-flags")
class TestGroupPropertiesForFlags:
    def test_they_are_kept_with_their_group(self) -> None:
        with Bench() as bench:
            bench.client.set_group_properties_for_flags(
                "company", {"plan": "pro"}, group_key="company-123"
            )
            group = bench.client.components.flag_properties.groups["company"]
        assert (group.group_type, group.group_key) == ("company", "company-123")
        assert group.properties == {"plan": "pro"}

    def test_the_next_request_has_them(self) -> None:
        with Bench() as bench:
            bench.client.set_group_properties_for_flags("company", {"plan": "pro"}, "company-123")
            bench.client.get_all_flags(USER, groups={"company": "company-123"})
            sent = bench.flag_requests[0]["group_properties"]
        assert sent == {"company": {"$group_key": "company-123", "plan": "pro"}}

    def test_a_reset_forgets_them(self) -> None:
        with Bench() as bench:
            bench.client.set_group_properties_for_flags("company", {"plan": "pro"})
            bench.client.reset_group_properties_for_flags()
            assert bench.client.components.flag_properties.groups == {}

    def test_after_a_reset_the_next_request_has_them_not(self) -> None:
        with Bench() as bench:
            bench.client.set_group_properties_for_flags("company", {"plan": "pro"})
            bench.client.reset_group_properties_for_flags("company")
            bench.client.get_all_flags(USER)
            assert bench.flag_requests[0]["group_properties"] == {}


@pytest.mark.contract("local-feature-flag-evaluator")
class TestLocalEvaluator:
    def test_a_matching_boolean_flag_is_on(self) -> None:
        with Bench(definitions=local(flag("beta-ui"))) as bench:
            assert bench.client.get_feature_flag("beta-ui", USER) is True

    def test_a_multivariate_flag_gives_its_variant(self) -> None:
        with Bench(definitions=local(variant_flag("checkout", "blue"))) as bench:
            assert bench.client.get_feature_flag("checkout", USER) == "blue"

    def test_what_is_missing_is_asked_of_the_server(self) -> None:
        with Bench(definitions=local(flag("beta-ui", needs("plan")))) as bench:
            bench.server.flags = {"beta-ui": True}
            assert bench.client.get_feature_flag("beta-ui", USER) is True
            assert len(bench.flag_requests) == 1
            snapshot = bench.client.evaluate_flags(USER, only_evaluate_locally=True)
        assert isinstance(snapshot, FlagEvaluations)
        assert snapshot.unresolved["beta-ui"].missing.person_properties == ("plan",)

    def test_the_payload_is_that_of_the_value(self) -> None:
        with Bench(definitions=local(variant_flag("checkout", "blue", {"copy": "new"}))) as bench:
            assert bench.client.get_feature_flag_payload("checkout", USER) == {"copy": "new"}
            assert bench.flag_requests == []


TIMED_OUT = RequestTimeoutError("no answer")


@pytest.mark.contract("http-client")
class TestFlagRequests:
    def test_a_timeout_is_tried_once_more_after_300_ms(self) -> None:
        with Bench() as bench:
            bench.server.flags = {"beta-ui": True}
            bench.server.play(FLAGS, TIMED_OUT)
            before = bench.clock.monotonic()
            assert bench.client.get_all_flags(USER) == {"beta-ui": True}
            assert len(bench.flag_requests) == 2
            assert bench.clock.monotonic() - before >= 0.3

    @pytest.mark.parametrize("status", [502, 504])
    def test_so_is_a_gateway_error(self, status: int) -> None:
        with Bench() as bench:
            bench.server.flags = {"beta-ui": True}
            bench.server.play(FLAGS, Response(status))
            assert bench.client.get_all_flags(USER) == {"beta-ui": True}
            assert len(bench.flag_requests) == 2

    def test_nothing_else_is_and_what_was_known_stays(self) -> None:
        with Bench(flag_cache="memory://local/?mode=fallback") as bench:
            bench.server.flags = {"beta-ui": True}
            bench.client.get_feature_flag("beta-ui", USER)
            bench.server.play(FLAGS, Response(503))
            assert bench.client.get_feature_flag("beta-ui", USER) is True
            assert len(bench.flag_requests) == 2

    def test_no_retries_on_request(self) -> None:
        with Bench(feature_flags_request_max_retries=0) as bench:
            bench.server.play(FLAGS, TIMED_OUT)
            assert bench.client.get_all_flags(USER) == {}
            assert len(bench.flag_requests) == 1

    def test_two_retries_wait_300_and_600_ms(self) -> None:
        times: list[float] = []
        with Bench(feature_flags_request_max_retries=2) as bench:

            def fail(_: object) -> Response:
                times.append(bench.clock.monotonic())
                raise TIMED_OUT

            bench.server.flags = {"beta-ui": True}
            bench.server.play(FLAGS, fail, fail)
            assert bench.client.get_all_flags(USER) == {"beta-ui": True}
            times.append(bench.clock.monotonic())
        first, second = times[1] - times[0], times[2] - times[1]
        assert (first, second) == (pytest.approx(0.3), pytest.approx(0.6))

    def test_no_secret_ever_goes_to_the_flags_endpoint(self) -> None:
        with Bench(secret_key=SECRET, enable_local_evaluation=False) as bench:
            bench.client.get_all_flags(USER)
            (request,) = bench.server.made(FLAGS)
        assert "authorization" not in {name.lower() for name in request.headers}
        assert request.url.endswith("/flags/?v=4")
