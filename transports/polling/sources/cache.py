"""Sharing definitions between processes: the cache provider contract, and when it is called.

A provider is any object with four operations, each synchronous or a coroutine function:

- ``should_fetch_flag_definitions() -> bool``: return whether this process must ask the server now.
- ``get_flag_definitions() -> document | None``: return the stored document; None if there is none.
- ``on_flag_definitions_received(document)``: store the document for the other processes. It has
  every top-level field that the server sent, because some of the fields change answers.
- ``shutdown()``: release the lock on asking the server, close what is open.

Four more operations are called if the provider has them:

- ``on_flag_definitions_unchanged() -> bool | None``: the server has confirmed that the stored document is
  still the latest, so the provider can extend its expiry. False says that nothing is stored any more: then
  the next poll asks for the whole document, which is stored again. So it does after storing has failed.
- ``get_flag_definitions_text() -> bytes | str | None`` and
  ``on_flag_definitions_text_received(text)``: used in place of the second and third operation, so
  that a provider can store the JSON text as the server sent it. A source that returns a mapping
  still leads to ``on_flag_definitions_received``.
- ``flag_definitions_age() -> float | None``: return the seconds since the server sent or last
  confirmed the stored document, None if they are unknown. Without it, a process that reads the
  cache takes the document for as fresh as its own reading.

A process that must ask the server, fails, and has no definitions yet uses the stored document, unless
the server has refused the key or the quota is used up.

An operation that raises, or does not return within ten seconds, only causes a warning, one for each
operation until it succeeds again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from flagengine import Snapshot, SnapshotError

from ...application_errors import application_errors
from ...http.redaction import redact_text
from ...incidents import Incidents
from ...json_text import read_json
from ...log_fields import log_fields
from ...steps import Call
from ..actions import PollAction, Publish, Refresh
from ..fetch_results import DefinitionsDocument, Failed, FailureKind, FetchResult, Loaded
from ..policy import failure_rule
from .base import DefinitionSource

__all__ = ["FlagDefinitionCacheProvider", "SharedSource"]

_log = logging.getLogger("flagengine.definitions")

OPERATION_TIMEOUT = 10.0

_UNREADABLE = "could not read the definition cache: "


class FlagDefinitionCacheProvider(Protocol):
    """A cache provider; the module's docstring describes the operations."""

    def should_fetch_flag_definitions(self) -> bool | Awaitable[bool]:
        """Return whether this process must ask the server now."""
        ...

    def get_flag_definitions(
        self,
    ) -> Mapping[str, Any] | Awaitable[Mapping[str, Any] | None] | None:
        """Return the stored document; None if there is none."""
        ...

    def on_flag_definitions_received(self, document: Mapping[str, Any], /) -> object:
        """Store the document that the server sent."""
        ...

    def shutdown(self) -> object:
        """Release the lock on asking the server, and close what is open."""
        ...


