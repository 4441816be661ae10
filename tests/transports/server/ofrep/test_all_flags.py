"""``POST /ofrep/v1/evaluate/flags``: all flags, with an ETag over whatever the caller sees."""

from __future__ import annotations

import pytest

from .schemas import as_published, assert_fits, jsonschema
from .support import ALL, ask, context, flag, needing, serving, serving_flags, variants


def test_every_flag_has_an_item_and_those_that_are_undecided_say_why():
    server = serving_flags(
        flag("beta"),
        variants("color"),
        needing("pro", "plan"),
        flag("old", active=False),
        flag("hidden", has_encrypted_payloads=True),
        flag("internal", evaluation_runtime="server"),
    )
    answer = ask(server, ALL, context(), user_agent="Mozilla/5.0")
    assert answer.status == 200
    assert_fits(answer.json, "bulkEvaluationSuccess")
    items = {item["key"]: item for item in answer.json["flags"]}
    assert [*items] == ["beta", "color", "pro", "old"]
    assert items["beta"]["value"] is True
    assert items["color"]["value"] == "green"
    assert items["old"]["value"] is False
    assert items["pro"] == {
        "key": "pro",
        "errorCode": "INVALID_CONTEXT",
        "errorDetails": "pro needs the person property plan",
    }


def test_no_answer_with_a_value_fits_the_schema_as_it_was_published():
    """If this fails, a newer schema may need no mending."""
    document = as_published()
    schema = {
        "$ref": "#/components/schemas/serverEvaluationSuccess",
        "components": document["components"],
    }
    example = {"key": "discount-banner", "value": True, "reason": "STATIC", "variant": "enabled"}
    assert not jsonschema.Draft202012Validator(schema).is_valid(example)


def test_the_same_undecided_flag_is_rendered_again_for_another_person():
    server = serving_flags(needing("pro", "plan"), flag("beta"))
    for name in ("ada", "bob"):
        flags = ask(server, ALL, context(name)).json["flags"]
        assert [each.get("errorCode") for each in flags] == ["INVALID_CONTEXT", None]


def test_errors_name_no_flag():
    answer = ask(serving_flags(flag("beta")), ALL, b"nonsense")
    assert answer.status == 400
    assert answer.json == {"errorCode": "PARSE_ERROR", "errorDetails": "the body must be JSON"}
    assert_fits(answer.json, "bulkEvaluationFailure")
    assert ask(serving(None), ALL, context()).json["errorCode"] == "GENERAL"


def test_the_path_may_end_with_a_slash_and_begin_with_two():
    server = serving_flags(flag("beta"))
    assert ask(server, f"/{ALL}/", context()).json == ask(server, ALL, context()).json


def test_a_flag_that_gets_variants_is_text_from_then_on():
    server = serving_flags(flag("color", share=0))
    assert ask(server, ALL, context()).json["flags"][0]["value"] is False
    server.projects.only.loader.publish({"flags": [variants("color", share=0)]})
    assert "value" not in ask(server, ALL, context()).json["flags"][0]


# The ETag.


def test_an_unchanged_answer_is_304_without_a_body():
    server = serving_flags(flag("beta"))
    first = ask(server, ALL, context())
    etag = first.headers["etag"]
    assert etag.startswith('"')
    assert etag.endswith('"')
    origin = {"origin": "https://shop.example"}
    second = ask(server, ALL, context(), if_none_match=etag, **origin)
    assert (second.status, second.body, second.headers["etag"]) == (304, b"", etag)
    assert second.headers["access-control-allow-origin"] == "https://shop.example"
    assert "ETag" in second.headers["access-control-expose-headers"]
    assert "content-type" not in second.headers


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_the_etag_is_read_as_proxies_leave_it(form):
    server = serving_flags(flag("beta"))
    etag = ask(server, ALL, context()).headers["etag"]
    named = form.format(etag)
    assert ask(server, ALL, context(), if_none_match=named).status == 304
    bare = etag.strip('"')
    assert ask(server, ALL, context(), if_none_match=bare).status == 304


def test_another_answer_for_another_context_is_sent():
    """A web provider keeps its ETag when an attribute other than the targeting key changes."""
    server = serving_flags(needing("pro", "plan"))
    etag = ask(server, ALL, context(plan="free")).headers["etag"]
    answer = ask(server, ALL, context(plan="pro"), if_none_match=etag)
    assert (answer.status, answer.json["flags"][0]["value"]) == (200, True)


def test_definitions_that_change_nothing_for_a_person_are_no_news():
    before = serving_flags(needing("pro", "plan"))
    after = serving_flags(needing("pro", "plan", ["pro", "team"]))
    etag = ask(before, ALL, context(plan="pro")).headers["etag"]
    assert ask(after, ALL, context(plan="pro"), if_none_match=etag).status == 304
    assert ask(after, ALL, context(plan="team"), if_none_match=etag).status == 304
    etag = ask(before, ALL, context(plan="team")).headers["etag"]
    assert ask(after, ALL, context(plan="team"), if_none_match=etag).status == 200


def test_after_an_event_about_other_definitions_the_flags_are_sent_whatever_the_caller_has():
    server = serving_flags(flag("beta"))
    etag = ask(server, ALL, context()).headers["etag"]
    other = ask(server, ALL, context(), query="flagConfigEtag=other", if_none_match=etag)
    assert other.status == 200
    for query in ("flagConfigEtag=", "flagConfigLastModified=1771622898", "tenant=7"):
        assert ask(server, ALL, context(), query=query, if_none_match=etag).status == 304


# Streams.


def test_the_answer_names_the_stream_by_the_project_key():
    server = serving({"flags": []}, project_key="phc_a b&c", secret_keys=("phs_hidden_hidden",))
    answer = ask(server, ALL, context(), authorization="Bearer phs_hidden_hidden")
    assert b"phs_" not in answer.body
    (stream,) = answer.json["eventStreams"]
    assert stream == {
        "type": "sse",
        "endpoint": {"requestUri": "/ofrep/v1/events?token=phc_a%20b%26c"},
        "inactivityDelaySec": 120,
    }


def test_the_stream_is_below_the_path_that_the_server_is_mounted_under():
    server = serving({"flags": []}, settings={"prefix": "/ph"})
    mounted = serving({"flags": []})
    for answer in (
        ask(server, f"/ph{ALL}", context()),
        ask(mounted, f"/ph{ALL}", context(), root_path="/ph"),
    ):
        (stream,) = answer.json["eventStreams"]
        assert stream["endpoint"]["requestUri"] == "/ph/ofrep/v1/events"
