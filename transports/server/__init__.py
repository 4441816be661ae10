"""A server that SDKs take for PostHog's: for development and tests, as a relay, and for other languages.

It answers from the engine, with the sources of definitions and the sinks of events that the client has.
``flagengine serve`` runs it; ``Server(settings).application()`` is an ASGI application for a server of your
choice. Importing this package imports nothing else: each name below is imported at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flagengine import extra_for

if TYPE_CHECKING:
    from .background import BackgroundServer
    from .configuration import Configuration, configuration_of, read_configuration
    from .connections.limits import ConnectionLimits
    from .server import Server
    from .settings import ProjectSettings, ServerSettings, UpstreamSettings

__all__ = [
    "BackgroundServer",
    "Configuration",
    "ConnectionLimits",
    "ProjectSettings",
    "Server",
    "ServerSettings",
    "UpstreamSettings",
    "configuration_of",
    "read_configuration",
]

_HOME_OF = {
    "BackgroundServer": ".background",
    "Configuration": ".configuration",
    "ConnectionLimits": ".connections.limits",
    "ProjectSettings": ".settings",
    "Server": ".server",
    "ServerSettings": ".settings",
    "UpstreamSettings": ".settings",
    "configuration_of": ".configuration",
    "read_configuration": ".configuration",
}

if not TYPE_CHECKING:  # else type checkers would take every name for one of the package's

    def __getattr__(name: str) -> Any:
        """Import a public name at its first use."""
        if name not in _HOME_OF:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        with extra_for(f"{__name__}.{name}"):
            return getattr(import_module(_HOME_OF[name], __name__), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
