"""The Django middleware under Django's own handlers, synchronous and asynchronous."""

from __future__ import annotations

import asyncio

import pytest

django = pytest.importorskip("django")

from django.conf import settings  # noqa: E402

settings.configure(
    SECRET_KEY="test",
    ROOT_URLCONF=f"{__package__}.django_views",
    ALLOWED_HOSTS=["testserver"],
    MIDDLEWARE=["flagengine.transports.context.django.FlagengineMiddleware"],
    LOGGING_CONFIG=None,
)
django.setup()

from django.test import AsyncClient, Client, RequestFactory, override_settings  # noqa: E402

from flagengine.transports.context import current  # noqa: E402
from flagengine.transports.context.django import FlagengineMiddleware  # noqa: E402

from .django_views import file, recording  # noqa: E402

pytestmark = pytest.mark.contract("tracing-headers")
HEADERS = {"x-posthog-distinct-id": "user-123", "x-posthog-session-id": "session-123"}


@pytest.fixture(autouse=True)
def _recorded():
    recording.__init__()
    with override_settings(FLAGENGINE_CLIENT=recording):
        yield


def get(address, client_class=Client, **options):
    client = client_class(raise_request_exception=False)
    answer = client.get(address, headers={**HEADERS, **options})
    return answer if client_class is Client else asyncio.run(answer)


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
@pytest.mark.parametrize("view", ["work", "async_work"])
def test_an_event_of_a_request_has_the_ids_of_its_headers(view, client_class):
    assert get(f"/{view}?page=2", client_class).content == b"user-123"
    (_, distinct_id, properties) = recording.events[0]
    assert distinct_id == "user-123"
    assert properties["$session_id"] == "session-123"
    assert properties["$current_url"] == f"http://testserver/{view}?page=2"
    assert properties["$request_path"] == f"/{view}"
    assert properties["$ip"] == "127.0.0.1"
    assert current() is None


@pytest.mark.contract("exception-event-metadata")
@pytest.mark.parametrize("client_class", [Client, AsyncClient])
@pytest.mark.parametrize("view", ["fail", "async_fail"])
def test_what_a_view_raises_is_reported_unhandled_with_its_status(view, client_class):
    assert get(f"/{view}", client_class).status_code == 500
    assert recording.reported == [
        (
            "ValueError('boom')",
            "user-123",
            "django.middleware",
            False,
            {"$response_status_code": 500},
        )
    ]


@pytest.mark.parametrize(("view", "status"), [("missing", 404), ("forbidden", 403)])
def test_an_answer_below_500_is_no_failure(view, status):
    assert get(f"/{view}").status_code == status
    assert recording.exceptions == []


def test_a_streamed_response_is_made_in_its_context():
    response = get("/stream")
    assert current() is None
    assert b"".join(response.streaming_content) == b"user-123;user-123;"
    assert current() is None


def test_what_a_streamed_response_raises_is_reported():
    pieces = iter(get("/broken_stream").streaming_content)
    assert next(pieces) == b"one"
    with pytest.raises(ValueError, match="boom"):
        next(pieces)
    assert recording.reported == [
        ("ValueError('boom')", "user-123", "django.middleware", False, {})
    ]


def test_an_asynchronously_streamed_response_is_made_in_its_context():
    async def read():
        response = await AsyncClient().get("/async_stream", headers=HEADERS)
        return [item async for item in response.streaming_content]

    assert asyncio.run(read()) == [b"user-123;", b"user-123;"]


def test_a_file_is_handed_on_as_it_is():
    response = FlagengineMiddleware(file)(RequestFactory().get("/file"))
    assert response.file_to_stream is not None
    response.close()


def test_the_project_names_its_user_and_tags():
    names = {
        "FLAGENGINE_IDENTIFY": lambda request: request.headers["X-User"],
        "FLAGENGINE_TAGS": lambda _: {"tenant": 7},
    }
    with override_settings(**names):
        assert get("/work", **{"x-user": "known"}).content == b"known"
    assert recording.events[0][2]["tenant"] == 7


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_without_a_client_requests_are_served(client_class):
    with override_settings(FLAGENGINE_CLIENT=None):
        assert get("/work", client_class).content == b"nobody"
        assert get("/fail", client_class).status_code == 500
    assert recording.exceptions == []


def test_the_client_may_be_a_dotted_path_and_exceptions_unwanted():
    wanted = {
        "FLAGENGINE_CLIENT": f"{__name__}.recording",
        "FLAGENGINE_CAPTURE_EXCEPTIONS": False,
    }
    with override_settings(**wanted):
        assert get("/work").content == b"user-123"
        assert get("/fail").status_code == 500
    assert recording.exceptions == []


def test_a_host_that_is_not_allowed_costs_the_url_alone():
    assert get("/work", host="evil.example").content == b"user-123"
    assert "$current_url" not in recording.events[0][2]
