"""A server in this process with a project for every case, on a free port of 127.0.0.1."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from flagengine.transports.polling.sources.base import DefinitionSource
from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.server import ProjectSettings, Server, ServerSettings
from flagengine.transports.server.background import BackgroundServer
from tests.clients.cases import Case

__all__ = ["prepare", "project_of", "serving_cases"]

_NEVER: Final = 86_400.0


def _project(key: str, source: DefinitionSource, **settings: Any) -> ProjectSettings:
    """Return a project with a key, and the same key with ``phs_`` in place of ``phc_`` as its secret."""
    secret = key.replace("phc_", "phs_", 1)
    settings = {"poll_interval": _NEVER, **settings}
    return ProjectSettings(
        name=key, project_key=key, secret_keys=(secret,), source=source, **settings
    )


def project_of(case: Case) -> ProjectSettings:
    """Return the project with a case's definitions and settings."""
    context = case.source["context"]
    settings = {name: context[name] for name in ("complete", "project_timezone") if name in context}
    return _project(case.project_key, MemoryDefinitions(case.source["definitions"]), **settings)


def prepare(server: Server, cases: Iterable[Case]) -> None:
    """Set what no setting has: the forced values of the cases, and their clocks in place of the system's."""
    for case in cases:
        served = server.projects.by_key(case.project_key)
        assert served is not None
        context: Mapping[str, Any] = case.source["context"]
        if "now" in context:
            served._options["now"] = datetime.fromisoformat(context["now"])
        if "overrides" in context:
            served.forced.force(context["overrides"])


@contextmanager
def serving_cases(cases: Collection[Case]) -> Iterator[str]:
    """Run a server with a project for each case; give its URL."""
    server = Server(ServerSettings(projects=tuple(map(project_of, cases)), is_development=True))
    prepare(server, cases)
    with BackgroundServer(server) as running:
        yield running.url
