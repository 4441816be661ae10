"""Where definitions come from, and how processes share them; ``base`` describes the protocol."""

from .base import DefinitionSource
from .cache import FlagDefinitionCacheProvider
from .file import FileDefinitions
from .host_cache import HostFlagCache
from .http import HttpDefinitions
from .memory import MemoryDefinitions
from .redis_cache import RedisFlagCache

__all__ = [
    "DefinitionSource",
    "FileDefinitions",
    "FlagDefinitionCacheProvider",
    "HostFlagCache",
    "HttpDefinitions",
    "MemoryDefinitions",
    "RedisFlagCache",
]
