"""The WSGI middleware called as by a server: streams, failures, the application's callbacks."""

from __future__ import annotations

from io import BytesIO
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest

from flagengine.transports.context import current
from flagengine.transports.context.wsgi import WSGIMiddleware
from flagengine.transports.exceptions import ReportingPolicy

from .recording import RecordingClient

pytestmark = pytest.mark.contract("tracing-headers")


@pytest.fixture
def client():
    return RecordingClient()


def app_that(work):
    def app(_environ, start_response):
        work()
        start_response("200 OK", [])
        return [b"done"]

    return app


def call(app, **environ):
    setup_testing_defaults(environ)
    return app(environ, lambda *_: None)


def test_a_streamed_response_is_made_and_closed_in_its_context(client):
    class Pieces:
        def __iter__(self):
            yield from (current().distinct_id.encode() for _ in range(2))

        def close(self):
            client.capture("closed")

    response = call(
        WSGIMiddleware(lambda *_: Pieces(), client), HTTP_X_POSTHOG_DISTINCT_ID="user-123"
    )
    assert current() is None
    assert list(response) == [b"user-123"] * 2
    response.close()
    assert [user for _, user, _ in client.events] == ["user-123"]
    assert current() is None


def test_what_a_streamed_response_raises_is_reported_with_the_status(client):
    def app(_environ, start_response):
        start_response("206 Partial Content", [])
        yield b"some"
        raise ValueError("boom")

    response = call(WSGIMiddleware(app, client), HTTP_X_POSTHOG_DISTINCT_ID="u")
    assert next(response) == b"some"
    with pytest.raises(ValueError, match="boom"):
        next(response)
    assert client.reported == [
        (
            "ValueError('boom')",
            "u",
            "wsgi.middleware",
            False,
            {"$response_status_code": 206},
        )
    ]


def test_nothing_is_reported_unless_wanted(client):
    def app(*_):
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        call(WSGIMiddleware(app, client, capture_exceptions=False))
    assert client.exceptions == []


def test_an_exit_is_not_reported(client):
    def app(*_):
        raise SystemExit

    with pytest.raises(SystemExit):
        call(WSGIMiddleware(app, client))
    assert client.exceptions == []


def test_finished_bodies_and_files_reach_the_server_as_they_are(client):
    body, file = [b"x"], FileWrapper(BytesIO(b"x"))
    assert call(WSGIMiddleware(lambda *_: body, client)) is body
    served = call(WSGIMiddleware(lambda *_: file, client), **{"wsgi.file_wrapper": FileWrapper})
    assert served is file


def test_the_application_names_its_user_and_tags_and_may_fail_at_it(client):
    app = WSGIMiddleware(
        app_that(lambda: client.capture("Work")),
        client,
        identify=lambda environ: environ["REMOTE_USER"],
        tags=lambda _: {"tenant": 7},
    )
    call(app, REMOTE_USER="known", HTTP_X_POSTHOG_DISTINCT_ID="claimed")
    call(app, HTTP_X_POSTHOG_DISTINCT_ID="claimed")
    assert [user for _, user, _ in client.events] == ["known", "claimed"]
    assert client.events[0][2]["tenant"] == 7


def test_text_of_headers_and_paths_is_read_as_utf8_and_odd_environments_do_no_harm(client):
    latin = "zoë".encode().decode("latin-1")
    app = WSGIMiddleware(app_that(lambda: client.capture("Work")), client)
    call(app, HTTP_X_POSTHOG_DISTINCT_ID=latin, PATH_INFO="/" + latin)
    assert client.events[0][1] == "zoë"
    assert client.events[0][2]["$request_path"] == "/zoë"
    app({}, lambda *_: None)
    assert client.events[1][1] == "generated"
    call(app, HTTP_X_POSTHOG_DISTINCT_ID="\u20ac", PATH_INFO="/\xff")
    assert client.events[2][1] == "\u20ac"
    assert client.events[2][2]["$request_path"] == "/\xff"


def test_a_client_that_fails_to_report_does_not_replace_the_exception(client, caplog):
    def app(*_):
        raise ValueError("boom")

    client.capture_exception = lambda *_args, **_options: 1 / 0
    with pytest.raises(ValueError, match="boom"):
        call(WSGIMiddleware(app, client))
    assert "Could not report" in caplog.text


def test_a_streamed_response_without_an_end_of_its_own_can_be_closed(client):
    response = call(WSGIMiddleware(lambda *_: iter([b"x"]), client))
    assert list(response) == [b"x"]
    response.close()


@pytest.mark.parametrize(
    ("error", "reports"),
    [(SystemExit(1), 1), (KeyboardInterrupt(), 0), (StopIteration(), 1), (GeneratorExit(), 0)],
    ids=repr,
)
def test_what_leaves_an_application_is_reported_if_it_is_a_failure(client, error, reports):
    def app(*_):
        raise error

    with pytest.raises(type(error)):
        call(WSGIMiddleware(app, client))
    assert len(client.exceptions) == reports


def test_what_the_end_of_a_response_raises_is_reported(client):
    class Response:
        def __iter__(self):
            return iter(())

        def close(self):
            raise ValueError("close")

    response = call(WSGIMiddleware(lambda *_: Response(), client))
    assert list(response) == []
    with pytest.raises(ValueError, match="close"):
        response.close()
    assert len(client.exceptions) == 1


def test_the_clients_policy_decides(client):
    client.exception_policy = ReportingPolicy(ignored=("ValueError",), reported=("SystemExit",))
    for error, reports in ((ValueError(), 0), (SystemExit(0), 1)):

        def app(*_, error=error):
            raise error

        with pytest.raises(type(error)):
            call(WSGIMiddleware(app, client))
        assert len(client.exceptions) == reports
