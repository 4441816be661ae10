"""The ASGI middleware, called as by a server."""

from __future__ import annotations

import asyncio

import pytest

from flagengine.transports.context import current
from flagengine.transports.context.asgi import ASGIMiddleware

from .recording import RecordingClient

pytestmark = pytest.mark.contract("tracing-headers")
HEADERS = [(b"x-posthog-distinct-id", b"user-123"), (b"x-posthog-session-id", b"session-123")]


@pytest.fixture
def client():
    return RecordingClient()


def scope_of(**fields):
    return {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "path": "/cart",
        "query_string": b"page=2",
        "headers": [(b"host", b"shop.example"), *HEADERS],
        "client": ("203.0.113.9", 4711),
        "server": ("10.0.0.1", 8000),
        **fields,
    }


async def served(app, **fields):
    sent = []

    async def send(message):
        sent.append(message["type"])

    async def receive():
        return {"type": "http.request"}

    await app(scope_of(**fields), receive, send)
    return sent


def app_that(work):
    async def app(_scope, _receive, send):
        await asyncio.sleep(0)
        work()
        await send({"type": "http.response.start", "status": 201})
        await send({"type": "http.response.body", "body": b""})

    return app


def test_an_event_of_a_request_has_the_ids_of_its_headers(client):
    app = ASGIMiddleware(app_that(lambda: client.capture("Work")), client)
    assert asyncio.run(served(app)) == ["http.response.start", "http.response.body"]
    (_, user, properties) = client.events[0]
    assert user == "user-123"
    assert properties == {
        "$session_id": "session-123",
        "$request_method": "GET",
        "$request_path": "/cart",
        "$current_url": "https://shop.example/cart?page=2",
        "$ip": "203.0.113.9",
    }


def test_concurrent_requests_do_not_see_each_other_and_tasks_see_their_own(client):
    async def app(_scope, _receive, _send):
        await asyncio.gather(*(asyncio.create_task(child()) for _ in range(2)))

    async def child():
        await asyncio.sleep(0)
        client.capture("Work")

    async def all_of_them():
        wrapped = ASGIMiddleware(app, client)
        await asyncio.gather(
            *(
                served(wrapped, headers=[(b"X-PostHog-Distinct-Id", f"u{number}".encode())])
                for number in range(10)
            )
        )
        assert current() is None

    asyncio.run(all_of_them())
    assert sorted(user for _, user, _ in client.events) == sorted(
        f"u{number}" for number in range(10) for _ in range(2)
    )


def test_what_escapes_is_reported_unhandled_and_goes_on(client):
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200})
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        asyncio.run(served(ASGIMiddleware(app, client)))
    assert client.reported == [
        (
            "ValueError('boom')",
            "user-123",
            "asgi.middleware",
            False,
            {"$response_status_code": 200},
        )
    ]


def test_a_client_that_went_away_is_no_failure(client):
    async def app(*_):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(served(ASGIMiddleware(app, client)))
    assert client.exceptions == []


def test_websockets_have_a_context_and_the_lifespan_has_none(client):
    seen = []

    async def app(scope, _receive, _send):
        seen.append((scope["type"], current() and current().distinct_id))

    wrapped = ASGIMiddleware(app, client)
    asyncio.run(served(wrapped, type="websocket"))
    asyncio.run(served(wrapped, type="lifespan"))
    assert seen == [("websocket", "user-123"), ("lifespan", None)]


def test_nothing_is_reported_unless_wanted_and_the_user_may_be_named(client):
    def work():
        client.capture("Work")
        raise ValueError("boom")

    app = ASGIMiddleware(
        app_that(work), client, capture_exceptions=False, identify=lambda scope: scope["user"]
    )
    with pytest.raises(ValueError, match="boom"):
        asyncio.run(served(app, user="known"))
    assert client.exceptions == []
    assert client.events[0][1] == "known"


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"headers": []}, "https://10.0.0.1:8000/cart?page=2"),
        ({"headers": [], "server": ("/run/app.sock", None)}, "https:///run/app.sock/cart?page=2"),
        ({"headers": [], "server": None}, None),
        ({"headers": [], "server": ("h",)}, "https://h/cart?page=2"),
        ({"headers": [], "server": ["h", 81, 0]}, "https://h:81/cart?page=2"),
        ({"headers": [], "server": ()}, None),
        ({"headers": [], "server": (None, 80)}, None),
        ({"headers": [], "server": "h:80"}, None),
        ({"client": ("203.0.113.9",)}, "https://shop.example/cart?page=2"),
        ({"client": 5, "query_string": "page=3"}, "https://shop.example/cart?page=3"),
        ({"query_string": b"", "scheme": None}, "http://shop.example/cart"),
    ],
)
def test_the_url_is_put_together_from_what_is_there(client, fields, url):
    app = ASGIMiddleware(app_that(lambda: client.capture("Work")), client)
    asyncio.run(served(app, **fields))
    assert client.events[0][2].get("$current_url") == url


def failing(error, *, when="at once"):
    async def app(_scope, receive, send):
        if when != "at once":
            await receive()
            await send({"type": "lifespan.startup.failed"})
        raise error

    return app


@pytest.mark.parametrize(("when", "reports"), [("at once", 0), ("in the start-up", 1)])
def test_a_failing_lifespan_is_reported_if_the_application_has_one(client, when, reports):
    app = ASGIMiddleware(failing(ValueError("boom"), when=when), client)
    with pytest.raises(ValueError, match="boom"):
        asyncio.run(served(app, type="lifespan"))
    assert len(client.exceptions) == reports


@pytest.mark.parametrize("scope_type", ["http", "websocket"])
def test_what_fails_after_the_response_or_in_a_websocket_is_reported(client, scope_type):
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b""})
        raise ValueError("in the background")

    with pytest.raises(ValueError, match="background"):
        asyncio.run(served(ASGIMiddleware(app, client), type=scope_type))
    assert len(client.exceptions) == 1


@pytest.mark.parametrize(
    ("error", "reports"),
    [
        (asyncio.CancelledError(), 0),
        (BaseExceptionGroup("tasks", [asyncio.CancelledError()]), 0),
        (ExceptionGroup("tasks", [ValueError()]), 1),
        (SystemExit(0), 0),
        (SystemExit(3), 1),
        (
            type(
                "HTTPException",
                (Exception,),
                {"__module__": "starlette.exceptions", "status_code": 404},
            )(),
            0,
        ),
        (
            type(
                "HTTPException",
                (Exception,),
                {"__module__": "starlette.exceptions", "status_code": 503},
            )(),
            1,
        ),
    ],
    ids=repr,
)
def test_only_failures_are_reported(client, error, reports):
    with pytest.raises(type(error)):
        asyncio.run(served(ASGIMiddleware(failing(error), client)))
    assert len(client.exceptions) == reports


@pytest.mark.parametrize("function", ["receive", "send"])
def test_a_client_that_left_is_no_failure_but_a_lost_database_is(client, function):
    async def left(*_):
        raise ConnectionResetError

    async def app(_scope, receive, send):
        await (receive() if function == "receive" else send({"type": "http.response.body"}))

    functions = {"receive": left, "send": left}
    with pytest.raises(ConnectionResetError):
        asyncio.run(ASGIMiddleware(app, client)(scope_of(), *functions.values()))
    assert client.exceptions == []
    with pytest.raises(ConnectionResetError):
        asyncio.run(served(ASGIMiddleware(failing(ConnectionResetError()), client)))
    assert len(client.exceptions) == 1
