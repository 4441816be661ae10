"""The publisher: parses fetched documents, carries out the poller's actions, and logs failures.

It decides nothing itself, and it knows neither sources nor schedules.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from flagengine import Snapshot, SnapshotError

from ..application_errors import application_errors, log_error
from ..clock import Clock
from ..http.redaction import redact_text
from ..log_fields import log_fields
from .actions import Clear, Keep, PollAction, Publish, Refresh
from .fetch_results import DefinitionsDocument, Failed, FailureKind, FetchResult, Loaded, Unchanged
from .health import LoadError
from .outage import Outage
from .store import DefinitionStore, Published

__all__ = ["Publisher"]

_log = logging.getLogger("flagengine.definitions")

_OF_CONTENT: Final = (FailureKind.MALFORMED, FailureKind.UNREADABLE)


class Publisher:
    """The writer of one store; remembers the last failure."""

    def __init__(
        self,
        store: DefinitionStore,
        clock: Clock,
        on_failure: Callable[[LoadError], object] = lambda _error: None,
        on_recovery: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_failure = on_failure
        self._on_recovery = on_recovery
        self._outage = Outage()
        self._last_parsed: tuple[bytes, Snapshot] | None = None
        self._last_logged = ""
        self.last_error: LoadError | None = None

    def prepare(self, result: FetchResult) -> tuple[FetchResult, Published | None]:
        """Return the result, and the state that publishes it; None if its content is in use already.

        For a document that cannot be parsed, return a failure as the result.
        """
        if isinstance(result, Unchanged | Failed):
            return result, None
        if not isinstance(result, Loaded):
            message = f"the source returned {type(result).__name__}, not Loaded"
            return Failed(FailureKind.SOURCE, message), None
        try:
            return result, self._new_content(result)
        except SnapshotError as error:
            return result.malformed(redact_text(str(error))), None
        except application_errors() as error:
            # An application's mapping may raise anything.
            _log.debug("Reading flag definitions failed", exc_info=True)
            return result.malformed(f"reading them raised {type(error).__name__}"), None

    def apply(self, action: PollAction, prepared: Published | None) -> None:
        """Carry out `action`."""
        match action:
            case Publish(generation, loaded) if prepared is not None:
                self.publish(prepared, generation, age=loaded.age)
            case Publish(generation, loaded):
                self._refresh(generation, loaded.version, age=loaded.age)
            case Refresh(generation, version):
                self._refresh(generation, version)
            case Keep(_, failure):
                self._note(failure)
            case Clear(generation, failure):
                self._store.clear(generation=generation)
                self._note(failure, clears=True)

    def publish(self, prepared: Published, generation: int, *, age: float = 0.0) -> Published:
        """Put `prepared` into use, which the server sent or confirmed `age` seconds ago."""
        stamped = replace(
            prepared,
            generation=generation,
            loaded_at=self._clock.wall(),
            refreshed_at=self._clock.monotonic() - age,
        )
        published = self._store.publish(stamped)
        self._succeeded()
        return published

    def _new_content(self, loaded: Loaded) -> Published | None:
        """Return the state that publishes `loaded`; None if its content is already in use."""
        snapshot = loaded.snapshot or self._parsed(loaded.document)
        if snapshot == self._store.current.snapshot:
            return None
        return Published(snapshot, loaded.version)

    def _parsed(self, document: DefinitionsDocument) -> Snapshot:
        """Parse `document`, or return the last snapshot if the text is the same."""
        text, previous = _text_of(document), self._store.current.snapshot
        if text is None:
            return Snapshot.parse(document, previous=previous)
        digest = _digest(text)
        if self._last_parsed is None or self._last_parsed[0] != digest:
            self._last_parsed = digest, Snapshot.parse(text, previous=previous)
        return self._last_parsed[1]

    def _refresh(self, generation: int, version: str | None, *, age: float = 0.0) -> None:
        confirmed_at = self._clock.monotonic() - age
        self._store.refresh(generation=generation, version=version, at=confirmed_at)
        self._succeeded()

    def _note(self, failure: Failed, *, clears: bool = False) -> None:
        error = LoadError(failure.kind, failure.message, failure.status, self._clock.wall())
        self.last_error = error
        is_logged = self._outage.failed(
            self._clock.monotonic(),
            clears=clears,
            is_new_mistake=failure.kind in _OF_CONTENT and failure.message != self._last_logged,
        )
        if is_logged:
            self._last_logged = failure.message
        try:
            self._log_failure(failure, logging.WARNING if is_logged else logging.DEBUG)
        finally:
            _call("failed", self._on_failure, error)

    def _succeeded(self) -> None:
        """Note the end of an outage, if there was one, after the definitions are in use."""
        if self.last_error is None:
            return
        self.last_error = None
        lasted = self._outage.ended(self._clock.monotonic())
        try:
            if lasted is not None:
                message = "Flag definitions load again, after %.0f s and %d failed loads"
                failures = self._outage.failures
                extra = log_fields(count=failures, seconds=lasted)
                _log.warning(message, lasted, failures, extra=extra)
        finally:
            _call("recovered", self._on_recovery)

    def _log_failure(self, failure: Failed, level: int) -> None:
        loaded = self._store.current.snapshot is not None
        consequence = (
            "the last good definitions stay in use" if loaded else "no definitions are in use"
        )
        extra = log_fields(reason=str(failure.kind), status=failure.status)
        message = "Could not load flag definitions: %s; %s"
        _log.log(level, message, failure.message, consequence, extra=extra)


def _call(loads: str, callback: Callable[..., object], *arguments: object) -> None:
    try:
        callback(*arguments)
    except application_errors():
        log_error(_log, "The callback for %s definition loads raised", loads)


def _text_of(document: DefinitionsDocument) -> str | bytes | None:
    """Return the JSON text of `document`; None if only the engine can read it."""
    if isinstance(document, bytes | str):
        return document
    try:
        return json.dumps(document)
    except (TypeError, ValueError, RecursionError):
        return None


def _digest(text: str | bytes) -> bytes:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return blake2b(data, digest_size=16).digest()
