"""``/metrics``: requests by route, and the definitions and events of each project, in Prometheus' form."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .server import Server
from .web.request import Request
from .web.response import Response
from .web.routes import Route

if TYPE_CHECKING:
    from .prometheus import Exposition

__all__ = ["routes"]


def routes(server: Server) -> Iterator[Route]:
    """Yield the route. Its library is imported when metrics are first asked for: it takes 0.1 seconds."""
    made: list[Exposition] = []

    async def metrics(request: Request) -> Response:
        from .prometheus import Exposition  # noqa: PLC0415 see above

        if not made:
            made.append(Exposition(server.projects, server.metrics))
        # In a thread: the counts of events may have to wait for a disk.
        text, kind = await asyncio.to_thread(made[0].text, request.header(b"accept") or "")
        return Response(200, text, ((b"content-type", kind.encode()),))

    yield Route("/metrics", metrics)
