"""posthog-python's names for a cache that shares definitions between processes."""

from __future__ import annotations

from typing import Any, NotRequired, Required, TypedDict

from ..polling.sources.cache import FlagDefinitionCacheProvider

__all__ = ["FlagDefinitionCacheData", "FlagDefinitionCacheProvider"]


class FlagDefinitionCacheData(TypedDict):
    """What a ``FlagDefinitionCacheProvider`` stores; it may have further fields of the server."""

    flags: Required[list[dict[str, Any]]]
    group_type_mapping: Required[dict[str, str]]
    cohorts: Required[dict[str, Any]]
    minimal_flag_called_events: NotRequired[bool]
    property_matching_version: NotRequired[int]
