"""Requests through the middleware with the real client, and the events in its queue."""

from __future__ import annotations

import asyncio
from wsgiref.util import setup_testing_defaults

import pytest

from flagengine.transports import Client, MemorySink
from flagengine.transports.context.asgi import ASGIMiddleware
from flagengine.transports.context.tasks import task_context, to_headers
from flagengine.transports.context.wsgi import WSGIMiddleware
from flagengine.transports.http.memory import MemoryTransport


class Bench:
    """A client without a network, with the events that it queued."""

    def __init__(self, **options):
        self.sink, self.transport = MemorySink(), MemoryTransport()
        self.client = Client("phc_key", sink=self.sink, transport=self.transport, **options)

    def events(self):
        self.client.flush()
        return [event.decoded() for event in self.sink.events]

    def serve(self, work, **headers):
        def app(_environ, start_response):
            work()
            start_response("200 OK", [])
            return [b""]

        environ = {f"HTTP_X_POSTHOG_{name.upper()}": value for name, value in headers.items()}
        setup_testing_defaults(environ)
        return WSGIMiddleware(app, self.client)(environ, lambda *_: None)


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.client.shutdown()


@pytest.mark.contract("tracing-headers")
def test_the_ids_of_the_headers_are_the_events(bench):
    work = lambda: bench.client.capture("Backend Work")  # noqa: E731
    bench.serve(work, distinct_id="user-123", session_id="session-123")
    (event,) = bench.events()
    assert (event["event"], event["distinct_id"]) == ("Backend Work", "user-123")
    assert event["properties"]["$session_id"] == "session-123"
    assert event["properties"]["$request_method"] == "GET"


@pytest.mark.contract("tracing-headers")
def test_explicit_values_beat_the_headers(bench):
    def work():
        bench.client.capture(
            "Work", distinct_id="explicit", properties={"$session_id": "explicit-session"}
        )

    bench.serve(work, distinct_id="header-user", session_id="header-session")
    (event,) = bench.events()
    assert event["distinct_id"] == "explicit"
    assert event["properties"]["$session_id"] == "explicit-session"


@pytest.mark.contract("tracing-headers")
def test_without_an_id_the_event_is_personless_with_its_session(bench):
    bench.serve(lambda: bench.client.capture("Work"), session_id="session-123")
    (event,) = bench.events()
    assert event["distinct_id"]
    assert event["properties"]["$session_id"] == "session-123"
    assert event["properties"]["$process_person_profile"] is False


@pytest.mark.contract("tracing-headers", "evaluate-flags")
def test_without_an_id_flags_are_empty_and_nothing_is_requested(bench):
    seen = []
    bench.serve(lambda: seen.append(bench.client.evaluate_flags()), session_id="session-123")
    assert seen[0].is_enabled("beta") is False
    assert len(seen[0]) == 0
    assert bench.events() == []
    assert bench.transport.requests == []


@pytest.mark.contract("tracing-headers")
def test_header_values_are_sanitised(bench):
    work = lambda: bench.client.capture("Sanitized Work")  # noqa: E731
    bench.serve(work, distinct_id=" us\x00er-1\t", session_id="\x01 \x02")
    (event,) = bench.events()
    assert event["distinct_id"] == "user-1"
    assert "$session_id" not in event["properties"]


@pytest.mark.contract("exception-event-metadata", "capture-exception")
def test_what_escapes_a_request_is_one_unhandled_event_with_its_context(bench):
    def work():
        with bench.client.context(properties={"step": "pay"}, capture_exceptions=False):
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        bench.serve(work, distinct_id="user-123")
    (event,) = bench.events()
    assert (event["event"], event["distinct_id"]) == ("$exception", "user-123")
    properties = event["properties"]
    assert properties["$exception_source"] == "wsgi.middleware"
    assert properties["$exception_level"] == "error"
    assert (properties["$exception_type"], properties["$exception_message"]) == (
        "ValueError",
        "boom",
    )
    mechanism = properties["$exception_list"][0]["mechanism"]
    assert (mechanism["type"], mechanism["handled"]) == ("middleware", False)
    frames = properties["$exception_list"][0]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "work"


@pytest.mark.contract("capture-exception")
def test_an_exception_that_was_captured_inside_is_not_captured_again_outside(bench):
    def work():
        with bench.client.context(capture_exceptions=True):
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        bench.serve(work)
    assert len(bench.events()) == 1


@pytest.mark.contract("exception-event-metadata")
def test_the_same_goes_for_asgi(bench):
    async def app(*_):
        raise ValueError("boom")

    scope = {"type": "http", "headers": [(b"x-posthog-distinct-id", b"u1")]}
    with pytest.raises(ValueError, match="boom"):
        asyncio.run(ASGIMiddleware(app, bench.client)(scope, None, None))
    (event,) = bench.events()
    assert event["distinct_id"] == "u1"
    assert event["properties"]["$exception_source"] == "asgi.middleware"


@pytest.mark.contract("exception-event-metadata")
def test_a_failing_task_is_an_unhandled_event_of_who_sent_it(bench):
    with bench.client.context(distinct_id="u1", properties={"plan": "pro"}):
        headers = to_headers()
    with (
        pytest.raises(ValueError, match="boom"),
        task_context(headers, bench.client, source="celery.task_failure"),
    ):
        raise ValueError("boom")
    (event,) = bench.events()
    assert event["distinct_id"] == "u1"
    assert event["properties"]["plan"] == "pro"
    assert event["properties"]["$exception_source"] == "celery.task_failure"
    assert event["properties"]["$exception_list"][0]["mechanism"]["type"] == "task"


@pytest.mark.contract("capture-exception")
@pytest.mark.parametrize("given", [{"odd": 1}, "text", object(), 7])
def test_what_is_no_exception_is_one_event_with_a_message(bench, given):
    bench.client.capture_exception(given, "u1", {"area": "checkout", "$exception_level": "log"})
    (event,) = bench.events()
    assert event["properties"]["area"] == "checkout"
    assert event["properties"]["$exception_level"] == "error"
    assert isinstance(event["properties"]["$exception_message"], str)


@pytest.mark.contract("exception-event-metadata")
def test_keys_are_in_no_part_of_the_event(bench):
    def crash(api_key):
        client = {"secret_key": api_key}
        raise ValueError(f"refused: {api_key} of {len(client)}")

    bench = Bench(capture_exception_code_variables=True)
    try:
        crash("phx_verysecret123")
    except ValueError as error:
        bench.client.capture_exception(error, "u1")
    text = repr(bench.events())
    bench.client.shutdown()
    assert "'api_key': '***'" in text
    assert "verysecret" not in text
