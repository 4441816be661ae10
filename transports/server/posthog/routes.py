"""The routes of PostHog's SDKs, but for those of events."""

from __future__ import annotations

from collections.abc import Iterator

from ..server import Server
from ..web.routes import READ, Route
from .browser import LISTS, BrowserEndpoints
from .definitions import DefinitionsEndpoint
from .flag_list import FlagListEndpoint
from .flags import FlagsEndpoint
from .remote_config import RemoteConfigEndpoint

__all__ = ["routes"]


def routes(server: Server) -> Iterator[Route]:
    """Yield the routes."""
    limit = server.settings.max_body
    flags = FlagsEndpoint(server)
    asked = ("POST", *READ)
    yield Route("/flags", flags.flags, asked, limit)
    yield Route("/decide", flags.decide, asked, limit)
    definitions = DefinitionsEndpoint(server.projects)
    yield Route("/flags/definitions", definitions)
    yield Route("/api/feature_flag/local_evaluation", definitions)
    yield Route(
        "/api/projects/{project}/feature_flags",
        FlagListEndpoint(server.projects),
        name="/api/projects/…/feature_flags",
    )
    yield Route(
        "/api/projects/{project}/feature_flags/{flag:path}/remote_config",
        RemoteConfigEndpoint(server.projects),
        name="/api/projects/…/remote_config",
    )
    browser = BrowserEndpoints(server.projects)
    yield Route("/array/{token}/config", browser.config)
    yield Route("/array/{token}/config.js", browser.config_script)
    yield Route("/static/{script:path}", browser.script)
    for path in LISTS:
        yield Route(path, browser.empty_list)
