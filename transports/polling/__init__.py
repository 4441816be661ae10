"""Definitions in: fetched, shared, published whole, and watched for their age."""

from .answers import Failed, FailureKind, Loaded, Unchanged
from .asynchronous import AsyncLoader
from .health import Freshness, Health, LoadError, StalenessBudget
from .loader import DefinitionLoader
from .policy import PollPolicy
from .store import DefinitionsChanged, DefinitionStore, Published
from .threaded import ThreadedLoader

__all__ = [
    "AsyncLoader",
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
