"""Flags in tests: forced values, what a test reads, and people and snapshots for Hypothesis.

pytest loads ``pytest_plugin`` by itself, which has the fixtures ``flags`` and ``flag_server``. ``flags_set`` is the same for
those without pytest. ``strategies`` needs Hypothesis. Importing this package imports nothing else: each
name below is imported at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .flag_server import FlagServer
    from .forced_flags import ForcedFlags
    from .setting import flags_set

__all__ = ["FlagServer", "ForcedFlags", "flags_set"]

_HOME_OF = {
    "FlagServer": ".flag_server",
    "ForcedFlags": ".forced_flags",
    "flags_set": ".setting",
}

if not TYPE_CHECKING:  # else type checkers would take every name for one of the package's

    def __getattr__(name: str) -> Any:
        """Import a public name at its first use."""
        if name not in _HOME_OF:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(_HOME_OF[name], __name__), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
