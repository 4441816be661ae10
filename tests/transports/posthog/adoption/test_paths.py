"""Every call of an adopted client that computes flags locally has the engine's answer."""

from unittest import mock

import pytest

pytest.importorskip("posthog", reason="posthog is not installed: pip install --group differential")

import posthog
from posthog.types import UnresolvedFlagReason

from flagengine.transports.posthog import adopt
from tests.transports.posthog.adoption.documents import flag, of_format_2, property_filter

PRO = {"plan": "pro", "app": "2.0.0-beta", "seats": 7}
LOCAL = {"only_evaluate_locally": True}

# get_feature_flag and its like are deprecated, and say so at every call.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")


@pytest.fixture
def adopted(client):
    with adopt(client):
        yield client


class TestValues:
    """The engine decides, also where posthog-python decides otherwise."""

    READS = (
        lambda client, key: client.get_feature_flag(key, "u", person_properties=PRO),
        lambda client, key: client.feature_enabled(key, "u", person_properties=PRO),
        lambda client, key: client.get_feature_flag_result(
            key, "u", person_properties=PRO
        ).get_value(),
        lambda client, key: client.get_all_flags("u", person_properties=PRO)[key],
        lambda client, key: client.get_all_flags_and_payloads("u", person_properties=PRO)[
            "featureFlags"
        ][key],
        lambda client, key: client.evaluate_flags("u", person_properties=PRO).get_flag(key),
        lambda client, key: client.evaluate_flags(
            "u", person_properties=PRO, flag_keys=[key]
        ).get_flag(key),
        lambda client, key: client._compute_flag_locally(
            client.feature_flags_by_key[key], "u", person_properties=PRO
        ),
    )

    @pytest.mark.parametrize("read", READS)
    def test_a_version_before_the_release_is_not_the_release(self, client, read):
        client.feature_flags = client.feature_flags[:2] + client.feature_flags[3:4]
        assert read(client, "version") is True
        with adopt(client):
            assert read(client, "version") is False

    @pytest.mark.parametrize("read", READS[:-1])
    def test_a_range_needs_no_server(self, client, server, read):
        client.feature_flags = client.feature_flags[4:]
        server.flags = {"seats": {"key": "seats", "enabled": False, "variant": None}}
        assert read(client, "seats") is False
        asked = len(server.flag_requests)
        assert asked == 1
        with adopt(client):
            assert read(client, "seats") is True
        assert len(server.flag_requests) == asked

    def test_capture_with_flags_sends_the_engines_values(self, adopted, events):
        options = {"person_properties": PRO, "only_evaluate_locally": True}
        adopted.capture("paid", distinct_id="u", send_feature_flags=options)
        properties = events[-1]["properties"]
        assert properties["$feature/version"] is False
        assert sorted(properties["$active_feature_flags"]) == ["colour", "plan", "seats"]

    def test_capture_with_evaluated_flags_sends_the_engines_values(self, adopted, events):
        flags = adopted.evaluate_flags("u", person_properties=PRO)
        adopted.capture("paid", distinct_id="u", flags=flags)
        assert events[-1]["properties"]["$feature/version"] is False

    def test_a_group_and_its_properties_reach_the_engine(self, adopted, server):
        about = {"groups": {"company": "acme"}, "group_properties": {"company": {"tier": "gold"}}}
        assert adopted.get_feature_flag("team", "u", **about) is True
        assert adopted.evaluate_flags("u", flag_keys=["team"], **about).get_flag("team") is True
        assert server.flag_requests == []

    def test_a_device_id_reaches_the_engine_from_the_call_and_the_context(self, adopted, server):
        adopted.feature_flags = [flag("device", rollout=50, bucketing_identifier="device_id")]
        with mock.patch.object(adopted.log, "warning"):
            assert adopted.get_feature_flag("device", "u", **LOCAL) is None
        given = adopted.get_feature_flag("device", "u", device_id="d-1")
        assert given in (True, False)
        with posthog.new_context(client=adopted):
            posthog.set_context_device_id("d-1")
            assert adopted.get_feature_flag("device", "u") is given
            assert adopted.evaluate_flags("u").get_flag("device") is given
        assert server.flag_requests == []

    def test_the_module_reads_through_an_adopted_default_client(self, adopted):
        with mock.patch.object(posthog, "default_client", adopted):
            assert posthog.get_feature_flag("version", "u", person_properties=PRO) is False
            assert posthog.evaluate_flags("u", person_properties=PRO).is_enabled("version") is False

    def test_the_module_names_its_default_client_when_it_is_passed_itself(self):
        with pytest.raises(TypeError, match=r"its default client is posthog\.setup\(\)"):
            adopt(posthog)


class TestPayloads:
    def test_a_value_has_its_payload(self, adopted):
        assert adopted.get_feature_flag_payload("plan", "u", person_properties=PRO) == {"seats": 5}
        found = adopted.get_all_flags_and_payloads("u", person_properties=PRO)
        assert found["featureFlagPayloads"] == {"plan": '{"seats": 5}', "colour": '"#00f"'}
        flags = adopted.evaluate_flags("u", person_properties=PRO)
        assert flags.get_flag_payload("colour") == "#00f"

    @pytest.mark.rule("R12.2")
    def test_false_has_no_payload(self, client):
        read = client.get_feature_flag_payload
        other = {"person_properties": {"plan": "free"}}
        assert read("plan", "u", **other) == "none"
        with adopt(client):
            assert read("plan", "u", **other) is None
            assert client.evaluate_flags("u", **other).get_flag_payload("plan") is None

    def test_a_payload_that_a_reader_changes_is_nobody_elses(self, adopted):
        for _ in range(2):
            payload = adopted.evaluate_flags("u", person_properties=PRO).get_flag_payload("plan")
            assert payload == {"seats": 5}
            payload["seats"] = 0


