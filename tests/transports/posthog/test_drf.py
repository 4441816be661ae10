"""posthog-python's exception handlers for Django REST framework; the framework is a stand-in here."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("django", reason="needs Django, of the group `test`")

from django.test import override_settings

from flagengine.transports.posthog.integrations.drf import (
    create_exception_handler,
    exception_handler,
)

from ..context import django_project  # noqa: F401 - configures Django
from .support import events_of, made

pytestmark = pytest.mark.contract("exception-event-metadata")

REQUEST = SimpleNamespace(_request=SimpleNamespace(path="/cart"))


@pytest.fixture(name="posthog")
def _posthog():
    client, server = made()
    with override_settings(POSTHOG_MW_CLIENT=client):
        yield server


def answer(status: int | None) -> Any:
    return lambda _exc, _context: None if status is None else SimpleNamespace(status_code=status)


@pytest.mark.parametrize(
    ("status", "options", "count"),
    [
        (500, {}, 1),
        (503, {}, 1),
        (404, {}, 0),
        (404, {"capture_4xx": True}, 1),
        (302, {"capture_4xx": True}, 0),
        (None, {}, 0),
        (500, {"capture_exceptions": False}, 0),
        (500, {"exception_filter": lambda exc, response, context: False}, 0),
        (500, {"exception_filter": lambda exc, response, context: 1 / 0}, 0),
    ],
)
def test_what_the_framework_answers_is_reported_by_its_status(posthog, status, options, count):
    handle = create_exception_handler(answer(status), **options)
    response = handle(ValueError("boom"), {"request": REQUEST})
    assert (response and response.status_code) == status
    found = events_of(posthog)
    assert len(found) == count
    for event in found:
        assert event["properties"]["$response_status_code"] == status


def test_the_request_filter_gets_djangos_request(posthog):
    with override_settings(POSTHOG_MW_REQUEST_FILTER=lambda request: request.path != "/cart"):
        create_exception_handler(answer(500))(ValueError("boom"), {"request": REQUEST})
    assert events_of(posthog) == []


def test_another_client_may_report(posthog):
    own, server = made()
    create_exception_handler(answer(500), client=own)(ValueError("boom"), {})
    with override_settings(POSTHOG_DRF_CLIENT=own):
        create_exception_handler(answer(500))(ValueError("boom"), {})
    assert (len(events_of(server)), len(events_of(posthog))) == (2, 0)


def test_the_handler_for_the_settings_answers_as_the_framework_does(posthog, monkeypatch):
    views = ModuleType("rest_framework.views")
    views.exception_handler = answer(500)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rest_framework", ModuleType("rest_framework"))
    monkeypatch.setitem(sys.modules, "rest_framework.views", views)
    assert exception_handler(ValueError("boom"), {}).status_code == 500
    assert len(events_of(posthog)) == 1
