"""Definitions that someone else brings: for tests, and for pushing them in by hand."""

from __future__ import annotations

import threading
from typing import ClassVar

from ..answers import Answer, Document, Failed, Loaded, Unchanged
from ..documents import as_definitions

__all__ = ["MemoryDefinitions"]


class MemoryDefinitions:
    """Answers with the document it was last given.

    >>> source = MemoryDefinitions({"flags": []})
    >>> source.fetch(None)
    Loaded(version='1')
    >>> source.fetch("1")
    Unchanged(version='1')
    """

    is_at_hand: ClassVar[bool] = True

    def __init__(self, document: Document | None = None) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._answer: Loaded | Failed = Loaded({"flags": []}, "0")
        self.fetches = 0
        if document is not None:
            self.replace(document)

    def replace(self, document: Document) -> None:
        """Answer with `document` from now on."""
        checked = as_definitions(document)
        with self._lock:
            self._count += 1
            self._answer = Loaded(checked, str(self._count))

    def fail(self, failure: Failed) -> None:
        """Answer with `failure` until the next ``replace``."""
        with self._lock:
            self._answer = failure

    def fetch(self, version: str | None) -> Answer:
        """Return what it was last given."""
        with self._lock:
            self.fetches += 1
            answer = self._answer
        if isinstance(answer, Loaded) and version is not None and version == answer.version:
            return Unchanged(version)
        return answer
