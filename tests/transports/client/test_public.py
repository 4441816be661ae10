"""The public API: all methods of posthog-python on both clients, with the same keywords."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from flagengine.transports import AsyncClient, Client, NullSink

# By posthog-python's names: the methods that are awaited on the asynchronous client.
AWAITED = {
    "alias_immediate",
    "capture_ai_immediate",
    "capture_exception_immediate",
    "capture_immediate",
    "evaluate_flags",
    "feature_enabled",
    "fetch",
    "flush",
    "get_all_flags",
    "get_all_flags_and_payloads",
    "get_feature_flag",
    "get_feature_flag_payload",
    "get_feature_flag_result",
    "get_remote_config_payload",
    "get_surveys",
    "get_surveys_stateless",
    "group_identify_immediate",
    "identify_immediate",
    "is_feature_enabled",
    "reload_feature_flags",
    "shutdown",
    "wait_for_local_evaluation_ready",
    "explain",
    "get_boolean",
    "get_feature_flag_details",
    "get_feature_flag_reading",
    "get_number",
    "get_object",
    "get_string",
    "requirements",
}
REFERENCE = {
    "alias", "alias_immediate", "capture", "capture_exception", "capture_exception_immediate",
    "capture_immediate", "debug", "disable", "enable", "enter_context", "fetch", "flush",
    "get_all_flags", "get_all_flags_and_payloads", "get_context", "get_custom_user_agent",
    "get_feature_flag", "get_feature_flag_payload", "get_feature_flag_result", "get_library_id",
    "get_library_version", "get_persisted_property", "get_remote_config_payload",
    "get_surveys_stateless", "group_identify", "identify", "identify_immediate",
    "is_feature_enabled", "is_local_evaluation_ready", "on", "opt_in", "opt_out",
    "override_feature_flags", "prepare_event_message", "register", "reload_feature_flags",
    "set_persisted_property", "shutdown", "unregister", "wait_for_local_evaluation_ready",
    "with_context",
}  # fmt: skip
BEYOND = {
    "capture_ai", "capture_ai_immediate", "context", "evaluate_flags", "exit_context",
    "explain", "feature_enabled", "get_boolean", "get_distinct_id", "get_feature_flag_details",
    "get_feature_flag_reading", "get_number", "get_object", "get_string", "requirements", "get_surveys", "group_identify_immediate",
    "identify_context", "is_opted_out", "new_context", "overridden_flags", "pending_count",
    "request_context", "reset", "reset_group_properties_for_flags",
    "reset_person_properties_for_flags", "scoped", "set", "set_context_session",
    "set_group_properties_for_flags", "set_once", "set_person_properties",
    "set_person_properties_for_flags", "tag", "unset_person_properties",
}  # fmt: skip


def test_the_reference_has_forty_two_methods_with_the_constructor() -> None:
    assert len(REFERENCE) + 1 == 42


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_every_method_is_there_and_says_what_it_does(client: type[Any]) -> None:
    for name in REFERENCE | BEYOND:
        assert inspect.getdoc(getattr(client, name)), name


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_help_shows_methods_as_methods(client: type[Any]) -> None:
    for name in dir(client):
        method = getattr(client, name)
        if not name.startswith("_") and callable(method):
            first = next(iter(inspect.signature(method).parameters.values()))
            assert (first.name, first.annotation) == ("self", first.empty), name
            assert inspect.getdoc(method), name


def test_the_clients_differ_in_what_is_awaited_alone() -> None:
    for name in REFERENCE | BEYOND:
        here, there = getattr(Client, name), getattr(AsyncClient, name)
        assert inspect.iscoroutinefunction(there) is (name in AWAITED), name
        assert not inspect.iscoroutinefunction(here)
        assert inspect.signature(here) == inspect.signature(there), name


@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        (
            "capture",
            {"distinct_id", "properties", "timestamp", "uuid", "groups", "flags"}
            | {"send_feature_flags", "disable_geoip"},
        ),
        (
            "get_feature_flag",
            {"groups", "person_properties", "group_properties", "only_evaluate_locally"}
            | {"send_feature_flag_events", "disable_geoip", "device_id", "distinct_id"},
        ),
        ("alias", {"disable_geoip", "timestamp", "uuid", "previous_id"}),
        ("identify", {"set_once", "anon_distinct_id", "properties"}),
        (
            "capture_exception",
            {"level", "fingerprint", "handled", "mechanism_type", "additional_properties"},
        ),
    ],
)
def test_signatures_name_their_keywords(name: str, keywords: set[str]) -> None:
    signature = inspect.signature(getattr(Client, name))
    assert keywords <= set(signature.parameters)
    assert "Steps" not in str(signature)


def test_nothing_is_left_unimplemented() -> None:
    client = Client("phc_x", sink=NullSink(), strict_local_evaluation=True)
    calls: dict[str, tuple[Any, ...]] = {
        "alias": ("u", "v"), "alias_immediate": ("u", "v"), "capture": ("e",),
        "capture_immediate": ("e",), "enter_context": ({"distinctId": "u"},),
        "fetch": ("nonsense://host",), "get_feature_flag": ("a", "u"),
        "get_feature_flag_payload": ("a", "u"), "get_feature_flag_result": ("a", "u"),
        "get_persisted_property": ("a",), "get_remote_config_payload": ("a",),
        "group_identify": ("company", "a"), "identify": ("u",), "identify_immediate": ("u",),
        "is_feature_enabled": ("a", "u"), "on": ("error", print), "register": ({},),
        "override_feature_flags": (False,), "prepare_event_message": ("e",),
        "set_persisted_property": ("a", 1), "unregister": ("a",),
        "with_context": ({"distinctId": "u"}, lambda: 7), "get_surveys_stateless": (),
    }  # fmt: skip
    silent = {"get_surveys_stateless", "debug", "get_remote_config_payload"}
    try:
        for name in sorted(REFERENCE - silent - {"shutdown"}):
            result = getattr(client, name)(*calls.get(name, ()))
            if name == "enter_context":
                client.exit_context(result)
    finally:
        client.shutdown()
