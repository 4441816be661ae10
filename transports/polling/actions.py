"""What the polling machine asks its driver to do: values, in the driver's vocabulary.

A driver that handles each of them has nothing left to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from .answers import Failed, Loaded

__all__ = [
    "Action",
    "Clear",
    "Fetch",
    "Ignore",
    "Keep",
    "Publish",
    "Refresh",
    "Request",
    "Wait",
]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask the source, and hand its answer back with this `generation`."""

    generation: int
    version: str | None
    loaded: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`; None: nothing until an answer arrives or someone asks."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Publish:
    """Put the answered document into use."""

    generation: int
    loaded: Loaded


@dataclass(frozen=True, slots=True)
class Refresh:
    """What is in use still holds; note the time and the version."""

    generation: int
    version: str | None


@dataclass(frozen=True, slots=True)
class Keep:
    """The fetch failed; what is in use stays."""

    generation: int
    failure: Failed
    warn: bool


@dataclass(frozen=True, slots=True)
class Clear:
    """The fetch was refused in a way that forbids using the definitions further."""

    generation: int
    failure: Failed


@dataclass(frozen=True, slots=True)
class Ignore:
    """The answer belongs to no fetch that is out."""

    generation: int


Action: TypeAlias = Publish | Refresh | Keep | Clear | Ignore


class Request(StrEnum):
    """What became of a demand to load at once."""

    ACCEPTED = "accepted"
    JOINED = "joined"
    HELD_BACK = "held_back"
    STOPPED = "stopped"
