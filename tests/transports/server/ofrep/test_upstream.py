"""Flags that only PostHog's server decides are asked for there, in one request."""

from __future__ import annotations

import json

import pytest

from flagengine.transports.errors import RequestError
from flagengine.transports.http.base import Response
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.server.settings import UpstreamSettings

from .support import ALL, ask, context, flag, needing, one, serving_flags

STICKY = flag("sticky", share=50, ensure_experience_continuity=True)


def answering(**flags):
    records = {
        key: {
            "key": key,
            "enabled": bool(value),
            "variant": value if isinstance(value, str) else None,
            "reason": {"code": "condition_match", "condition_index": 0, "description": ""},
            "metadata": {"id": 9, "version": 2, "payload": '"hi"'},
        }
        for key, value in flags.items()
    }
    body = {"flags": records, "errorsWhileComputingFlags": False, "requestId": "r"}
    return MemoryTransport(default=Response(200, body=json.dumps(body).encode()))


def relay(transport, *flags):
    upstream = UpstreamSettings(host="https://posthog.example")
    return serving_flags(*flags, transport=transport, project_key="phc_shop", upstream=upstream)


def sent(transport):
    (request,) = transport.requests
    return json.loads(request.body)


def test_an_undecided_flag_has_the_answer_of_the_server():
    transport = answering(sticky="green")
    server = relay(transport, STICKY, flag("beta"))
    answer = ask(server, one("sticky"), context(plan="pro"), x_api_key="phc_shop").json
    assert (answer["value"], answer["reason"]) == ("green", "SPLIT")
    assert answer["metadata"]["payload"] == '"hi"'
    body = sent(transport)
    assert body["distinct_id"] == "user-1"
    assert body["person_properties"] == {"plan": "pro"}
    assert body["flag_keys_to_evaluate"] == ["sticky"]
    assert body["geoip_disable"] is True  # the address is that of the application's server


def test_all_undecided_flags_are_asked_for_together_with_the_address_of_the_person():
    transport = answering(sticky=True, pro=False)
    server = relay(transport, STICKY, needing("pro", "plan"), flag("beta"))
    groups = {"groups": {"company": "acme"}, "group_properties": {"company": {"plan": "x"}}}
    answer = ask(server, ALL, context(device_id="d", **groups), x_api_key="phc_shop").json
    values = {item["key"]: item["value"] for item in answer["flags"]}
    assert values == {"sticky": True, "pro": False, "beta": True}
    body = sent(transport)
    assert (body["groups"], body["group_properties"]) == (*groups.values(),)
    assert body["device_id"] == "d"
    assert "geoip_disable" not in body
    assert transport.requests[0].headers["X-Forwarded-For"] == "192.0.2.7"


def test_decided_flags_and_nobody_are_not_asked_for():
    transport = answering()
    server = relay(transport, STICKY, flag("beta"))
    assert ask(server, one("beta"), context(), x_api_key="phc_shop").status == 200
    assert ask(server, one("sticky"), context(None), x_api_key="phc_shop").status == 400
    assert ask(server, one("gone"), context(), x_api_key="phc_shop").status == 404
    assert transport.requests == []


@pytest.mark.parametrize(
    "play", [Response(500), RequestError("no route"), Response(200, body=b"?")]
)
def test_while_the_server_fails_the_flag_is_an_error_and_the_others_have_values(play):
    server = relay(MemoryTransport(default=play), STICKY, flag("beta"))
    answer = ask(server, one("sticky"), context(), x_api_key="phc_shop")
    assert (answer.status, answer.json["errorCode"]) == (400, "GENERAL")
    flags = ask(server, ALL, context(), x_api_key="phc_shop").json["flags"]
    assert [each.get("value") for each in flags] == [None, True]


def test_a_failure_while_waiting_is_an_error_that_providers_read(monkeypatch, caplog):
    server = relay(answering(), STICKY)
    upstream = server.upstreams["p0"]

    async def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(upstream, "answers", fail)
    answer = ask(server, one("sticky"), context(), x_api_key="phc_shop")
    assert (answer.status, answer.json["key"]) == (500, "sticky")
    assert "ZeroDivisionError" in caplog.text
