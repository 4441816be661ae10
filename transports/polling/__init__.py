"""Flag definitions: how they are fetched, shared between processes, published and checked for age."""

from .fetch_results import Failed, FailureKind, Loaded, Unchanged
from .health import Freshness, Health, LoadError, StalenessBudget
from .loader import DefinitionLoader
from .policy import PollPolicy
from .poll_driver import ManualPollDriver
from .poll_thread import ThreadPollDriver
from .store import DefinitionsChanged, DefinitionStore, Published

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
    "ManualPollDriver",
    "PollPolicy",
    "Published",
    "StalenessBudget",
    "ThreadPollDriver",
    "Unchanged",
]
