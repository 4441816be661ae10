"""Ways in for code that uses posthog-python."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adoption import adopt

__all__ = ["adopt"]

if not TYPE_CHECKING:  # else type checkers would take every name for one of the package's

    def __getattr__(name: str) -> Any:
        """Import a public name at its first use."""
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(".adoption", __name__), name)
