"""The client: flags from the engine, events through the pipeline, and posthog-python's methods.

Start with ``client`` or ``asynchronous``, which list the methods.
"""

from ..extras import extra_for

with extra_for("the client"):
    from ..flags.answer import FeatureFlagResult
    from .ai import prepare_ai_properties
    from .asynchronous import AsyncClient
    from .client import Client
    from .flags import FlagsAndPayloads
    from .options import Options
    from .preparation import PreparedEvent
    from .storage import JsonStorage

__all__ = [
    "AsyncClient",
    "Client",
    "FeatureFlagResult",
    "FlagsAndPayloads",
    "JsonStorage",
    "Options",
    "PreparedEvent",
    "prepare_ai_properties",
]
