"""posthog-python's Django middleware with its settings, under Django's own handlers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

django = pytest.importorskip("django", reason="needs Django, of the group `test`")

from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.test import AsyncClient, Client, override_settings  # noqa: E402

from ..context import django_project  # noqa: E402, F401 - configures Django
from .support import events_of, fresh_module, made  # noqa: E402

pytestmark = pytest.mark.contract("tracing-headers", "exception-event-metadata")

MIDDLEWARE = "flagengine.transports.posthog.integrations.django.PosthogContextMiddleware"
HEADERS = {"x-posthog-distinct-id": "user-123", "x-posthog-session-id": "session-123"}
ADA = SimpleNamespace(is_authenticated=True, pk=7, email="ada@example.com")
NOBODY = SimpleNamespace(is_authenticated=False, pk=None, email="")


def as_ada(get_response: Any) -> Any:
    """Return the middleware of a project that knows its user."""

    def serve(request: Any) -> Any:
        async def auser() -> Any:
            if request.GET.get("broken"):
                raise RuntimeError("no database")
            return ADA

        request.user, request.auser = ADA, auser
        return get_response(request)

    return serve


USER = f"{__name__}.as_ada"


@pytest.fixture(name="posthog")
def _posthog():
    client, server = made()
    with override_settings(
        MIDDLEWARE=[MIDDLEWARE],
        ROOT_URLCONF=f"{__package__}.django_pages",
        POSTHOG_MW_CLIENT=client,
    ):
        yield server


def get(address: str, client_class: Any = Client, headers: Any = HEADERS) -> Any:
    client = client_class(raise_request_exception=False)
    answer = client.get(address, headers=headers)
    return answer if client_class is Client else asyncio.run(answer)


def text(*arguments: Any, **options: Any) -> str:
    return get(*arguments, **options).content.decode()


def test_the_person_is_that_of_the_header(posthog):
    with override_settings(MIDDLEWARE=[USER, MIDDLEWARE]):
        assert text("/work") == "user-123"


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_without_a_header_the_person_is_the_authenticated_user_with_the_e_mail(
    posthog, client_class
):
    with override_settings(MIDDLEWARE=[USER, MIDDLEWARE]):
        assert text("/work", client_class, headers={}) == "7"
        assert "('email', 'ada@example.com')" in text("/tags", client_class, headers={})


def test_a_user_that_cannot_be_read_is_logged_and_nobody(posthog, caplog):
    with override_settings(MIDDLEWARE=[USER, MIDDLEWARE]):
        assert text("/work?broken=1", AsyncClient, headers={}) == "nobody"
    assert "The user of a request cannot be read" in caplog.text


def test_headers_can_be_ignored_under_both_names(posthog):
    with override_settings(POSTHOG_MW_CAPTURE_TRACING_HEADERS=False, MIDDLEWARE=[USER, MIDDLEWARE]):
        assert text("/work") == "7"
        assert "session" not in text("/tags")
    with (
        override_settings(POSTHOG_MW_TRUST_TRACING_HEADERS=False),
        pytest.warns(DeprecationWarning, match="TRUST_TRACING_HEADERS is deprecated"),
    ):
        assert text("/work") == "nobody"


@pytest.mark.parametrize("old", [False, True])
def test_properties_are_added_and_then_mapped_under_both_names(posthog, old):
    names = ("EXTRA_TAGS", "TAG_MAP") if old else ("EXTRA_PROPERTIES", "PROPERTIES_MAP")
    given = {
        f"POSTHOG_MW_{names[0]}": lambda request: {"page": request.path},
        f"POSTHOG_MW_{names[1]}": lambda properties: {"only": properties["page"]},
    }
    with override_settings(**given):
        assert text("/tags") == "[('only', '/tags')]"


def test_a_callback_that_raises_is_logged_and_sends_nothing_unmapped(posthog, caplog):
    with override_settings(POSTHOG_MW_EXTRA_PROPERTIES=lambda request: request.nothing):
        assert "$request_path" in text("/tags")
    with override_settings(POSTHOG_MW_PROPERTIES_MAP=lambda properties: properties["nothing"]):
        assert text("/tags") == "[]"
    assert caplog.text.count("A callback for the request raised (POSTHOG_MW_*)") == 2


@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_a_filtered_request_has_no_context_and_no_report(posthog, client_class):
    with override_settings(POSTHOG_MW_REQUEST_FILTER=lambda request: "work" in request.path):
        assert text("/work", client_class) == "user-123"
        assert text("/tags", client_class) == "[]"
        assert get("/fail", client_class).status_code == 500
    assert events_of(posthog) == []


def test_a_filter_that_raises_lets_the_request_through(posthog, caplog):
    with override_settings(POSTHOG_MW_REQUEST_FILTER=lambda request: request.nothing):
        assert text("/work") == "user-123"
    assert "The request filter raised" in caplog.text


@pytest.mark.parametrize(
    ("setting", "autocapture", "count"),
    [(True, False, 1), (False, True, 0), (None, False, 0), (None, True, 1)],
)
def test_exceptions_are_reported_as_the_setting_or_the_client_says(
    posthog, setting, autocapture, count
):
    client, server = made(enable_exception_autocapture=autocapture)
    with override_settings(POSTHOG_MW_CLIENT=client, POSTHOG_MW_CAPTURE_EXCEPTIONS=setting):
        assert get("/fail").status_code == 500
    client.shutdown()
    found = events_of(server)
    assert [event["event"] for event in found] == ["$exception"] * count
    for event in found:
        assert event["distinct_id"] == "user-123"
        assert event["properties"]["$exception_list"][0]["mechanism"]["handled"] is False


def test_without_a_client_the_default_client_reports(posthog, monkeypatch):
    client, server = made()
    with fresh_module() as module, override_settings(POSTHOG_MW_CLIENT=None):
        monkeypatch.setattr(module, "default_client", client)
        get("/fail")
        assert len(events_of(server)) == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CLIENT", object, "POSTHOG_MW_CLIENT must be a client, such as .*, got the class object"),
        ("CLIENT", "client", "must be a client, such as .*, got str"),
        ("CAPTURE_EXCEPTIONS", "yes", "must be True, False or None, got 'yes'"),
        (
            "CAPTURE_TRACING_HEADERS",
            1,
            "_CAPTURE_TRACING_HEADERS must be True, False or None, got 1",
        ),
        (
            "TRUST_TRACING_HEADERS",
            "no",
            "_TRUST_TRACING_HEADERS must be True, False or None, got 'no'",
        ),
        ("REQUEST_FILTER", "x", "POSTHOG_MW_REQUEST_FILTER must be a function, got str"),
        ("EXTRA_PROPERTY", dict, "POSTHOG_MW_EXTRA_PROPERTY is no setting"),
    ],
)
def test_a_wrong_setting_stops_the_start(posthog, name, value, sentence):
    given = override_settings(**{f"POSTHOG_MW_{name}": value})
    with given, pytest.raises(ImproperlyConfigured, match=sentence):
        get("/work")
