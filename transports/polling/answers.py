"""What a definition source can answer: new definitions, nothing new, or a failure.

These values cross the line between the sources, which do I/O, and the poller, which only decides.
They carry no key and no URL, so that any of them may be logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

__all__ = ["Answer", "Document", "Failed", "FailureKind", "Loaded", "Unchanged"]

Document: TypeAlias = Mapping[str, Any]
"""The definitions as the server sends them: ``flags``, ``group_type_mapping``, ``cohorts``, …"""


class FailureKind(StrEnum):
    """Why there are no definitions this time."""

    NETWORK = "network"
    TIMEOUT = "timeout"
    STATUS = "status"
    MALFORMED = "malformed"
    UNREADABLE = "unreadable"
    CACHE = "cache"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A complete set of definitions.

    ``version`` is the source's own name for this state (an ETag, a file signature); it comes back
    as the argument of the next ``fetch``. None when the source has no such name.
    """

    document: Document
    version: str | None = None

    def __repr__(self) -> str:
        return f"Loaded(version={self.version!r})"


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What was fetched as the ``version`` asked about is still what holds.

    ``version`` is the source's new name for it, if it gave one.
    """

    version: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No definitions: why, and what the far side asked for.

    ``status`` is the HTTP status where there was an answer, ``retry_after`` the seconds it asked
    us to wait. ``once_per_episode`` is for sources whose failures repeat unchanged at every look
    (a broken file): only the first of a run is then worth a warning.
    """

    kind: FailureKind
    message: str
    status: int | None = None
    retry_after: float | None = None
    once_per_episode: bool = False


Answer: TypeAlias = Loaded | Unchanged | Failed
