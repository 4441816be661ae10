"""The WSGI middleware behind the standard library's server."""

from __future__ import annotations

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from socketserver import ThreadingMixIn
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer, make_server

import pytest

from flagengine.transports.context import current
from flagengine.transports.context.wsgi import WSGIMiddleware

from .recording import RecordingClient

pytestmark = pytest.mark.contract("tracing-headers")
HEADERS = {"X-POSTHOG-DISTINCT-ID": "user-123", "x-posthog-session-id": "session-123"}


@pytest.fixture
def client():
    return RecordingClient()


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_args):
        pass


@pytest.fixture
def serve(monkeypatch):
    """Serve an application; return a function that makes requests."""
    monkeypatch.setattr(ServerHandler, "log_exception", lambda *_: None)
    servers = []

    def start(app):
        server = make_server("127.0.0.1", 0, app, ThreadingServer, QuietHandler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return lambda path="/", headers=None: ask(server.server_port, path, headers or {})

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(port, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def app_that(work):
    def app(_environ, start_response):
        work()
        start_response("200 OK", [])
        return [b"done"]

    return app


def test_an_event_of_a_request_has_the_ids_of_its_headers(client, serve):
    ask = serve(WSGIMiddleware(app_that(lambda: client.capture("Backend Work")), client))
    assert ask("/cart?page=2", {**HEADERS, "User-Agent": "curl/8"}) == (200, b"done")
    (event, user, properties) = client.events[0]
    assert (event, user) == ("Backend Work", "user-123")
    assert properties.pop("$current_url").endswith("/cart?page=2")
    assert properties == {
        "$session_id": "session-123",
        "$request_method": "GET",
        "$request_path": "/cart",
        "$ip": "127.0.0.1",
        "$user_agent": "curl/8",
        "$raw_user_agent": "curl/8",
    }
    assert current() is None


def test_explicit_values_beat_the_headers(client, serve):
    def work():
        client.capture("Work", distinct_id="explicit", properties={"$session_id": "own"})

    serve(WSGIMiddleware(app_that(work), client))(headers=HEADERS)
    (_, user, properties) = client.events[0]
    assert (user, properties["$session_id"]) == ("explicit", "own")


def test_a_request_without_an_id_is_personless_and_keeps_its_session(client, serve):
    ask = serve(WSGIMiddleware(app_that(lambda: client.capture("Work")), client))
    ask(headers={"X-POSTHOG-SESSION-ID": "session-123"})
    (_, user, properties) = client.events[0]
    assert user == "generated"
    assert properties["$session_id"] == "session-123"
    assert properties["$process_person_profile"] is False


def test_flags_without_an_id_are_none_and_nothing_is_requested(client, serve):
    answers = []
    ask = serve(WSGIMiddleware(app_that(lambda: answers.append(client.evaluate_flags())), client))
    ask(headers={"X-POSTHOG-SESSION-ID": "session-123"})
    assert answers == [{}]
    assert client.requests == 0
    assert client.events == []


def test_values_of_headers_are_sanitised(client, serve):
    ask = serve(WSGIMiddleware(app_that(lambda: client.capture("Sanitized Work")), client))
    ask(headers={"X-POSTHOG-DISTINCT-ID": "  us\x01er\x7f  ", "X-POSTHOG-SESSION-ID": " \x02 "})
    (_, user, properties) = client.events[0]
    assert user == "user"
    assert "$session_id" not in properties


def test_concurrent_requests_do_not_see_each_other(client, serve):
    barrier = threading.Barrier(4)

    def work():
        barrier.wait(timeout=10)
        client.capture("Work")

    ask = serve(WSGIMiddleware(app_that(work), client))
    with ThreadPoolExecutor(4) as pool:
        for number in range(4):
            headers = {"X-POSTHOG-DISTINCT-ID": f"u{number}", "X-POSTHOG-SESSION-ID": f"s{number}"}
            pool.submit(ask, "/", headers)
    assert {(user, p["$session_id"]) for _, user, p in client.events} == {
        (f"u{number}", f"s{number}") for number in range(4)
    }


def test_what_escapes_is_reported_unhandled_and_goes_on_to_the_server(client, serve):
    def app(_environ, _start_response):
        raise ValueError("boom")

    status, _ = serve(WSGIMiddleware(app, client))(headers=HEADERS)
    assert status == 500
    assert client.reported == [
        ("ValueError('boom')", "user-123", "wsgi.middleware", False, {}),
    ]
    assert client.exceptions[0][2]["mechanism_type"] == "middleware"
