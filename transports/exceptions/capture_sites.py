"""The boundaries at which exceptions are caught, with the level and the defaults of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from .safe_attributes import is_a

__all__ = ["Boundary", "HookKind", "normalise_level"]

_LEVELS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("fatal", "critical", "alert", "emergency"), "fatal"),
        **dict.fromkeys(("warning", "warn"), "warning"),
        **dict.fromkeys(("notice", "info"), "info"),
        **dict.fromkeys(("trace", "debug"), "debug"),
        "error": "error",
        "log": "log",
    }
)


def normalise_level(level: object) -> str | None:
    """Return the level to send, or None if ``level`` is unknown.

    >>> normalise_level("WARN"), normalise_level("critical"), normalise_level("loud")
    ('warning', 'fatal', None)
    """
    return _LEVELS.get(str.lower(str.strip(level))) if is_a(level, str) else None


@dataclass(frozen=True, slots=True)
class Boundary:
    """The defaults for exceptions caught at a boundary; a valid override beats them.

    The event omits fields that are None. Without ``knows_origin``, the exception and its stack may
    be synthetic.
    """

    level: str | None = None
    mechanism_type: str | None = None
    handled: bool | None = None
    source: str | None = None
    knows_origin: bool = True

    def options(self) -> dict[str, Any]:
        """Return the boundary as keyword arguments of ``capture_exception``."""
        return {
            "level": self.level,
            "mechanism_type": self.mechanism_type,
            "handled": self.handled,
            "source": self.source,
        }


MANUAL = Boundary("error", "generic", handled=True)
LOGGING = Boundary("error", "logger", handled=True, source="python.logging")
HANDLED_REQUEST = Boundary("error", "middleware", handled=True)
REQUEST = Boundary("error", "middleware", handled=False)
TASK = Boundary("error", "task", handled=False)
THREAD = Boundary(
    "error", "onuncaughtexception", handled=False, source="python.threading_excepthook"
)
PROCESS = Boundary("fatal", "onuncaughtexception", handled=False, source="python.sys_excepthook")
UNKNOWN = Boundary(knows_origin=False)


class HookKind(Enum):
    """The interpreter's hook that got the exception."""

    PROCESS = "python.sys_excepthook"
    THREAD = "python.threading_excepthook"

    @property
    def boundary(self) -> Boundary:
        """The defaults for exceptions that this hook gets."""
        return PROCESS if self is HookKind.PROCESS else THREAD
