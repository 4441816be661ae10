"""What the poller asks its driver to do: values, in the driver's vocabulary.

A driver that handles each of them has nothing left to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from .fetch_results import Failed, Loaded

__all__ = [
    "Clear",
    "Fetch",
    "Ignore",
    "Keep",
    "PollAction",
    "Publish",
    "Refresh",
    "ReloadReply",
    "Wait",
]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask the source, and hand its result back with this `generation`."""

    generation: int
    version: str | None
    loaded: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`; None: nothing until a result arrives or a load is requested."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Publish:
    """Put the fetched document into use."""

    generation: int
    loaded: Loaded


@dataclass(frozen=True, slots=True)
class Refresh:
    """Keep the definitions in use, which are still valid; note the time and the version."""

    generation: int
    version: str | None


@dataclass(frozen=True, slots=True)
class Keep:
    """The fetch failed; keep the definitions in use."""

    generation: int
    failure: Failed
    warn: bool


@dataclass(frozen=True, slots=True)
class Clear:
    """The server refused in a way that forbids using the definitions further."""

    generation: int
    failure: Failed


@dataclass(frozen=True, slots=True)
class Ignore:
    """The result belongs to no fetch that is out."""

    generation: int


PollAction: TypeAlias = Publish | Refresh | Keep | Clear | Ignore


class ReloadReply(StrEnum):
    """What becomes of a request to load at once."""

    ACCEPTED = "accepted"
    JOINED = "joined"
    HELD_BACK = "held_back"
    STOPPED = "stopped"
