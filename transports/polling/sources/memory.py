"""Definitions from the application, for tests and for applications that set them by hand."""

from __future__ import annotations

import threading
from typing import ClassVar

from flagengine import Snapshot

from ..fetch_results import DefinitionsDocument, Failed, FetchResult, Loaded, Unchanged

__all__ = ["MemoryDefinitions"]


class MemoryDefinitions:
    """A source that returns the document that the application set last.

    >>> source = MemoryDefinitions({"flags": []})
    >>> source.fetch(None)
    Loaded(version='1')
    >>> source.fetch("1")
    Unchanged(version='1')
    """

    is_at_hand: ClassVar[bool] = True

    def __init__(self, document: DefinitionsDocument | None = None) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._result: Loaded | Failed = Loaded({"flags": []}, "0")
        self.fetches: int = 0
        if document is not None:
            self.replace(document)

    def replace(self, document: DefinitionsDocument) -> None:
        """Return `document` from now on.

        Raises:
            SnapshotError: `document` is no definitions document.
        """
        before = self._result
        previous = before.snapshot if isinstance(before, Loaded) else None
        snapshot = Snapshot.parse(document, previous=previous)
        with self._lock:
            self._count += 1
            self._result = Loaded(document, str(self._count), snapshot=snapshot)

    def fail(self, failure: Failed) -> None:
        """Return `failure` until the next ``replace``."""
        with self._lock:
            self._result = failure

    def fetch(self, version: str | None) -> FetchResult:
        """Return the last document or failure."""
        with self._lock:
            self.fetches += 1
            result = self._result
        if isinstance(result, Loaded) and version is not None and version == result.version:
            return Unchanged(version)
        return result
