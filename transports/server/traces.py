"""A span of OpenTelemetry for each request, named after its route: paths have flag keys, which have no end."""

from __future__ import annotations

from typing import Any

from flagengine import extra_for

from .app import ASGI, UNKNOWN_ROUTE, Scope, path_below
from .web.routes import Routes

with extra_for("traces of a server"):
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

__all__ = ["traced"]


def traced(application: ASGI, routes: Routes, prefix: str) -> ASGI:
    """Return the application within OpenTelemetry's middleware."""

    def details(scope: Scope) -> tuple[str, dict[str, Any]]:
        path = path_below(prefix, scope)
        found = None if path is None else routes.find(path)
        label = UNKNOWN_ROUTE if found is None else found[0].label
        return f"{scope.get('method', '')} {label}", {"http.route": label}

    middleware: ASGI = OpenTelemetryMiddleware(
        application,
        default_span_details=details,
        # Not a span for each part of a body that is sent or received.
        exclude_spans=["receive", "send"],
    )
    return middleware
