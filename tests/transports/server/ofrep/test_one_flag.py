"""``POST /ofrep/v1/evaluate/flags/{key}``: what is in the answer, and what is an error of which words."""

from __future__ import annotations

import pytest

from tests.rules import document, experiment, having, rollout, targeted

from .schemas import assert_fits
from .support import ask, context, flag, needing, one, serving, serving_flags, variants


def test_a_flag_that_is_on_is_true_with_its_reason_and_metadata():
    answer = ask(serving_flags(flag("beta")), one("beta"), context())
    assert answer.status == 200
    assert answer.json == {
        "key": "beta",
        "reason": "TARGETING_MATCH",
        "variant": "true",
        "value": True,
        "metadata": {
            "id": 1,
            "version": 3,
            "reason_code": "condition_match",
            "condition_index": 0,
        },
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-flagengine-definitions-age"] == "0"


def test_a_variant_is_text_and_its_payload_is_text_in_the_metadata():
    server = serving_flags(variants("color", payload='{"hex": "#0f0"}'))
    found = ask(server, one("color"), context()).json
    assert (found["value"], found["variant"], found["reason"]) == ("green", "green", "SPLIT")
    assert found["metadata"]["payload"] == '{"hex": "#0f0"}'


def test_a_flag_with_variants_that_is_off_leaves_the_value_to_the_caller():
    found = ask(serving_flags(variants("color", share=0)), one("color"), context()).json
    assert "value" not in found
    assert (found["variant"], found["reason"]) == ("false", "SPLIT")
    assert_fits(found, "serverEvaluationSuccess")


@pytest.mark.parametrize(("made", "value"), [(flag, {"value": False}), (variants, {})])
def test_an_inactive_flag_is_disabled_and_off(made, value):
    found = ask(serving_flags(made("old") | {"active": False}), one("old"), context()).json
    assert found["reason"] == "DISABLED"
    assert {name: found[name] for name in ("value",) if name in found} == value


def test_the_values_of_typed_flags_have_their_types():
    whole = document(targeted(value=10), default=1, kind="number")
    broken = document(rollout(value=10, share=0), default=1.5, kind="number")
    json = document(targeted(value={"hex": "#0f0"}), default={}, kind="object")
    server = serving(whole)
    body = ask(server, one("f"), context()).body
    assert b'"value":10,' in body
    assert b'"value":1.5,' in ask(serving(broken), one("f"), context()).body
    mixed = document(targeted(having("a")), targeted(value=10), default=1.5, kind="number")
    mixed["flags"][0]["filters"]["rules"][0]["value"] = 2.5
    body = ask(serving(mixed), one("f"), context(a="none")).body
    assert b'"value":10.0,' in body
    found = ask(serving(json), one("f"), context()).json
    assert found["value"] == {"hex": "#0f0"}
    assert found["variant"] == found["metadata"]["rule_id"]
    assert_fits(found, "serverEvaluationSuccess")


def test_a_typed_flag_without_a_value_leaves_it_to_the_caller():
    found = ask(serving(document(targeted(having("a")), default=None)), one("f"), context(a="b"))
    assert "value" not in found.json
    assert (found.json["variant"], found.json["reason"]) == ("default", "DEFAULT")


def test_the_variant_of_an_experiment_is_the_variant():
    found = ask(serving(document(experiment())), one("f"), context()).json
    assert found["variant"] in ("control", "test")
    assert found["value"] is (found["variant"] == "test")
    assert found["metadata"]["rule_type"] == "experiment"


def test_the_group_properties_and_the_device_are_not_properties_of_the_person():
    filters = {
        "aggregation_group_type_index": 0,
        "groups": [
            {
                "properties": [
                    {"key": "plan", "type": "group", "group_type_index": 0, "value": "pro"}
                ],
                "rollout_percentage": 100,
            }
        ],
    }
    server = serving(
        {"flags": [flag("b2b", filters=filters)], "group_type_mapping": {"0": "company"}}
    )
    company = {"groups": {"company": "acme"}, "group_properties": {"company": {"plan": "pro"}}}
    assert ask(server, one("b2b"), context(**company)).json["value"] is True
    assert ask(server, one("b2b"), context(plan="pro")).json["value"] is False
    device = flag("device", bucketing_identifier="device_id", share=50)
    server = serving_flags(device)
    lacking = ask(server, one("device"), context()).json
    assert lacking["errorDetails"] == "device needs a device id"
    assert ask(server, one("device"), context(device_id="d-1")).status == 200


def test_an_unknown_flag_is_404():
    answer = ask(serving_flags(flag("beta")), one("gamma"), context())
    assert answer.status == 404
    assert answer.json == {
        "key": "gamma",
        "errorCode": "FLAG_NOT_FOUND",
        "errorDetails": "there is no flag 'gamma'",
    }


def test_a_flag_with_encrypted_payloads_is_shown_to_nobody():
    server = serving_flags(flag("secret", has_encrypted_payloads=True))
    assert ask(server, one("secret"), context()).status == 404


def test_a_flag_for_servers_is_not_shown_to_browsers():
    server = serving_flags(flag("internal", evaluation_runtime="server"))
    assert ask(server, one("internal"), context(), user_agent="python-requests/2").status == 200
    assert ask(server, one("internal"), context(), user_agent="Mozilla/5.0").status == 404


def test_what_is_missing_is_named():
    answer = ask(serving_flags(needing("beta", "plan")), one("beta"), context())
    assert answer.status == 400
    assert_fits(answer.json, "evaluationFailure")
    assert answer.json == {
        "key": "beta",
        "errorCode": "INVALID_CONTEXT",
        "errorDetails": "beta needs the person property plan",
    }


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_targeting_key_only_what_needs_one_is_an_error(key):
    server = serving_flags(needing("pro", "plan"), flag("half", share=50))
    assert ask(server, one("pro"), context(key, plan="pro")).json["value"] is True
    answer = ask(server, one("half"), context(key))
    assert (answer.status, answer.json["errorCode"]) == (400, "TARGETING_KEY_MISSING")
    assert answer.json["errorDetails"] == (
        "the context has no targetingKey: half needs a distinct id"
    )


def test_a_definition_that_cannot_be_read_is_a_parse_error():
    bad = flag("bad", filters={"groups": "all"})
    answer = ask(serving_flags(bad), one("bad"), context())
    assert (answer.status, answer.json["errorCode"]) == (400, "PARSE_ERROR")


def test_a_flag_that_only_the_server_decides_is_a_general_error():
    answer = ask(
        serving_flags(flag("sticky", share=50, ensure_experience_continuity=True)),
        one("sticky"),
        context(),
    )
    assert (answer.status, answer.json["errorCode"]) == (400, "GENERAL")
    assert "is decided only by the server" in answer.json["errorDetails"]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("a/b", "a/b"),
        ("a/b", "a%2Fb"),
        ("é b?", "%C3%A9%20b%3F"),
        ("b", "/b"),
        ("b", "b/"),
    ],
)
def test_a_key_is_the_rest_of_the_path(sent, path):
    assert ask(serving_flags(flag(sent)), one(path), context()).json["key"] == sent


