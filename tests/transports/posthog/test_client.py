"""``Posthog``: attributes that may be set, posthog-python's argument order, its forms of answers."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest

from flagengine.transports import MemoryDefinitions, Response
from flagengine.transports.posthog import AsyncPosthog, FeatureFlagResult, Posthog, new_context

from .support import API_KEY, FakeServer, events_of, made

BETA = {
    "key": "beta",
    "active": True,
    "filters": {"groups": [{"variant": "blue"}], "payloads": {"blue": '{"size": 2}'}}
    | {"multivariate": {"variants": [{"key": "blue", "rollout_percentage": 100}]}},
}


@pytest.mark.contract("setup")
class TestAttributes:
    def test_a_client_that_is_made_disabled_can_be_enabled(self):
        client, server = made(disabled=True)
        assert client.disabled
        assert client.capture("seen", distinct_id="user-1") is None
        client.disabled = False
        assert client.capture("seen", distinct_id="user-1")
        client.disabled = True
        assert client.capture("seen", distinct_id="user-1") is None
        assert len(events_of(server)) == 1

    def test_a_client_without_a_key_is_disabled(self):
        assert Posthog("  ").disabled

    def test_debug_can_be_read_and_set(self):
        client, _ = made()
        assert client.debug is False
        client.debug = True
        assert client.debug is True
        client.debug = False

    def test_the_content_of_ai_events_follows_the_attributes(self):
        client, _ = made()
        properties = {"$ai_input": "who?"}
        assert client.prepare_ai_properties(properties)["$ai_input"] == "who?"
        client.privacy_mode = True
        assert client.prepare_ai_properties(properties).get("$ai_input") is None
        client.enable_full_ai_capture = True
        assert client.enable_full_ai_capture

    def test_an_option_cannot_be_changed_and_the_message_says_where_it_belongs(self):
        client, _ = made()
        with pytest.raises(AttributeError, match=r"pass it, Posthog\(host=\.\.\.\)"):
            client.host = "https://example.com"
        with pytest.raises(AttributeError, match="no attribute 'dissabled'"):
            client.dissabled = True  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="use OpenTelemetry's metrics"):
            client.metrics  # type: ignore[attr-defined]  # noqa: B018

    def test_options_can_be_read(self):
        client, _ = made(secret_key="phx_s", host="https://eu.posthog.com", max_retries=1)
        assert (client.api_key, client.personal_api_key) == (API_KEY, "phx_s")
        assert (client.host, client.max_retries) == ("https://eu.i.posthog.com", 1)
        assert type(client).host is not None


@pytest.mark.contract("group-identify")
def test_a_group_is_identified_by_position():
    client, server = made()
    client.group_identify("company", "acme", {"size": 3}, "2026-01-02T03:04:05Z")
    with new_context():
        client.identify_context("user-1")
        client.group_identify("company", "acme")
    first, second = events_of(server)
    assert first["properties"]["$group_set"] == {"size": 3}
    assert first["timestamp"].startswith("2026-01-02T03:04:05")
    assert [first["distinct_id"], second["distinct_id"]] == ["$company_acme", "user-1"]


@pytest.mark.contract("alias")
def test_an_alias_is_given_by_position():
    client, server = made()
    client.alias("before", "after", "2026-01-02T03:04:05Z")
    [event] = events_of(server)
    assert (event["distinct_id"], event["properties"]["alias"]) == ("before", "after")
    assert event["timestamp"].startswith("2026-01-02")


def test_properties_of_a_person_are_optional():
    client, server = made()
    assert client.set(distinct_id="user-1") is None
    assert client.set(distinct_id="user-1", properties={"plan": "pro"})
    assert client.set_once(distinct_id="user-1") is None
    [event] = events_of(server)
    assert event["properties"]["$set"] == {"plan": "pro"}


def test_an_exception_may_be_what_sys_exc_info_returns():
    client, server = made()
    client.feature_flags = [BETA]
    try:
        int("boom")
    except ValueError:
        client.capture_exception(sys.exc_info(), send_feature_flags=True, distinct_id="user-1")
    client.capture_exception((1, 2), distinct_id="user-1")
    first, second = (each["properties"]["$exception_list"][0] for each in events_of(server))
    assert (first["type"], first["value"][-6:]) == ("ValueError", "'boom'")
    assert second["type"] != "ValueError"
    assert events_of(server)[0]["properties"]["$feature/beta"] == "blue"


class TestFlags:
    def _client(self) -> Posthog:
        client, _ = made()
        client.feature_flags = [BETA]
        return client

    def test_a_result_has_posthog_pythons_get_value(self):
        result = self._client().get_feature_flag_result("beta", "user-1")
        assert result is not None
        assert result.get_value() == "blue"
        assert (result.payload, result.locally_evaluated) == ({"size": 2}, True)
        assert result == FeatureFlagResult("beta", True, "blue", {"size": 2}, result.reason)
        assert result != FeatureFlagResult("beta", True, "red")
        assert result != "beta"
        assert len({result, result}) == 1
        assert FeatureFlagResult.from_value_and_payload("beta", None, 1) is None
        assert FeatureFlagResult.from_value_and_payload("beta", "blue", '{"size": 2}') == (
            FeatureFlagResult("beta", True, "blue", {"size": 2})
        )
        assert self._client().get_feature_flag_result("unknown", "user-1") is None

    def test_all_flags_have_posthog_pythons_keys_and_payloads_as_text(self):
        client = self._client()
        expected = {
            "featureFlags": {"beta": "blue"},
            "featureFlagPayloads": {"beta": '{"size": 2}'},
        }
        assert client.get_all_flags_and_payloads("user-1") == expected
        assert (
            client.get_all_flags_and_payloads("user-1", flag_keys_to_evaluate=["no"])[
                "featureFlags"
            ]
            == {}
        )
        assert client.get_feature_variants("user-1") == expected["featureFlags"]
        assert client.get_feature_payloads("user-1") == expected["featureFlagPayloads"]
        assert client.get_all_flags("user-1", flag_keys_to_evaluate=["beta"]) == {"beta": "blue"}

    def test_definitions_can_be_assigned_part_by_part(self):
        client, server = made(personal_api_key="phx_s")
        client.feature_flags = [
            {
                "key": "of-group",
                "active": True,
                "filters": {"aggregation_group_type_index": 0, "groups": [{}]},
            },
            {
                "key": "of-cohort",
                "active": True,
                "filters": {
                    "groups": [
                        {"properties": [{"key": "id", "type": "cohort", "value": 7}]},
                    ]
                },
            },
        ]
        client.group_type_mapping = {"0": "company"}
        client.cohorts = {
            "7": {"type": "AND", "values": [{"key": "plan", "type": "person", "value": "pro"}]}
        }
        assert client.get_feature_flag("of-group", "user-1", groups={"company": "acme"}) is True
        assert client.get_feature_flag("of-cohort", "user-1", person_properties={"plan": "pro"})
        assert (client.group_type_mapping, set(client.cohorts)) == ({"0": "company"}, {"7"})
        assert set(client.feature_flags_by_key or ()) == {"of-group", "of-cohort"}
        client.feature_flags = None
        assert client.feature_flags == []
        assert not server.made("/flags/definitions")
        client.shutdown()

    def test_definitions_of_the_wrong_kind_are_refused_or_left_out(self):
        client, _ = made()
        for name in ("group_type_mapping", "cohorts"):
            with pytest.raises(TypeError, match=f"{name} must be a mapping, got list"):
                setattr(client, name, [1])
        client.feature_flags = [5, {"active": True}, {"key": None}, {"key": "beta"}]
        assert client.feature_flags_by_key == {"beta": {"key": "beta"}}
        client.shutdown()
        broken = MemoryDefinitions({"flags": [], "cohorts": 5, "group_type_mapping": [1]})
        client, _ = made(definitions=broken)
        client.load_feature_flags()
        assert (client.cohorts, client.group_type_mapping) == ({}, {})
        client.shutdown()

    @pytest.mark.parametrize("name", ["timeout", "send", "host", "poll_interval"])
    def test_an_attribute_of_the_construction_says_where_to_pass_it(self, name):
        client, _ = made()
        with pytest.raises(AttributeError, match=rf"made: pass it, Posthog\({name}=\.\.\.\)"):
            setattr(client, name, 5)
        client.shutdown()

    def test_definitions_are_loaded_on_request(self, caplog):
        server = FakeServer()
        server.definitions = {"flags": [BETA]}
        client, _ = made(server, personal_api_key="phx_s")
        client.load_feature_flags()
        assert [each["key"] for each in client.feature_flags or ()] == ["beta"]
        client.shutdown()
        keyless, _ = made()
        assert keyless.feature_flags_by_key is None
        keyless.load_feature_flags()
        assert "load_feature_flags() needs a secret_key" in caplog.text


def test_a_remote_config_payload_is_what_the_server_sends():
    server = FakeServer()
    path = "/api/projects/@current/feature_flags/limits/remote_config"
    server.play(path, *[Response(200, body=b'"{\\"orders\\": 3}"')] * 2)
    client, _ = made(server, secret_key="phx_s")
    assert client.get_remote_config_payload("limits") == '{"orders": 3}'

    async def main() -> Any:
        async with AsyncPosthog(API_KEY, transport=server, secret_key="phx_s") as other:
            return await other.get_remote_config_payload("limits")

    assert asyncio.run(main()) == '{"orders": 3}'


def test_flush_takes_posthog_pythons_timeout_and_this_clients():
    client, _ = made()
    assert client.flush(timeout_seconds=1) is True
    assert client.flush(timeout=1) is True
    client.join()
    assert client.capture("late", distinct_id="user-1") is None


def test_the_asynchronous_client_has_the_same_forms():
    async def main() -> Any:
        async with AsyncPosthog(API_KEY, transport=FakeServer()) as client:
            client.feature_flags = [BETA]
            result = await client.get_feature_flag_result("beta", "user-1")
            everything = await client.get_all_flags_and_payloads("user-1")
            await client.load_feature_flags()
            assert await client.flush(timeout_seconds=1)
            await client.join()
        return result, everything

    result, everything = asyncio.run(main())
    assert result.get_value() == "blue"
    assert json.loads(everything["featureFlagPayloads"]["beta"]) == {"size": 2}


def test_an_async_callback_for_errors_is_awaited():
    heard: list[Any] = []

    async def on_error(error: Exception, batch: list[dict[str, Any]]) -> None:
        heard.append(batch[0]["distinct_id"])

    async def main() -> None:
        client = AsyncPosthog(API_KEY, transport=FakeServer(), on_error=on_error)
        client.capture("", distinct_id="user-1")
        await client.flush()
        await client.shutdown()

    asyncio.run(main())
    assert heard == ["user-1"]


def test_a_span_records_nothing_and_never_fails():
    client, _ = made()
    with client.start_span("GET /", kind="server") as span:
        span.set_attribute("a", 1).set_attributes({}).add_event("e").set_status("ok")
        span.update_name("b").record_exception(ValueError()).end()
        assert (span.traceparent(), span.tracestate(), client.get_active_span()) == (None,) * 3
