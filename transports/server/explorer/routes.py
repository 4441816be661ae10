"""The routes of the page, which only a server for development has."""

from __future__ import annotations

from collections.abc import Iterator

from ..server import Server
from ..web.routes import Route
from .document import document
from .endpoints import MOST_BODY, Explorer

__all__ = ["routes"]


def routes(server: Server) -> Iterator[Route]:
    """Yield the routes; none unless the server is for development."""
    if not server.settings.is_development:
        return
    explorer = Explorer(server)
    yield Route("/", document)
    yield Route("/_explorer/overview", explorer.overview)
    yield Route("/_explorer/changes", explorer.changes, ("GET",))
    asked = {
        "answers": explorer.answers,
        "explanation": explorer.explanation,
        "what-if": explorer.what_if,
        "comparison": explorer.comparison,
    }
    for name, endpoint in asked.items():
        yield Route(f"/_explorer/{name}", endpoint, ("POST",), MOST_BODY)
