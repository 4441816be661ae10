"""The client around the evaluator: it loads definitions and sends events.

It imports only names that ``flagengine`` exports, and ``flagengine`` never imports it. Importing
this package imports nothing else: each name below is imported at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flagengine import extra_for

if TYPE_CHECKING:
    from .batching.drivers import ManualDriver
    from .batching.sinks.fanout import FanOutSink
    from .batching.sinks.jsonl import JsonlSink
    from .batching.sinks.memory import MemorySink, NullSink
    from .client.ai import prepare_ai_properties
    from .client.asynchronous import AsyncClient
    from .client.client import Client
    from .client.definitions import FeatureFlagEvaluationRuntime, FlagsLoaded
    from .client.flags import FlagsAndPayloads
    from .client.options import Options
    from .client.preparation import PreparedEvent
    from .client.storage import JsonStorage
    from .clock import ManualClock, SystemClock
    from .context import Context
    from .errors import TransportError
    from .flags.answer import FeatureFlagResult
    from .flags.evaluated import FlagEvaluated
    from .flags.evaluations import FlagEvaluations
    from .flags.reading import FlagError, FlagReading
    from .flags.typed import FlagDetails
    from .http.base import Request, Response
    from .http.live import LiveTransport
    from .http.memory import MemoryTransport
    from .polling.health import Freshness, Health, StalenessBudget
    from .polling.sources.file import FileDefinitions
    from .polling.sources.host_cache import HostFlagCache
    from .polling.sources.http import HttpDefinitions
    from .polling.sources.memory import MemoryDefinitions
    from .polling.sources.redis_cache import RedisFlagCache

    PostHog = Client
    Posthog = Client

__all__ = [
    "AsyncClient",
    "Client",
    "Context",
    "FanOutSink",
    "FeatureFlagEvaluationRuntime",
    "FeatureFlagResult",
    "FileDefinitions",
    "FlagDetails",
    "FlagError",
    "FlagEvaluated",
    "FlagEvaluations",
    "FlagReading",
    "FlagsAndPayloads",
    "FlagsLoaded",
    "Freshness",
    "Health",
    "HostFlagCache",
    "HttpDefinitions",
    "JsonStorage",
    "JsonlSink",
    "LiveTransport",
    "ManualClock",
    "ManualDriver",
    "MemoryDefinitions",
    "MemorySink",
    "MemoryTransport",
    "NullSink",
    "Options",
    "PostHog",
    "Posthog",
    "PreparedEvent",
    "RedisFlagCache",
    "Request",
    "Response",
    "StalenessBudget",
    "SystemClock",
    "TransportError",
    "prepare_ai_properties",
]

_HOMES = {
    ".batching.sinks.fanout": ["FanOutSink"],
    ".batching.sinks.jsonl": ["JsonlSink"],
    ".batching.sinks.memory": ["MemorySink", "NullSink"],
    ".batching.drivers": ["ManualDriver"],
    ".client.ai": ["prepare_ai_properties"],
    ".client.asynchronous": ["AsyncClient"],
    ".client.client": ["Client"],
    ".client.definitions": ["FeatureFlagEvaluationRuntime", "FlagsLoaded"],
    ".client.flags": ["FlagsAndPayloads"],
    ".client.options": ["Options"],
    ".client.preparation": ["PreparedEvent"],
    ".client.storage": ["JsonStorage"],
    ".clock": ["ManualClock", "SystemClock"],
    ".context": ["Context"],
    ".errors": ["TransportError"],
    ".flags.answer": ["FeatureFlagResult"],
    ".flags.evaluated": ["FlagEvaluated"],
    ".flags.evaluations": ["FlagEvaluations"],
    ".flags.reading": ["FlagError", "FlagReading"],
    ".flags.typed": ["FlagDetails"],
    ".http.base": ["Request", "Response"],
    ".http.live": ["LiveTransport"],
    ".http.memory": ["MemoryTransport"],
    ".polling.health": ["Freshness", "Health", "StalenessBudget"],
    ".polling.sources.file": ["FileDefinitions"],
    ".polling.sources.host_cache": ["HostFlagCache"],
    ".polling.sources.http": ["HttpDefinitions"],
    ".polling.sources.memory": ["MemoryDefinitions"],
    ".polling.sources.redis_cache": ["RedisFlagCache"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
# The names of the client in other SDKs.
_ALIASES = {"PostHog": "Client", "Posthog": "Client"}

if __name__ == "transports":
    # The folder in a checkout was imported as a package of its own.
    from flagengine.transports._alias import alias_transports

    alias_transports()


if not TYPE_CHECKING:  # else type checkers would take every name for one of the package's

    def __getattr__(name: str) -> Any:
        """Import a public name at its first use."""
        known = _ALIASES.get(name, name)
        home = _HOME_OF.get(known)
        if home is None:
            from .spelling import did_you_mean  # noqa: PLC0415 - for a mistake

            msg = f"module {__name__!r} has no attribute {name!r}{did_you_mean(name, __all__)}"
            raise AttributeError(msg)
        with extra_for(f"{__name__}.{name}"):
            # The packages around it first: two threads that import from inside out wait for each other.
            for end in (at for at, letter in enumerate(home) if letter == "." and at):
                import_module(home[:end], __name__)
            found = getattr(import_module(home, __name__), known)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