def test_a_base_address_with_a_slash_at_its_end_is_no_other_address():
    assert ask(serving_flags(flag("beta")), f"/{one('beta')}", context()).status == 200


@pytest.mark.parametrize("body", [b"", b"{}", {"context": {}}, {"context": {"targetingKey": None}}])
def test_without_a_context_nobody_is_evaluated(body):
    assert ask(serving_flags(flag("beta")), one("beta"), body).json["value"] is True


@pytest.mark.parametrize(
    ("body", "code", "details"),
    [
        (b"not json", "PARSE_ERROR", "the body must be JSON"),
        (b'{"context": {"targetingKey": "u"', "PARSE_ERROR", "the body must be JSON"),
        (b"\xff\xfe", "PARSE_ERROR", "the body must be JSON"),
        (b"[" * 100_000, "PARSE_ERROR", "the body must be JSON"),
        (b'{"context":' * 50_000 + b"1" + b"}" * 50_000, "PARSE_ERROR", "the body must be JSON"),
        (b"\x1f\x8bdamaged", "PARSE_ERROR", "the body is damaged"),
        ([], "INVALID_CONTEXT", "the body must be an object with a context, got a list"),
        ("text", "INVALID_CONTEXT", "the body must be an object with a context, got text"),
        ({"context": None}, "INVALID_CONTEXT", "context must be an object, got null"),
        ({"context": [1]}, "INVALID_CONTEXT", "context must be an object, got a list"),
        (context([]), "INVALID_CONTEXT", "targetingKey must be text, got a list"),
        (context({}), "INVALID_CONTEXT", "targetingKey must be text, got an object"),
        (context(True), "INVALID_CONTEXT", "targetingKey must be text, got a boolean"),
        (context(groups="acme"), "INVALID_CONTEXT", "groups must be an object, got text"),
        (
            context(group_properties=1),
            "INVALID_CONTEXT",
            "group_properties must be an object, got a number",
        ),
        (
            context(group_properties={"company": 1.5}),
            "INVALID_CONTEXT",
            "group_properties of 'company' must be an object, got a number",
        ),
    ],
    ids=range(16),
)
def test_a_bad_body_is_an_error_that_says_what_must_be(body, code, details):
    answer = ask(serving_flags(flag("beta")), one("beta"), body)
    assert (answer.status, answer.json) == (
        400,
        {"key": "beta", "errorCode": code, "errorDetails": details},
    )
    assert_fits(answer.json, "evaluationFailure")


