"""The routes of OFREP and of the OpenFeature manifest."""

from __future__ import annotations

from collections.abc import Iterator

from ..server import Server
from ..web.routes import Route
from .flags import EvaluationEndpoints
from .manifest import PATH as MANIFEST
from .manifest import ManifestEndpoint
from .provider_configuration import ConfigurationEndpoint
from .revisions import Revisions
from .streams import PATH as EVENTS
from .streams import EventStreams

__all__ = ["routes"]


def routes(server: Server) -> Iterator[Route]:
    """Yield the routes."""
    limit, projects, revisions = server.settings.max_body, server.projects, Revisions()
    evaluation = EvaluationEndpoints(server, revisions)
    yield Route("/ofrep/v1/evaluate/flags", evaluation.all, ("POST",), limit)
    yield Route("/ofrep/v1/evaluate/flags/{key:path}", evaluation.one, ("POST",), limit)
    streams = EventStreams(projects, server.changes, revisions, clock=server.clock)
    yield Route(EVENTS, streams, ("GET",))
    yield Route("/ofrep/v1/configuration", ConfigurationEndpoint(projects))
    manifest = ManifestEndpoint(projects, revisions)
    yield Route(MANIFEST, manifest.read)
    yield Route(f"{MANIFEST}/flags", manifest.write, ("POST",))
    yield Route(f"{MANIFEST}/flags/{{key:path}}", manifest.write, ("PUT", "DELETE"))
