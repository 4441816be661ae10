"""Definitions in: fetched, shared, published whole, and watched for their age.

``AsyncLoader`` is in ``asynchronous``, so that who does not use asyncio does not import it.
"""

from .answers import Failed, FailureKind, Loaded, Unchanged
from .health import Freshness, Health, LoadError, StalenessBudget
from .loader import DefinitionLoader
from .policy import PollPolicy
from .store import DefinitionsChanged, DefinitionStore, Published
from .threaded import ThreadedLoader

__all__ = [
    "DefinitionLoader",
    "DefinitionStore",
    "DefinitionsChanged",
    "Failed",
    "FailureKind",
    "Freshness",
    "Health",
    "LoadError",
    "Loaded",
    "PollPolicy",
    "Published",
    "StalenessBudget",
    "ThreadedLoader",
    "Unchanged",
]