@pytest.mark.parametrize(
    "attributes",
    [
        b'{"targetingKey": "\\ud800"}',
        b'{"targetingKey": NaN, "plan": NaN}',
        b'{"targetingKey": 1e999, "plan": Infinity}',
        b'{"targetingKey": "u", "plan": ' + b"9" * 5000 + b"}",
        b'{"targetingKey": "u", "device_id": [1], "groups": {"company": {"a": [null]}}}',
        b'{"targetingKey": "u", "\\u0000": {"a": {"b": [[[[1]]]]}}, "": null}',
        b'{"targetingKey": "u", "group_properties": {"company": {"plan": {}}}}',
        b'{"targetingKey": "u", "plan": ' + b"[" * 500 + b"]" * 500 + b"}",
    ],
)
def test_odd_values_are_properties_that_match_nothing(attributes):
    server = serving_flags(needing("pro", "plan"), flag("beta", share=50), complete=True)
    answer = ask(server, one("pro"), b'{"context": %b}' % attributes)
    assert answer.status in (200, 400)
    assert answer.json.get("value", False) is False
    assert ask(server, one("beta"), b'{"context": %b}' % attributes).status in (200, 400)


def test_a_body_that_is_too_large_or_packed_unknown_is_refused():
    server = serving_flags(flag("beta"), settings={"max_body": 1024})
    assert ask(server, one("beta"), context(x="y" * 2000)).status == 413
    assert ask(server, one("beta"), context(), content_encoding="br").status == 415


def test_a_content_type_does_not_matter():
    kinds = "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"
    for kind in kinds:
        found = ask(serving_flags(flag("beta")), one("beta"), context(), content_type=kind)
        assert found.status == 200


def test_before_definitions_are_loaded_the_answer_is_an_error_that_providers_read():
    answer = ask(serving(None), one("beta"), context())
    assert (answer.status, answer.headers["retry-after"]) == (500, "1")
    assert answer.json == {
        "key": "beta",
        "errorCode": "GENERAL",
        "errorDetails": "no flag definitions are loaded",
    }


def test_a_failure_of_the_server_is_an_error_without_its_words(monkeypatch, caplog):
    server = serving_flags(flag("beta"))
    monkeypatch.setattr(server.projects.only, "evaluate", lambda *_: 1 / 0)
    answer = ask(server, one("beta"), context())
    assert answer.status == 500
    assert answer.json["errorDetails"] == "the server failed; its log says why"
    assert "ZeroDivisionError" in caplog.text


def test_a_request_may_force_values_in_development_alone():
    headers = {"x_flagengine_overrides": '{"beta": false, "new": "x", "gone": null}'}
    flags = flag("beta"), flag("gone")
    server = serving_flags(*flags, settings={"is_development": True})
    found = ask(server, one("beta"), context(), **headers).json
    assert (found["value"], found["reason"], found["metadata"]) == (
        False,
        "STATIC",
        {"id": 1, "version": 3, "reason_code": "overridden"},
    )
    assert ask(server, one("new"), context(), **headers).json["value"] == "x"
    assert ask(server, one("gone"), context(), **headers).status == 404
    wrong = ask(server, one("beta"), context(), x_flagengine_overrides="beta")
    assert (wrong.status, wrong.json["errorCode"]) == (400, "GENERAL")
    assert "X-Flagengine-Overrides must be JSON" in wrong.json["errorDetails"]
    assert ask(serving_flags(*flags), one("beta"), context(), **headers).json["value"] is True


def test_another_method_is_not_answered():
    answer = ask(serving_flags(flag("beta")), one("beta"), method="GET")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")
