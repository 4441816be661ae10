"""Which project a key names, and what is refused. No answer repeats a key."""

from __future__ import annotations

import pytest

from flagengine.transports.clock import ManualClock

from .support import ALL, ask, context, flag, one, serving, serving_flags

SECRET = "phs_secret_of_the_shop"
PATHS = [ALL, one("beta")]
both = pytest.mark.parametrize("path", PATHS)


def two():
    return serving({"flags": [flag("beta")]}, {"flags": [flag("beta", share=0)]})


def value(answer):
    return answer.json.get("value", answer.json.get("flags", [{}])[0].get("value"))


@both
def test_a_project_for_development_needs_no_key_and_takes_any(path):
    server = serving_flags(flag("beta"))
    for headers in ({}, {"x_api_key": "any"}, {"authorization": "Bearer any"}):
        assert value(ask(server, path, context(), **headers)) is True


@both
@pytest.mark.parametrize("name", ["x_api_key", "authorization"])
def test_the_project_key_names_one_of_several_projects(path, name):
    kind = "Bearer " if name == "authorization" else ""
    server = two()
    assert value(ask(server, path, context(), **{name: f"{kind}phc_0"})) is True
    assert value(ask(server, path, context(), **{name: f"{kind}phc_1"})) is False


@both
def test_a_secret_key_names_its_project_as_well(path):
    server = serving({"flags": [flag("beta")]}, project_key="phc_shop", secret_keys=(SECRET,))
    assert value(ask(server, path, context(), x_api_key=SECRET)) is True


@both
def test_without_a_key_or_with_a_wrong_key_nothing_is_told(path):
    for server in (two(), serving_flags(flag("beta"), project_key="phc_shop")):
        for headers in ({}, {"authorization": "Basic phc_shop"}):
            answer = ask(server, path, context(), **headers)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert "X-API-Key" in answer.json["errorDetails"]
        answer = ask(server, path, context(), x_api_key="phc_wrong\xff")
        assert answer.status == 401
        assert answer.json["errorDetails"] == "the key names no project of this server"


@both
def test_a_key_in_the_query_counts_for_streams_alone(path):
    server = serving_flags(flag("beta"), project_key="phc_shop")
    assert ask(server, path, context(), query="token=phc_shop").status == 401


@both
def test_beyond_the_limit_the_wait_is_whole_seconds(path):
    server = serving_flags(flag("beta"), requests_per_second=0.5, clock=ManualClock())
    assert ask(server, path, context()).status == 200
    answer = ask(server, path, context())
    assert (answer.status, answer.headers["retry-after"]) == (429, "2")
    assert answer.json["errorCode"] == "GENERAL"


@both
def test_a_browser_may_send_what_its_provider_sends(path):
    asked = "content-type, if-none-match, x-api-key"
    answer = ask(
        serving_flags(flag("beta")),
        path,
        method="OPTIONS",
        origin="https://shop.example",
        access_control_request_method="POST",
        access_control_request_headers=asked,
    )
    assert answer.status == 204
    assert answer.headers["access-control-allow-headers"] == asked
    assert "POST" in answer.headers["access-control-allow-methods"]
