"""A server: its projects, what they share, and its application. It starts nothing before ``start``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from typing import Final

from flagengine import Overrides

from ..application_errors import application_errors, log_error
from ..clock import Clock, SystemClock
from ..daemon_threads import DaemonThreads
from ..http.base import Transport
from ..http.live import LiveTransport
from .absent import why_absent
from .access_log import AccessLog
from .app import ASGI, Application
from .changes import Changes
from .development_guard import DevelopmentGuard
from .events.captured import Captured
from .metrics import RequestMetrics
from .project import Project, Projects
from .settings import ServerSettings
from .upstream import MOST_ASKED, Upstream
from .web.cors import CrossOrigin
from .web.hosts import AllowedHosts
from .web.lenient_json import json_of
from .web.request import Request
from .web.response import Refused, text_response
from .web.routes import Route, Routes
from .web.streams import OpenStreams

__all__ = ["OVERRIDES_HEADER", "Server"]

_log = logging.getLogger("flagengine.server")

OVERRIDES_HEADER: Final = "X-Flagengine-Overrides"
_UPSTREAM_THREADS: Final = 16
_LOOK_AGAIN: Final = 1.0
_LEAST_FOR_EVENTS: Final = 1.0
# The modules with a function ``routes``.
_PARTS: Final = (
    ".posthog.routes",
    ".events.routes",
    ".ofrep.routes",
    ".control",
    ".status",
    ".exposition",
    ".explorer.routes",
)


class Server:
    """A server.

    Args:
        settings: its settings.
        transport: what requests to servers upstream are sent with.
        clock: the source of the time.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings: ServerSettings = settings
        self.clock: Clock = clock or SystemClock()
        self.changes: Changes = Changes()
        self.metrics: RequestMetrics = RequestMetrics()
        self.transport: Transport = transport or LiveTransport()
        # Daemons: a request upstream that hangs must not keep the process from ending.
        self.threads: DaemonThreads = DaemonThreads(
            _UPSTREAM_THREADS,
            most_waiting=len(settings.projects) * MOST_ASKED,
            name="flagengine-upstream",
        )
        self.projects: Projects = Projects(
            [Project(each, transport=self.transport, clock=clock) for each in settings.projects]
        )
        self.hosts: AllowedHosts = AllowedHosts(settings.allowed_hosts)
        self.streams: OpenStreams = OpenStreams(settings.connections.most_streams)
        self.captured: Captured | None = None
        if settings.is_development:
            self.captured = Captured(settings.captured_events)
        for project in self.projects:
            project.loader.store.subscribe(lambda _change: self.changes.notify())
        self.upstreams: dict[str, Upstream] = dict(self._upstreams())
        self._looking: asyncio.Task[None] | None = None
        self._stops_since: float | None = None

    def application(self) -> ASGI:
        """Return the ASGI application.

        Raises:
            ModuleNotFoundError: traces are asked for, and their middleware is not installed.
        """
        routes = Routes(self._routes())
        application = self._application(routes)
        if not self.settings.has_traces:
            return application
        from .traces import traced  # noqa: PLC0415 for few servers

        return traced(application, routes, self.settings.prefix)

    def _application(self, routes: Routes) -> Application:
        settings = self.settings
        return Application(
            routes,
            cross_origin=CrossOrigin(settings.origins),
            prefix=settings.prefix,
            request_timeout=settings.request_timeout,
            on_start=self.start,
            on_stop=self.stop,
            metrics=self.metrics,
            streams=self.streams,
            why_absent=partial(why_absent, settings),
            access_log=None if settings.access_log is None else AccessLog(settings.access_log),
        )

    def _routes(self) -> Iterable[Route]:
        guard = DevelopmentGuard(self.hosts) if self.settings.is_development else None
        for part in _PARTS:
            for route in import_module(part, __package__).routes(self):
                yield route if guard is None else guard.guarded(route)

    def _upstreams(self) -> Iterable[tuple[str, Upstream]]:
        for project in self.projects:
            upstream, key = project.settings.upstream, project.settings.project_key
            if upstream is not None and upstream.answers_flags and key is not None:
                yield (
                    project.name,
                    Upstream(
                        upstream,
                        project_key=key,
                        transport=self.transport,
                        threads=self.threads,
                        clock=self.clock,
                    ),
                )

    def overrides_of(self, request: Request) -> Overrides | None:
        """Return the values that a request forces for itself, which only a server for development takes.

        Raises:
            Refused: the header has no forced values (400).
        """
        if not self.settings.is_development:
            return None
        text = request.header(OVERRIDES_HEADER.lower().encode())
        if text is None:
            return None
        try:
            return Overrides.parse(json_of(text.encode("latin-1")))
        except (ValueError, TypeError) as error:
            message = f'{OVERRIDES_HEADER} must be JSON such as {{"beta": true}}: {error}'
            raise Refused(text_response(message, 400)) from None

    async def start(self) -> None:
        """Start loading definitions and taking events."""
        self.changes.begin()
        if self.captured is not None:
            self.captured.changes.begin()
        for project in self.projects:
            project.intake.start()
            await asyncio.to_thread(_load_at_once, project)
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Stop loading, and pass on the events that were accepted, in what is left of ``shutdown_timeout``.

        At least a second is: requests that do not end cost no event its last chance.
        """
        self.begin_stop()
        if self._looking is not None:
            self._looking.cancel()
        passed = 0.0 if self._stops_since is None else self.clock.monotonic() - self._stops_since
        most = self.settings.shutdown_timeout
        timeout = max(most - passed, min(most, _LEAST_FOR_EVENTS))
        await asyncio.gather(
            *(asyncio.to_thread(each.loader.shutdown, timeout) for each in self.projects),
            *(each.intake.shutdown(timeout) for each in self.projects),
        )
        close = getattr(self.transport, "close", None)
        if close is not None:
            close()

    def begin_stop(self) -> None:
        """End the streams, because the server is about to stop; ``shutdown_timeout`` begins."""
        if self._stops_since is None:
            self._stops_since = self.clock.monotonic()
        self.changes.close()
        if self.captured is not None:
            self.captured.changes.close()

    def reload(self) -> None:
        """Load all definitions and forced values again, soon."""
        for project in self.projects:
            project.loader.request()
        self._look_once()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AGAIN)
            self._look_once()

    def _look_once(self) -> None:
        try:
            changed = [project.forced.refresh() for project in self.projects]
            if any(changed):
                self.changes.notify()
        except application_errors():
            log_error(_log, "reading forced values failed unexpectedly")


def _load_at_once(project: Project) -> None:
    """Load now if the source answers at once, as a file does, and go on loading."""
    if getattr(project.settings.source, "is_at_hand", False):
        project.loader.tick()
    project.loader.start()
