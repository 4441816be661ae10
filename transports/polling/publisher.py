"""Carries out what the poller decided about an answer: publish, refresh, keep or clear, and say so.

Decides nothing itself; knows neither sources nor schedules.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from flagengine import SnapshotError

from ..clock import Clock
from ..http.redaction import redact_text
from .actions import Action, Clear, Keep, Publish, Refresh
from .answers import Answer, Failed, FailureKind, Loaded, Unchanged
from .changes import document_digest
from .documents import MalformedDefinitionsError, as_definitions
from .health import LoadError
from .store import DefinitionStore, Published, publication

__all__ = ["Publisher"]

_log = logging.getLogger("flagengine.definitions.model")


class Publisher:
    """Writes to one store; remembers the last failure."""

    def __init__(
        self,
        store: DefinitionStore,
        clock: Clock,
        on_failure: Callable[[LoadError], object] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_failure = on_failure
        self.last_error: LoadError | None = None

    def prepare(self, answer: Answer) -> tuple[Answer, Published | None]:
        """Parse what was loaded; the second is None if it is what is in use already.

        A document that cannot be parsed comes back as a failure.
        """
        if isinstance(answer, Unchanged | Failed):
            return answer, None
        if not isinstance(answer, Loaded):
            message = f"the source answered with {type(answer).__name__}"
            return Failed(FailureKind.SOURCE, message), None
        try:
            return answer, self._parse(answer)
        except (MalformedDefinitionsError, SnapshotError) as error:
            return Failed(FailureKind.MALFORMED, redact_text(str(error))), None

    def apply(self, action: Action, prepared: Published | None) -> None:
        """Do what `action` says."""
        match action:
            case Publish(generation) if prepared is not None:
                self.publish(prepared, generation)
            case Publish(generation, loaded):
                self._refresh(generation, loaded.version)
            case Refresh(generation, version):
                self._refresh(generation, version)
            case Keep(_, failure, warn):
                self._note(failure, warn=warn)
            case Clear(generation, failure):
                self._store.clear(generation=generation)
                self._note(failure, warn=True)

    def publish(self, prepared: Published, generation: int) -> Published:
        """Put `prepared` into use."""
        self.last_error = None
        stamped = replace(
            prepared,
            generation=generation,
            loaded_at=self._clock.wall(),
            refreshed_at=self._clock.monotonic(),
        )
        return self._store.publish(stamped)

    def _parse(self, loaded: Loaded) -> Published | None:
        document = as_definitions(loaded.document)
        current = self._store.current
        if current.snapshot is not None and document_digest(document) == current.index.digest:
            return None
        return publication(document, version=loaded.version)

    def _refresh(self, generation: int, version: str | None) -> None:
        self.last_error = None
        now = self._clock.monotonic()
        self._store.refresh(generation=generation, version=version, at=now)

    def _note(self, failure: Failed, *, warn: bool) -> None:
        error = LoadError(failure.kind, failure.message, failure.status, self._clock.wall())
        self.last_error = error
        if warn:
            self._warn(failure)
        if self._on_failure is not None:
            try:
                self._on_failure(error)
            except Exception:  # noqa: BLE001 - a callback may raise anything
                _log.exception("The callback for failed definition loads raised")

    def _warn(self, failure: Failed) -> None:
        loaded = self._store.current.snapshot is not None
        consequence = "the last good ones stay in use" if loaded else "none are in use"
        _log.warning("Could not load flag definitions: %s; %s", failure.message, consequence)