class SharedSource:
    """A source behind a cache: the provider says whether to ask the source or to read the cache.

    Args:
        source: where definitions come from; None: only from the cache.
        provider: the cache.
        perform: calls an operation of the provider or the source, and awaits a coroutine.
    """

    def __init__(
        self,
        source: DefinitionSource | None,
        provider: FlagDefinitionCacheProvider,
        perform: Callable[[Call], Any],
    ) -> None:
        self._source = source
        self._provider: Any = provider
        self._perform = perform
        self._has_turn = False
        # Whether the cache lacks what the server has confirmed, or was not told of it.
        self._lacks_latest = False
        self._incidents = Incidents()

    def fetch(self, version: str | None, *, loaded: bool) -> FetchResult:
        """Return definitions from the cache or from the source, as the provider decides."""
        self._has_turn = False
        try:
            has_turn = self._operate(self._provider.should_fetch_flag_definitions)
            self._incidents.resolve("should_fetch_flag_definitions")
        except application_errors() as error:
            self._warn("should_fetch_flag_definitions", error, "asking the server directly")
            return self._ask(version)
        if has_turn and self._source is not None:
            self._has_turn = True
            return self._ask(None if self._lacks_latest else version)
        # With an empty cache and no definitions loaded, an extra request is better than no flags.
        return self._read(loaded=loaded) or self._ask(version)

    def in_place_of(self, failure: Failed) -> FetchResult:
        """Return what stands in for a failure to load the first definitions: the cached ones, or the failure.

        A failure that takes definitions out of use stays one.
        """
        if not self._has_turn or failure_rule(failure).clears:
            return failure
        cached = self._read(loaded=False)
        if cached is None:
            return failure
        self._has_turn = False  # What came from the cache is not stored there again.
        message = "Could not load flag definitions: %s; those in the definition cache are in use"
        _log.warning(message, failure.message, extra=log_fields(reason=str(failure.kind)))
        return cached

    def share(self, action: PollAction) -> None:
        """Pass the server's reply on to the provider; `action` is what the poller made of it."""
        if not self._has_turn:
            return
        if isinstance(action, Publish):
            self._store(action.loaded.document)
        elif isinstance(action, Refresh):
            self._confirm()

    def shutdown(self, timeout: float = OPERATION_TIMEOUT) -> None:
        """Shut the provider down."""
        try:
            bound = min(timeout, OPERATION_TIMEOUT)
            self._perform(Call(self._provider.shutdown, (), bound))
        except application_errors() as error:
            self._warn("shutdown", error, "shutting down all the same")

    def _ask(self, version: str | None) -> FetchResult:
        if self._source is None:
            message = "the definition cache is empty and there is no source to ask"
            return Failed(FailureKind.CACHE, message)
        result: FetchResult = self._perform(Call(self._source.fetch, (version,)))
        return result

    def _read(self, *, loaded: bool) -> FetchResult | None:
        """Return the cached definitions, or a failure; None if the source must be asked."""
        provider = self._provider
        get = getattr(provider, "get_flag_definitions_text", provider.get_flag_definitions)
        try:
            document = self._operate(get)
            self._incidents.resolve("get_flag_definitions")
            if document is not None:
                # Without loaded definitions, parse now: a broken document must lead to a request.
                snapshot = None if loaded else Snapshot.parse(document)
                if_malformed = Failed(FailureKind.CACHE, _UNREADABLE)
                return Loaded(
                    document, if_malformed=if_malformed, snapshot=snapshot, age=self._age()
                )
        except application_errors() as error:
            if loaded:
                return Failed(FailureKind.CACHE, _UNREADABLE + _described(error))
            self._warn("get_flag_definitions", error, "asking the server directly")
            return None
        if loaded:
            message = "the definition cache is empty"
            return Failed(FailureKind.CACHE, message)
        return None

    def _age(self) -> float:
        """Return how old the provider says that the stored document is, in seconds; 0 if it does not know."""
        operation = getattr(self._provider, "flag_definitions_age", None)
        if operation is None:
            return 0.0
        try:
            age = self._operate(operation)
            self._incidents.resolve("flag_definitions_age")
        except application_errors() as error:
            self._warn("flag_definitions_age", error, "the definitions count as just confirmed")
            return 0.0
        is_known = isinstance(age, int | float) and math.isfinite(age) and age > 0
        return float(age) if is_known else 0.0

    def _store(self, document: DefinitionsDocument) -> None:
        self._lacks_latest = True
        store: Any = self._provider.on_flag_definitions_received
        store_text = getattr(self._provider, "on_flag_definitions_text_received", None)
        try:
            if not isinstance(document, bytes | str):
                self._operate(store, document)
            elif store_text is not None:
                self._operate(store_text, document)
            else:
                self._operate(store, read_json(document))
            self._lacks_latest = False
            self._incidents.resolve("on_flag_definitions_received")
        except application_errors() as error:
            consequence = "the new definitions stay in use here"
            self._warn("on_flag_definitions_received", error, consequence)

    def _confirm(self) -> None:
        confirm = getattr(self._provider, "on_flag_definitions_unchanged", None)
        if confirm is None:
            return
        try:
            self._lacks_latest = self._operate(confirm) is False
            self._incidents.resolve("on_flag_definitions_unchanged")
        except application_errors() as error:
            self._warn("on_flag_definitions_unchanged", error, "the definitions stay in use here")

    def _operate(self, operation: Any, *arguments: object) -> Any:
        return self._perform(Call(operation, arguments, OPERATION_TIMEOUT))

    def _warn(self, operation: str, error: BaseException, consequence: str) -> None:
        level = logging.WARNING if self._incidents.opens(operation) else logging.DEBUG
        message = "The flag definition cache failed in %s (%s); %s"
        extra = log_fields(error=error)
        _log.log(level, message, operation, _described(error), consequence, extra=extra)


def _described(error: BaseException) -> str:
    if isinstance(error, SnapshotError):
        return redact_text(str(error))
    # The message of a foreign exception may contain a URL with a password.
    return type(error).__name__
