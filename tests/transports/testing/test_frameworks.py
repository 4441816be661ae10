"""The fixture under the test clients of frameworks, whose applications run in other threads and tasks."""

from __future__ import annotations

import asyncio
import importlib
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from flagengine.transports import AsyncClient, Client
from flagengine.transports.testing import ForcedFlags

client = Client(disabled=True)
async_client = AsyncClient(disabled=True)


def page() -> str:
    return "new" if client.is_feature_enabled("new-checkout", "user-1") else "old"


def in_thread_pool() -> str:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(page).result()


def both_ways(flags: ForcedFlags, get: Callable[[], str]) -> tuple[str, str, str]:
    before = get()
    flags.set("new-checkout")
    after = get()
    flags.unset("new-checkout")
    return before, after, get()


EXPECTED = ("old", "new", "old")


def test_a_pool_of_threads_sees_the_test(flags: ForcedFlags) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(page).result() == "old"  # its thread began before
        assert both_ways(flags, lambda: pool.submit(page).result()) == EXPECTED
    assert flags.read == ["new-checkout"]


class TestDjango:
    """Django's test clients, synchronous and asynchronous, and a server on a thread."""

    @pytest.fixture(autouse=True)
    def _project(self) -> Iterator[None]:
        pytest.importorskip("django")
        importlib.import_module("tests.transports.context.django_project")
        from django.http import HttpResponse  # noqa: PLC0415 - configured before
        from django.test import override_settings  # noqa: PLC0415
        from django.urls import path  # noqa: PLC0415

        async def in_task(_request: Any) -> HttpResponse:
            is_on = await async_client.is_feature_enabled("new-checkout", "user-1")
            return HttpResponse("new" if is_on else "old")

        pages = (
            path("view", lambda _: HttpResponse(page())),
            path("thread", lambda _: HttpResponse(in_thread_pool())),
            path("task", in_task),
        )
        with override_settings(ROOT_URLCONF=pages, MIDDLEWARE=[], ALLOWED_HOSTS=["*"]):
            yield

    @pytest.mark.parametrize("view", ["view", "thread", "task"])
    def test_the_test_client_sees_the_test(self, flags: ForcedFlags, view: str) -> None:
        from django.test import Client as TestClient  # noqa: PLC0415

        def get() -> str:
            return TestClient().get(f"/{view}").content.decode()

        assert both_ways(flags, get) == EXPECTED

    @pytest.mark.parametrize("view", ["view", "thread", "task"])
    def test_the_async_test_client_sees_the_test(self, flags: ForcedFlags, view: str) -> None:
        from django.test import AsyncClient as AsyncTestClient  # noqa: PLC0415

        async def get() -> str:
            answer = await AsyncTestClient().get(f"/{view}")
            return answer.content.decode()

        assert both_ways(flags, lambda: asyncio.run(get())) == EXPECTED

    def test_a_live_server_sees_the_test(self, flags: ForcedFlags) -> None:
        from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415

        with _served(WSGIHandler()) as address:
            assert both_ways(flags, lambda: _get(f"{address}/view")) == EXPECTED


class TestStarlette:
    """Starlette's test client, whose application runs on an event loop in a thread of its own."""

    @pytest.fixture
    def browser(self) -> Iterator[Any]:
        pytest.importorskip("httpx2")
        applications = pytest.importorskip("starlette.applications")
        from starlette.responses import PlainTextResponse  # noqa: PLC0415
        from starlette.routing import Route  # noqa: PLC0415
        from starlette.testclient import TestClient  # noqa: PLC0415

        def in_thread(_request: Any) -> PlainTextResponse:
            return PlainTextResponse(page())

        async def in_task(_request: Any) -> PlainTextResponse:
            is_on = await async_client.is_feature_enabled("new-checkout", "user-1")
            return PlainTextResponse("new" if is_on else "old")

        routes = [Route("/thread", in_thread), Route("/task", in_task)]
        with TestClient(applications.Starlette(routes=routes)) as browser:
            yield browser

    @pytest.mark.parametrize("view", ["thread", "task"])
    def test_the_test_client_sees_the_test(
        self, browser: Any, flags: ForcedFlags, view: str
    ) -> None:
        assert both_ways(flags, lambda: browser.get(f"/{view}").text) == EXPECTED
        assert flags.read == ["new-checkout"]

    @pytest.mark.flags({"new-checkout": True})
    def test_the_marker_holds_there_too(self, browser: Any) -> None:
        assert browser.get("/task").text == "new"


def test_flask_sees_the_test(flags: ForcedFlags) -> None:
    flask = pytest.importorskip("flask")
    application = flask.Flask("shop")
    application.get("/")(page)
    assert both_ways(flags, lambda: application.test_client().get("/").text) == EXPECTED


@contextmanager
def _served(application: Any) -> Iterator[str]:
    with make_server("127.0.0.1", 0, application, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """No-op: pytest shows nothing."""


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode()
