"""posthog-python's Flask integration under its name.

``PosthogFlaskIntegration(app)``, or ``PosthogFlaskIntegration().init_app(app)`` in a factory. The
callbacks run inside of Flask's request, unlike those of ``flagengine.transports.context.flask``, so they
may read ``flask.g`` and ``current_user``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from flagengine import extra_for

from ...context.exception_reporter import ExceptionReporter
from ...context.http_request import request_data
from ...exceptions.control_flow import Place
from .reporting import (
    IntegratedClient,
    IntegrationClient,
    passes,
    reads_headers,
    without_header_ids,
)

if TYPE_CHECKING:
    from flask import Flask, Request

__all__ = ["PosthogFlaskIntegration"]

_log = logging.getLogger("flagengine.context")

_KEY: Final = "posthog"
_SCOPE: Final = "_flagengine_scope"
_SOURCE: Final = "flask.got_request_exception"


class PosthogFlaskIntegration:
    """A context for each request of a Flask application, and reports of what Flask answers with 500.

    Args:
        app: the application; None: call ``init_app`` later.
        client: the client that reports; None: the default client.
        capture_exceptions: whether failures are reported; None: as the client's
            ``enable_exception_autocapture`` says.
        request_filter: called with Flask's request; with False, the request gets no context.
        extra_properties: returns further properties for Flask's request.
        trust_tracing_headers: the older name of ``capture_tracing_headers``.
        capture_tracing_headers: whether the headers with the distinct id and session id are read.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        client: IntegratedClient | None = None,
        capture_exceptions: bool | None = None,
        request_filter: Callable[[Request], bool] | None = None,
        extra_properties: Callable[[Request], Mapping[str, Any] | None] | None = None,
        trust_tracing_headers: bool | None = None,
        capture_tracing_headers: bool | None = None,
    ) -> None:
        self._client = IntegrationClient(client, capture_exceptions)
        self._report = ExceptionReporter(self._client, source=_SOURCE, place=Place.ANSWERED)
        self._filter = request_filter
        self._extra = extra_properties
        self._reads_headers = reads_headers(capture_tracing_headers, trust_tracing_headers)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Serve the application's requests in contexts.

        Raises:
            RuntimeError: the application has an integration already.
        """
        with extra_for("the Flask integration"):
            from flask import got_request_exception  # noqa: PLC0415 - optional

        if _KEY in app.extensions:
            msg = "PosthogFlaskIntegration must be used once for an app, got an app that has one"
            raise RuntimeError(msg)
        app.extensions[_KEY] = self
        app.before_request(self._begin)
        app.teardown_request(self._end)
        got_request_exception.connect(self._raised, app)

    def _begin(self) -> None:
        from flask import g, request  # noqa: PLC0415 - optional

        if not passes(self._filter, request):
            return
        data = request_data(
            request.headers,
            method=request.method,
            url=request.url,
            path=request.path,
            ip=request.remote_addr,
        )
        if not self._reads_headers:
            data = without_header_ids(data)
        data["properties"] = {**data["properties"], **self._further(request)}
        scope = self._client.context(fresh=True, capture_exceptions=False, **data)
        scope.__enter__()
        setattr(g, _SCOPE, scope)

    def _further(self, request: Request) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if request.url_rule is not None:
            found["$request_route"] = str(request.url_rule)
        if self._extra is None:
            return found
        try:
            return {**found, **dict(self._extra(request) or {})}
        except Exception:  # noqa: BLE001 - the application's code
            _log.exception("extra_properties raised")
            return found

    def _raised(self, _sender: object, exception: BaseException, **_: Any) -> None:
        from flask import g  # noqa: PLC0415 - optional

        if hasattr(g, _SCOPE):
            self._report(exception, 500)

    def _end(self, _error: BaseException | None) -> None:
        from flask import g  # noqa: PLC0415 - optional

        scope = g.pop(_SCOPE, None)
        if scope is not None:
            scope.__exit__(None, None, None)
