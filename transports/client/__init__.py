"""The full client: flags by the engine, events by the pipeline, and every verb of the reference.

``client`` and ``asynchronous`` are the tables of contents; start there.
"""

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
