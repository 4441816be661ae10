"""Answers about flags after they were found: snapshots of them, their events, their cache."""

from .called_event import FlagRead, flag_called_properties, is_minimal, minimal_properties
from .called_tracker import CalledTracker
from .evaluated import EvaluatedFlag, from_remote, from_resolution, merged, needs_remote
from .evaluations import FlagEvaluations
from .missing_keys import MissingKeys
from .properties import NO_PROPERTIES, GroupForFlags, PropertiesForFlags
from .result_cache import CacheMode, FlagCache, MemoryFlagCache, open_flag_cache, subject

__all__ = [
    "NO_PROPERTIES",
    "CacheMode",
    "CalledTracker",
    "EvaluatedFlag",
    "FlagCache",
    "FlagEvaluations",
    "FlagRead",
    "GroupForFlags",
    "MemoryFlagCache",
    "MissingKeys",
    "PropertiesForFlags",
    "flag_called_properties",
    "from_remote",
    "from_resolution",
    "is_minimal",
    "merged",
    "minimal_properties",
    "needs_remote",
    "open_flag_cache",
    "subject",
]
