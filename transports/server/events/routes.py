"""The routes of events."""

from __future__ import annotations

from collections.abc import Iterator

from ..server import Server
from ..web.routes import READ, Route
from . import dropped
from .accepting import Acceptance
from .reading import CapturedEndpoint
from .v0 import CaptureEndpoint
from .v1 import CaptureV1Endpoint

__all__ = ["routes"]

_POST = ("POST",)
_TAKES = ("POST", "GET")
_V0 = ("/batch", "/capture", "/track", "/e", "/i/v0/e")
_TELEMETRY = ("/i/v1/logs", "/i/v1/traces", "/i/v1/metrics")


def routes(server: Server) -> Iterator[Route]:
    """Yield the routes."""
    limit = server.settings.max_events_body
    acceptance = Acceptance(server)
    capture = CaptureEndpoint(acceptance)
    for path in _V0:
        yield Route(path, capture, _TAKES, limit)
    identifying = CaptureEndpoint(acceptance, default_name="$identify")
    yield Route("/engage", identifying, _TAKES, limit)
    yield Route("/i/v0/ai/batch", CaptureEndpoint(acceptance, is_ai=True), _POST, limit)
    yield Route("/i/v1/analytics/events", CaptureV1Endpoint(acceptance), _POST, limit)
    yield Route("/i/v1/ai/events", CaptureV1Endpoint(acceptance, is_ai=True), _POST, limit)
    yield Route("/i/v0/ai", dropped.multipart, _POST, limit)
    yield Route("/s", dropped.recording, _TAKES, limit)
    for path in _TELEMETRY:
        yield Route(path, dropped.telemetry, _POST, limit)
    if server.captured is not None:
        reading = CapturedEndpoint(server.captured)
        yield Route("/_events", reading.events, (*READ, "DELETE"))
        yield Route("/_events/stream", reading.stream, ("GET",))
