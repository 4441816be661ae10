"""posthog-python's integrations for Flask and ASGI."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flagengine.transports.posthog import contexts
from flagengine.transports.posthog.integrations.asgi import PosthogASGIMiddleware
from flagengine.transports.posthog.integrations.flask import PosthogFlaskIntegration

from .support import events_of, made

pytestmark = pytest.mark.contract("tracing-headers", "exception-event-metadata")
HEADERS = {"X-POSTHOG-DISTINCT-ID": "user-123", "X-POSTHOG-SESSION-ID": "session-123"}


class TestFlask:
    def _browser(self, **options: Any) -> Any:
        flask = pytest.importorskip("flask", reason="needs Flask, of the group `test`")
        app = flask.Flask("shop")

        @app.get("/work/<int:page>")
        def work(page: int) -> str:
            return (
                f"{contexts.get_context_distinct_id()} {contexts.get_tags().get('$request_route')}"
            )

        @app.get("/fail")
        def fail() -> str:
            raise ValueError("boom")

        @app.get("/missing")
        def missing() -> None:
            flask.abort(404)

        PosthogFlaskIntegration(app, **options)
        with pytest.raises(RuntimeError, match="once for an app"):
            PosthogFlaskIntegration().init_app(app)
        return app.test_client()

    def test_a_view_runs_in_the_context_of_its_request(self):
        assert self._browser().get("/work/1", headers=HEADERS).text == "user-123 /work/<int:page>"
        assert contexts.get_tags() == {}

    def test_headers_can_be_ignored(self):
        browser = self._browser(capture_tracing_headers=False)
        assert browser.get("/work/1", headers=HEADERS).text.startswith("None")

    @pytest.mark.parametrize("captures", [True, False, None])
    def test_failures_are_reported_as_the_option_or_the_client_says(self, captures):
        client, server = made()
        browser = self._browser(client=client, capture_exceptions=captures)
        assert browser.get("/fail", headers=HEADERS).status_code == 500
        assert browser.get("/missing").status_code == 404
        assert [event["distinct_id"] for event in events_of(server)] == ["user-123"] * bool(
            captures
        )

    def test_a_filtered_request_has_no_context_and_no_report(self):
        client, server = made()
        browser = self._browser(
            client=client, capture_exceptions=True, request_filter=lambda request: False
        )
        assert browser.get("/work/1", headers=HEADERS).text == "None None"
        browser.get("/fail")
        assert events_of(server) == []

    @pytest.mark.parametrize("extra", [lambda request: request.missing, lambda request: 5])
    def test_properties_that_cannot_be_told_are_logged_and_left_out(self, extra, caplog):
        browser = self._browser(extra_properties=extra)
        assert browser.get("/work/1", headers=HEADERS).text == "user-123 /work/<int:page>"
        assert "extra_properties raised" in caplog.text

    def test_properties_are_added(self):
        client, server = made()
        browser = self._browser(
            client=client,
            capture_exceptions=True,
            extra_properties=lambda request: {"agent": request.method},
        )
        browser.get("/fail")
        assert events_of(server)[0]["properties"]["agent"] == "GET"


@pytest.mark.parametrize("name", ["capture_tracing_headers", "trust_tracing_headers"])
def test_whether_headers_are_read_must_be_a_boolean(name):
    for integration in (
        PosthogFlaskIntegration,
        lambda **given: PosthogASGIMiddleware(None, **given),
    ):
        with pytest.raises(TypeError, match=f"{name} must be True, False or None, got 'no'"):
            integration(**{name: "no"})


class TestAsgi:
    def _served(self, app: Any, kind: str = "http") -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        scope = {"type": kind, "method": "GET", "path": "/cart", "headers": headers}

        async def call() -> Any:
            return {"type": "http.request"}

        async def send(_message: Any) -> None:
            pass

        asyncio.run(app(scope, call, send))

    def _app(self, **options: Any) -> tuple[Any, list[Any]]:
        seen: list[Any] = []

        async def app(_scope: Any, _receive: Any, _send: Any) -> None:
            seen.append((contexts.get_context_distinct_id(), contexts.get_tags()))
            if options.get("client"):
                raise ValueError("boom")

        return PosthogASGIMiddleware(app, **options), seen

    def test_a_request_runs_in_its_context(self):
        async def extra(scope: Any) -> dict[str, Any]:
            return {"of": scope["path"]}

        app, seen = self._app(extra_properties=extra)
        self._served(app)
        [(person, tags)] = seen
        assert (person, tags["of"], tags["$session_id"]) == ("user-123", "/cart", "session-123")

    def test_headers_can_be_ignored(self):
        app, seen = self._app(capture_tracing_headers=False)
        self._served(app)
        assert seen[0][0] is None
        assert "$session_id" not in seen[0][1]

    @pytest.mark.parametrize("is_async", [False, True])
    def test_a_filter_that_raises_is_logged_and_lets_the_request_through(self, is_async, caplog):
        async def fail(scope: Any) -> bool:
            return bool(scope["missing"])

        app, seen = self._app(request_filter=fail if is_async else lambda scope: scope["missing"])
        self._served(app)
        assert seen[0][0] == "user-123"
        assert "The request filter raised" in caplog.text

    @pytest.mark.parametrize("is_async", [False, True])
    def test_a_filtered_request_has_no_context(self, is_async):
        async def refuse(_scope: Any) -> bool:
            return False

        app, seen = self._app(request_filter=refuse if is_async else lambda scope: False)
        self._served(app)
        self._served(app, "other")
        assert seen == [(None, {}), (None, {})]

    @pytest.mark.parametrize("captures", [True, False, None])
    def test_failures_are_reported_as_the_option_or_the_client_says(self, captures):
        client, server = made()
        app, _ = self._app(client=client, capture_exceptions=captures)
        with pytest.raises(ValueError, match="boom"):
            self._served(app)
        assert [event["distinct_id"] for event in events_of(server)] == ["user-123"] * bool(
            captures
        )
