"""A server in this process with a project for every case, on a free port of 127.0.0.1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from flagengine.transports.polling.sources.base import DefinitionSource
from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.server import ProjectSettings, Server, ServerSettings
from flagengine.transports.server.background import BackgroundServer
from tests.clients.cases import Case

__all__ = ["project", "serving_cases"]

_NEVER: Final = 86_400.0


def project(key: str, source: DefinitionSource, **settings: Any) -> ProjectSettings:
    """Return a project with a key, and the same key with ``phs_`` in place of ``phc_`` as its secret."""
    secret = key.replace("phc_", "phs_", 1)
    settings = {"poll_interval": _NEVER, **settings}
    return ProjectSettings(
        name=key, project_key=key, secret_keys=(secret,), source=source, **settings
    )


@contextmanager
def serving_cases(cases: Iterable[Case]) -> Iterator[str]:
    """Run a server with a project for each case; give its URL."""
    cases = tuple(cases)
    server = Server(ServerSettings(projects=tuple(map(_project, cases)), is_development=True))
    for case in cases:
        served = server.projects.by_key(case.project_key)
        assert served is not None
        context: Mapping[str, Any] = case.source["context"]
        if "now" in context:
            # The server's clock is the system's; a case has its own.
            served._options["now"] = datetime.fromisoformat(context["now"])
        if "overrides" in context:
            served.forced.force(context["overrides"])
    with BackgroundServer(server) as running:
        yield running.url


def _project(case: Case) -> ProjectSettings:
    context = case.source["context"]
    settings = {name: context[name] for name in ("complete", "project_timezone") if name in context}
    return project(case.project_key, MemoryDefinitions(case.source["definitions"]), **settings)
