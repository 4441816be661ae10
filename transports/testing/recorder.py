"""A record of the flags that a test reads, and of those among them that nobody defines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from ..flags.scopes import forced_here
from ..spelling import did_you_mean

if TYPE_CHECKING:  # the client needs an extra
    from ..flags.evaluated import FlagEvaluated

__all__ = ["ReadRecorder", "UnknownRead"]

# The frames of these packages are between the application's code and the recorder.
_OWN: Final = ("flagengine.", "transports.", "openfeature.", "contextlib", "functools")
# Why a read may have no answer although nothing went wrong with an existing flag: some values of FlagError.
_MAYBE_UNKNOWN: Final = (
    "FLAG_NOT_FOUND",
    "PROVIDER_NOT_READY",
    "TARGETING_KEY_MISSING",
    "GENERAL",  # such as a server that cannot be reached, as in most tests
)


@dataclass(frozen=True, slots=True)
class UnknownRead:
    """A read of a flag that neither the definitions nor the test have.

    Attributes:
        key: the flag's key.
        place: file and line of the read; empty if they cannot be told.
        hint: the most similar known key, as the end of a sentence; empty if none is similar.
    """

    key: str
    place: str
    hint: str

    def __str__(self) -> str:
        where = f" at {self.place}" if self.place else ""
        return f"unknown flag {self.key!r} was read{where}{self.hint}"


@dataclass
class ReadRecorder:
    """The watcher of a scope: it keeps every read.

    Args:
        known: returns further keys that are known, beside those of definitions and of forced values.
    """

    known: Callable[[], Iterable[str]] = tuple
    evaluated: list[FlagEvaluated] = field(default_factory=list)
    unknown: list[UnknownRead] = field(default_factory=list)
    _told: int = field(default=0, init=False)

    def __call__(self, evaluated: FlagEvaluated, defined: Iterable[str]) -> None:
        """Record a read by a client with these definitions."""
        self.evaluated.append(evaluated)
        key = _name(evaluated)
        if evaluated.error not in _MAYBE_UNKNOWN or evaluated.origin == "override":
            return
        known = {*defined, *forced_here().flags, *self.known()}
        if key not in known:
            self.unknown.append(UnknownRead(key, _place(), did_you_mean(key, known)))

    def news(self) -> list[UnknownRead]:
        """Return the unknown reads since the last call."""
        told, self._told = self._told, len(self.unknown)
        return self.unknown[told : self._told]

    @property
    def keys(self) -> list[str]:
        """The keys of the flags that were read, in the order of their first reads."""
        return list(dict.fromkeys(map(_name, list(self.evaluated))))

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return, by key, the number of reads, the values, and whether the flag is unknown, as JSON values."""
        unknown = {each.key for each in list(self.unknown)}
        found: dict[str, dict[str, Any]] = {}
        for each in list(self.evaluated):
            key = _name(each)
            entry = found.setdefault(key, {"reads": 0, "values": [], "unknown": key in unknown})
            entry["reads"] += 1
            # Not ``in``, for which 1 is True.
            if repr(each.value) not in map(repr, entry["values"]):
                entry["values"].append(each.value)
        return found


def _name(evaluated: FlagEvaluated) -> str:
    """Return the flag's key as text, which a mistaken read may not have."""
    key: object = evaluated.key
    return key if isinstance(key, str) else repr(key)


def _place() -> str:
    """Return the file and line of the application's code that reads the flag."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect would import a lot
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith(_OWN):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
