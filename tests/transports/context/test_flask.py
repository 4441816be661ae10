"""Flask applications with the real client."""

from __future__ import annotations

import pytest

from flagengine.transports import Client, MemorySink
from flagengine.transports.context import current
from flagengine.transports.context.flask import wrap_flask

flask = pytest.importorskip("flask", reason="needs Flask, of the group `test`")

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


def broken(client, where):
    """Return an application that fails at one place."""
    app = flask.Flask("shop")

    def fail(*_):
        raise ValueError("boom")

    @app.get("/work")
    def work():
        if where == "error handler":
            raise KeyError
        if where == "stream":
            return flask.Response(pieces())
        return "done"

    def pieces():
        yield "some"
        raise ValueError("boom")

    if where == "before_request":
        app.before_request(fail)
    elif where == "after_request":
        app.after_request(fail)
    elif where == "teardown_request":
        app.teardown_request(fail)
    elif where == "error handler":
        app.register_error_handler(KeyError, fail)
    wrap_flask(app, client)
    return app


@pytest.mark.parametrize("where", ["before_request", "after_request", "error handler"])
def test_what_fails_around_a_view_is_reported_once(client, sink, where):
    asked = broken(client, where).test_client()
    assert asked.get("/work", headers=HEADERS).status_code == 500
    (event,) = captured(client, sink)
    assert event["distinct_id"] == "user-123"
    assert event["properties"]["$exception_type"] == "ValueError"


@pytest.mark.parametrize("where", ["teardown_request", "stream"])
def test_what_fails_behind_flask_is_reported_once_by_the_wsgi_middleware(client, sink, where):
    asked = broken(client, where).test_client()
    with pytest.raises(ValueError, match="boom"):
        asked.get("/work", headers=HEADERS, buffered=True)
    (event,) = captured(client, sink)
    assert event["properties"]["$exception_source"] == "wsgi.middleware"


def test_what_flask_answers_with_500_is_a_failure_whatever_it_is(client, sink):
    app = flask.Flask("shop")

    @app.get("/work")
    def work():
        return next(iter(()))

    @app.after_request
    def missing(_response):
        flask.abort(404)

    wrap_flask(app, client)
    assert app.test_client().get("/work").status_code == 500
    assert [event["event"] for event in captured(client, sink)] == ["$exception"]


def test_an_asynchronous_callback_is_refused(client):
    async def identify(_environ):
        return "u"

    with pytest.raises(TypeError, match=r"WSGIMiddleware\.identify must be a plain function"):
        wrap_flask(flask.Flask("shop"), client, identify=identify)
