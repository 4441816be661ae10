"""The forms in which callers give overrides, and no overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Literal, TypeAlias

from flagengine import Overrides

__all__ = ["NO_OVERRIDES", "OverridesLike"]

OverridesLike: TypeAlias = (
    Overrides | Mapping[str, Any] | Sequence[str] | AbstractSet[str] | Literal[False] | None
)
"""The forms of overrides: values by flag key, keys of flags to turn on, ``{"flags": ..., "payloads": ...}``,
False to hide all others, or None for none."""

NO_OVERRIDES: Final = Overrides()
