"""``identify`` and ``tags`` of the middleware: awaited, refused, and looked at."""

from __future__ import annotations

import asyncio
import functools
import gc
import warnings
from collections import UserDict

import pytest

from flagengine.transports.context.asgi import ASGIMiddleware
from flagengine.transports.context.wsgi import WSGIMiddleware

from .recording import RecordingClient

pytestmark = pytest.mark.contract("tracing-headers")


async def identify(_request):
    await asyncio.sleep(0)
    return "ada"


async def tags(_request):
    await asyncio.sleep(0)
    return {"plan": "pro"}


async def items(_request):
    yield "ada"


class Asked:
    async def __call__(self, request):
        return await identify(request)


class Failing(UserDict):
    def keys(self):
        raise RuntimeError


def asgi(**callbacks):
    """Return who is captured in a request, and the properties."""
    client = RecordingClient()

    async def app(_scope, _receive, _send):
        client.capture("Work")

    headers = [(b"x-posthog-distinct-id", b"claimed")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(
            ASGIMiddleware(app, client, **callbacks)(
                {"type": "http", "headers": headers}, None, None
            )
        )
        gc.collect()
    return client.events[0][1:]


def wsgi(**callbacks):
    client = RecordingClient()

    def app(*_):
        client.capture("Work")
        return []

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        WSGIMiddleware(app, client, **callbacks)(
            {"HTTP_X_POSTHOG_DISTINCT_ID": "claimed"}, lambda *_: None
        )
        gc.collect()
    return client.events[0][1:]


@pytest.mark.parametrize(
    "callback",
    [identify, functools.partial(identify), Asked(), lambda scope: identify(scope)],  # noqa: PLW0108
    ids=["function", "partial", "object", "lambda"],
)
def test_asgi_awaits_whatever_can_be_awaited(callback):
    user, properties = asgi(identify=callback, tags=tags)
    assert (user, properties["plan"]) == ("ada", "pro")


@pytest.mark.parametrize("name", ["identify", "tags"])
@pytest.mark.parametrize(
    "callback", [identify, functools.partial(identify), Asked(), Asked().__call__]
)
def test_wsgi_refuses_what_nobody_awaits(name, callback):
    with pytest.raises(TypeError, match=f"^WSGIMiddleware.{name} must be a plain function"):
        wsgi(**{name: callback})


@pytest.mark.parametrize("serve", [asgi, wsgi])
@pytest.mark.parametrize("name", ["identify", "tags"])
def test_what_gives_no_single_value_or_cannot_be_called_is_refused(serve, name):
    with pytest.raises(TypeError, match=f"{name} must return a value, got an async generator"):
        serve(**{name: items})
    with pytest.raises(TypeError, match=f"{name} must be a function of the request, got str"):
        serve(**{name: "ada"})


def test_a_coroutine_that_shows_only_in_the_call_names_nobody(caplog):
    user, _ = wsgi(identify=lambda _: identify(_), tags=lambda _: tags(_))  # noqa: PLW0108
    assert user == "claimed"
    assert "WSGIMiddleware.identify must return a value, got coroutine" in caplog.text
    assert "WSGIMiddleware.tags must return a value, got coroutine" in caplog.text


@pytest.mark.parametrize("serve", [asgi, wsgi])
@pytest.mark.parametrize(
    "value", [object(), [7], {"id": 7}, True, float("nan"), iter(()), b"\xff", lambda: 7, "", "  "]
)
def test_what_is_no_id_never_becomes_one_by_its_text(serve, value):
    assert serve(identify=lambda _: value)[0] == "claimed"


@pytest.mark.parametrize("serve", [asgi, wsgi])
@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (b"ada", "ada"), ("ada", "ada"), (None, "claimed")]
)
def test_ids_are_read_as_everywhere(serve, value, text):
    assert serve(identify=lambda _: value)[0] == text


@pytest.mark.parametrize("serve", [asgi, wsgi])
@pytest.mark.parametrize("value", [["plan"], "plan", 7, Failing(), iter(())])
def test_tags_that_are_no_mapping_are_left_out(serve, value, caplog):
    user, properties = serve(tags=lambda _: value)
    assert user == "claimed"
    assert "plan" not in properties
    if not isinstance(value, Failing):
        serve(tags=lambda _: value)
        kind = type(value).__name__
        logged = [text for text in caplog.messages if f"a mapping or None, got {kind}" in text]
        assert len(logged) <= 1


@pytest.mark.parametrize("serve", [asgi, wsgi])
def test_a_failing_callback_costs_only_its_result(serve, caplog):
    async def fail(_request):
        raise ZeroDivisionError

    callback = fail if serve is asgi else lambda _: 1 / 0
    user, properties = serve(identify=callback, tags=lambda _: UserDict(plan="pro"))
    assert (user, properties["plan"]) == ("claimed", "pro")
    assert "A callback for the request raised" in caplog.text


def test_a_cancelled_request_is_cancelled_in_its_callback():
    async def never(_scope):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asgi(identify=never)
