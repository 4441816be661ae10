"""Flask applications with the real client."""

from __future__ import annotations

import pytest

from flagengine.transports import Client, MemorySink
from flagengine.transports.context import current
from flagengine.transports.context.flask import wrap_flask

flask = pytest.importorskip("flask", reason="needs Flask, of the extra `test`")

pytestmark = pytest.mark.contract("tracing-headers", "exception-event-metadata")
HEADERS = {"X-POSTHOG-DISTINCT-ID": "user-123"}


@pytest.fixture
def sink():
    return MemorySink()


@pytest.fixture
def client(sink):
    with Client("phc_key", sink=sink) as made:
        yield made


def application(client, **options):
    app = flask.Flask("shop")

    @app.get("/work")
    def work():
        client.capture("Work")
        return current().distinct_id

    @app.get("/fail")
    def fail():
        raise ValueError("boom")

    @app.get("/missing")
    def missing():
        flask.abort(404)

    wrap_flask(app, client, **options)
    return app


def captured(client, sink):
    client.flush()
    return [event.decoded() for event in sink.events]


def test_a_view_runs_in_the_context_of_its_request(client, sink):
    assert application(client).test_client().get("/work", headers=HEADERS).text == "user-123"
    (event,) = captured(client, sink)
    assert event["distinct_id"] == "user-123"
    assert event["properties"]["$request_path"] == "/work"


@pytest.mark.parametrize("propagates", [False, True])
def test_what_a_view_raises_is_reported_once_whether_flask_answers_it_or_not(
    client, sink, propagates
):
    app = application(client)
    app.config["PROPAGATE_EXCEPTIONS"] = propagates
    asked = app.test_client()
    if propagates:
        with pytest.raises(ValueError, match="boom"):
            asked.get("/fail", headers=HEADERS)
    else:
        assert asked.get("/fail", headers=HEADERS).status_code == 500
    (event,) = captured(client, sink)
    properties = event["properties"]
    assert event["distinct_id"] == "user-123"
    assert properties["$exception_source"] == "flask.got_request_exception"
    assert properties["$response_status_code"] == 500
    mechanism = properties["$exception_list"][0]["mechanism"]
    assert (mechanism["type"], mechanism["handled"]) == ("middleware", False)


def test_an_answer_below_500_is_no_failure(client, sink):
    assert application(client).test_client().get("/missing").status_code == 404
    assert captured(client, sink) == []


def test_nothing_is_reported_unless_wanted(client, sink):
    app = application(client, capture_exceptions=False)
    assert app.test_client().get("/fail").status_code == 500
    assert captured(client, sink) == []