class TestUnresolvedFlags:
    """A flag without a local answer goes to the server, or stays without a value, as before."""

    def test_the_server_is_asked_and_its_answer_counts(self, adopted, server):
        server.flags = {"plan": {"key": "plan", "enabled": True, "variant": None}}
        assert adopted.get_feature_flag("plan", "u") is True
        assert adopted.evaluate_flags("u").get_flag("plan") is True
        assert len(server.flag_requests) == 2

    def test_the_reasons_are_the_engines(self, adopted, server):
        adopted.feature_flags = [
            flag("missing", property_filter("plan", "pro")),
            flag("cohort", {"key": "id", "type": "cohort", "value": 7}),
            flag("waits", property_filter("missing", True, "flag_evaluates_to", type="flag")),
            flag("sticky", rollout=50, ensure_experience_continuity=True),
        ]
        adopted.feature_flags[2]["filters"]["groups"][0]["properties"][0]["dependency_chain"] = [
            "missing"
        ]
        adopted.feature_flags = list(adopted.feature_flags)
        flags = adopted.evaluate_flags("u", **LOCAL)
        assert flags.unresolved_flags == {
            "missing": UnresolvedFlagReason.MISSING_CONTEXT,
            "cohort": UnresolvedFlagReason.UNSUPPORTED_DEFINITION,
            "waits": UnresolvedFlagReason.UNRESOLVED_DEPENDENCY,
            "sticky": UnresolvedFlagReason.EXPERIENCE_CONTINUITY,
        }
        assert server.flag_requests == []

    def test_the_log_names_what_is_missing(self, adopted, caplog):
        caplog.set_level("DEBUG", logger="posthog")
        assert adopted.get_feature_flag("plan", "u", **LOCAL) is None
        assert "Failed to compute flag plan locally: Inputs are missing" in caplog.text
        assert "{'person_properties': ['plan']}" in caplog.text

    def test_a_group_flag_without_its_group_is_false_with_a_warning(self, adopted, caplog):
        assert adopted.get_feature_flag("team", "u") is False
        assert "Can't compute group feature flag: team" in caplog.text

    @pytest.mark.parametrize("filters", [{}, {"groups": []}, None])
    def test_a_flag_without_conditions_lacks_no_group(self, adopted, caplog, filters):
        adopted.feature_flags = [{"key": "bare", "active": True, "filters": filters}]
        assert adopted.get_feature_flag("bare", "u") is False
        assert "group" not in caplog.text

    def test_a_flag_of_format_2_is_left_to_the_server(self, adopted, server):
        adopted.feature_flags = [of_format_2("new")]
        server.flags = {"new": {"key": "new", "enabled": True, "variant": None}}
        assert adopted.get_feature_flag("new", "u") is True
        assert adopted.evaluate_flags("u").get_flag("new") is True
        assert adopted.get_feature_flag("new", "u", **LOCAL) is None
        assert len(server.flag_requests) == 2

    def test_a_deleted_flag_counts_as_absent(self, adopted, server):
        adopted.feature_flags = [flag("gone", deleted=True), flag("plan")]
        assert adopted.get_all_flags("u") == {"plan": True}
        assert server.flag_requests == []
        assert adopted.get_feature_flag("gone", "u", **LOCAL) is None

    def test_wrong_arguments_are_logged_and_the_server_is_asked(self, adopted, server, caplog):
        server.flags = {"plan": {"key": "plan", "enabled": True, "variant": None}}
        read = adopted._locally_evaluate_flag
        assert read("plan", "u", ["company"], {}, {})[0] is None
        assert "Error while evaluating flags locally" in caplog.text
        caplog.clear()
        found = adopted._get_all_flags_and_payloads_locally("u", groups=["company"])
        assert found[:2] == ({"featureFlags": {}, "featureFlagPayloads": {}}, True)
        assert "Error while evaluating flags locally" in caplog.text


class TestEvents:
    """`$feature_flag_called` is what it was, but for the value."""

    @pytest.mark.parametrize("key", ["plan", "colour", "team"])
    @pytest.mark.parametrize("way", ["get_feature_flag", "evaluate_flags"])
    def test_an_event_is_the_same_with_and_without_the_engine(self, client, events, key, way):
        about = {
            "person_properties": PRO,
            "groups": {"company": "acme"},
            "group_properties": {"company": {"tier": "gold"}},
        }

        def read(distinct_id):
            if way == "get_feature_flag":
                client.get_feature_flag(key, distinct_id, **about)
            else:
                client.evaluate_flags(distinct_id, **about, **LOCAL).get_flag(key)

        read("before")
        with adopt(client):
            read("after")
            read("after")  # reported once
        before, after = [event["properties"] for event in events]
        assert before["locally_evaluated"] is True
        assert before == after

    def test_a_flag_without_a_value_says_why(self, adopted, events):
        adopted.evaluate_flags("u", **LOCAL).get_flag("plan")
        error = events[-1]["properties"]["$feature_flag_error"]
        assert error == "local_evaluation_inconclusive"


def test_no_path_leaves_a_call_of_posthogs_own_evaluation(adopted):
    with mock.patch("posthog.client.match_feature_flag_properties", side_effect=AssertionError):
        for read in TestValues.READS:
            assert read(adopted, "version") is False
        assert adopted.get_feature_flag_payload("version", "u", person_properties=PRO) is None
        adopted.capture("e", distinct_id="u", send_feature_flags=True)
