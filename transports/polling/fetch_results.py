"""What a definition source can return: new definitions, nothing new, or a failure.

These values pass from the sources, which do I/O, to the poller, which only decides. They show no
key and no URL, so that any of them may be logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeAlias

from flagengine import Snapshot

__all__ = ["DefinitionsDocument", "Failed", "FailureKind", "FetchResult", "Loaded", "Unchanged"]

DefinitionsDocument: TypeAlias = Mapping[str, Any] | bytes | str
"""The definitions as the server sends them: JSON text, or the object that it holds."""


class FailureKind(StrEnum):
    """Why a fetch brought no definitions."""

    NETWORK = "network"
    TIMEOUT = "timeout"
    STATUS = "status"
    MALFORMED = "malformed"
    UNREADABLE = "unreadable"
    CACHE = "cache"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The definitions fetched as the ``version`` asked about are still the latest.

    ``version`` is the source's new name for them, if it gave one.
    """

    version: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No definitions: why, and what the server asked for.

    ``status`` is the HTTP status if there was a response, ``retry_after`` the seconds that the
    server asked the client to wait. ``once_per_episode`` is for sources whose failures repeat
    unchanged at every fetch (a broken file): only the first in a row is then worth a warning.
    """

    kind: FailureKind
    message: str
    status: int | None = None
    retry_after: float | None = None
    once_per_episode: bool = False


_MALFORMED = Failed(FailureKind.MALFORMED, "")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A complete set of definitions.

    Attributes:
        document: the definitions; text is parsed once, by the engine.
        version: the source's own name for this state (an ETag, a file signature); the next
            ``fetch`` gets it as its argument. None if the source has no such name.
        if_malformed: the failure to report if `document` is no definitions document; the reason
            is added to its message.
        snapshot: `document` parsed, from a source that had to parse it.
    """

    document: DefinitionsDocument
    version: str | None = None
    if_malformed: Failed = field(default=_MALFORMED, compare=False)
    snapshot: Snapshot | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"Loaded(version={self.version!r})"

    def malformed(self, reason: str) -> Failed:
        """Return the failure to report: `document` is no definitions document."""
        return replace(self.if_malformed, message=self.if_malformed.message + reason)


FetchResult: TypeAlias = Loaded | Unchanged | Failed
