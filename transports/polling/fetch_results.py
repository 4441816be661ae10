"""What a definition source can return: new definitions, nothing new, or a failure.

These values pass from the sources, which do I/O, to the poller, which only decides. Their text
contains no key and no URL, so any of them may be logged.
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
    """The result of a fetch whose ``version`` argument still names the latest definitions.

    ``version`` is the source's new name for the same definitions, None if the name did not change.
    """

    version: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed fetch: the reason, and the wait that the server asked for.

    ``status`` is the HTTP status if there was a response, ``retry_after`` the number of seconds
    that the server asked the client to wait.
    """

    kind: FailureKind
    message: str
    status: int | None = None
    retry_after: float | None = None


_MALFORMED = Failed(FailureKind.MALFORMED, "")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A complete set of definitions.

    Attributes:
        document: the definitions; text is parsed once, by the engine.
        version: the source's own name for these definitions (an ETag, a file signature); the
            argument of the next ``fetch``. None if the source has no such name.
        if_malformed: the failure to report if `document` is no definitions document; the parser's
            reason is appended to the failure's message.
        snapshot: the parsed `document`, if the source has parsed it.
        age: seconds since the server sent or confirmed `document`; above 0 if it comes from a cache.
    """

    document: DefinitionsDocument
    version: str | None = None
    if_malformed: Failed = field(default=_MALFORMED, compare=False)
    snapshot: Snapshot | None = field(default=None, compare=False)
    age: float = field(default=0.0, compare=False)

    def __repr__(self) -> str:
        return f"Loaded(version={self.version!r})"

    def malformed(self, reason: str) -> Failed:
        """Return the failure to report if `document` is no definitions document."""
        return replace(self.if_malformed, message=self.if_malformed.message + reason)


FetchResult: TypeAlias = Loaded | Unchanged | Failed
