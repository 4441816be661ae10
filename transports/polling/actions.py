"""The poller's decisions, as values that the loader and the publisher carry out."""

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
    """A fetch to make now; its result must come back with the same `generation`."""

    generation: int
    version: str | None
    loaded: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause until the time `until`; None: until a result arrives or a load is requested."""

    until: float | None


@dataclass(frozen=True, slots=True)
class Publish:
    """A fetched document to put into use."""

    generation: int
    loaded: Loaded


@dataclass(frozen=True, slots=True)
class Refresh:
    """The confirmation that the definitions in use are the latest, to note with time and version."""

    generation: int
    version: str | None


@dataclass(frozen=True, slots=True)
class Keep:
    """A failed fetch that leaves the definitions in use."""

    generation: int
    failure: Failed


@dataclass(frozen=True, slots=True)
class Clear:
    """A failed fetch after which the definitions must no longer be used."""

    generation: int
    failure: Failed


@dataclass(frozen=True, slots=True)
class Ignore:
    """A result to ignore: a newer publication or a fork came before it."""

    generation: int


PollAction: TypeAlias = Publish | Refresh | Keep | Clear | Ignore


class ReloadReply(StrEnum):
    """The reply to a request to load at once."""

    ACCEPTED = "accepted"
    JOINED = "joined"
    HELD_BACK = "held_back"
    STOPPED = "stopped"
