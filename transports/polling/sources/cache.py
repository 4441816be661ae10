"""Sharing definitions between processes: the cache provider contract, and when it is consulted.

A provider is any object with four operations, each synchronous or a coroutine function:

- ``should_fetch_flag_definitions() -> bool``: whether it is this process's turn to ask the server.
- ``get_flag_definitions() -> document | None``: the stored document; None if there is none.
- ``on_flag_definitions_received(document)``: store this for the others. The document is complete:
  every top-level field the server sent, since some of them change answers.
- ``shutdown()``: give up the turn, close what is open.

Three more are called where present:

- ``on_flag_definitions_unchanged()`` when the server said that the document stored last is still
  the latest, so that it can be kept from expiring.
- ``get_flag_definitions_text() -> bytes | str | None`` and
  ``on_flag_definitions_text_received(text)`` in place of the second and third operation: a provider
  that stores JSON text gets it as the server sent it. Only a source that has no text, but a
  mapping, leads to ``on_flag_definitions_received``.

Whatever an operation raises, and ten seconds without an answer, cost a warning and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from flagengine import Snapshot, SnapshotError

from ...http.redaction import redact_text
from ...json_text import read_json
from ...steps import Call
from ..actions import PollAction, Publish, Refresh
from ..fetch_results import DefinitionsDocument, Failed, FailureKind, FetchResult, Loaded
from .base import DefinitionSource

__all__ = ["FlagDefinitionCacheProvider", "SharedSource"]

_log = logging.getLogger("flagengine.definitions")

OPERATION_TIMEOUT = 10.0

_UNREADABLE = "the definition cache could not be read: "


class FlagDefinitionCacheProvider(Protocol):
    """The four operations; see the module."""

    def should_fetch_flag_definitions(self) -> bool | Awaitable[bool]:
        """Return whether this process is to ask the server."""
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
        """Release what is held."""
        ...


class SharedSource:
    """A source and a cache: on this process's turn it asks the source, else it reads the cache.

    Args:
        source: where definitions come from; None: only what the cache holds.
        provider: the cache.
        perform: carries out an operation of the provider or the source, awaited if need be.
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

    def fetch(self, version: str | None, *, loaded: bool) -> FetchResult:
        """Get definitions from the cache or from the source, whichever the contract says."""
        self._has_turn = False
        try:
            has_turn = self._operate(self._provider.should_fetch_flag_definitions)
        except Exception as error:  # noqa: BLE001 - a provider may raise anything
            _warn("should_fetch_flag_definitions", error, "asking the server directly")
            return self._ask(version)
        if has_turn and self._source is not None:
            self._has_turn = True
            return self._ask(version)
        # With nothing cached and nothing loaded, a request too many is better than no flags.
        return self._read(loaded=loaded) or self._ask(version)

    def share(self, action: PollAction) -> None:
        """Pass on what the server sent on this process's turn: `action` is what it led to."""
        if not self._has_turn:
            return
        if isinstance(action, Publish):
            self._store(action.loaded.document)
        elif isinstance(action, Refresh):
            self._confirm()

    def shutdown(self, timeout: float = OPERATION_TIMEOUT) -> None:
        """Let the provider release what it holds."""
        try:
            bound = min(timeout, OPERATION_TIMEOUT)
            self._perform(Call(self._provider.shutdown, (), bound))
        except Exception as error:  # noqa: BLE001 - a provider may raise anything
            _warn("shutdown", error, "shutting down all the same")

    def _ask(self, version: str | None) -> FetchResult:
        if self._source is None:
            message = "the definition cache is empty and there is no source to ask"
            return Failed(FailureKind.CACHE, message, once_per_episode=True)
        result: FetchResult = self._perform(Call(self._source.fetch, (version,)))
        return result

    def _read(self, *, loaded: bool) -> FetchResult | None:
        """Return what the cache holds, a failure that keeps what is loaded, or None: ask."""
        provider = self._provider
        get = getattr(provider, "get_flag_definitions_text", provider.get_flag_definitions)
        try:
            document = self._operate(get)
            if document is not None:
                # Parsed at once if nothing is loaded: a broken document must lead to the server.
                snapshot = None if loaded else Snapshot.parse(document)
                if_malformed = Failed(FailureKind.CACHE, _UNREADABLE)
                return Loaded(document, if_malformed=if_malformed, snapshot=snapshot)
        except Exception as error:  # noqa: BLE001 - a provider may raise anything
            if loaded:
                return Failed(FailureKind.CACHE, _UNREADABLE + _described(error))
            _warn("get_flag_definitions", error, "asking the server directly")
            return None
        if loaded:
            message = "the definition cache is empty"
            return Failed(FailureKind.CACHE, message, once_per_episode=True)
        return None

    def _store(self, document: DefinitionsDocument) -> None:
        store: Any = self._provider.on_flag_definitions_received
        store_text = getattr(self._provider, "on_flag_definitions_text_received", None)
        try:
            if not isinstance(document, bytes | str):
                self._operate(store, document)
            elif store_text is not None:
                self._operate(store_text, document)
            else:
                self._operate(store, read_json(document))
        except Exception as error:  # noqa: BLE001 - a provider may raise anything
            consequence = "the new definitions stay in use here"
            _warn("on_flag_definitions_received", error, consequence)

    def _confirm(self) -> None:
        confirm = getattr(self._provider, "on_flag_definitions_unchanged", None)
        if confirm is None:
            return
        try:
            self._operate(confirm)
        except Exception as error:  # noqa: BLE001 - a provider may raise anything
            _warn("on_flag_definitions_unchanged", error, "the definitions stay in use here")

    def _operate(self, operation: Any, *arguments: object) -> Any:
        return self._perform(Call(operation, arguments, OPERATION_TIMEOUT))


def _warn(operation: str, error: Exception, consequence: str) -> None:
    message = "The flag definition cache failed in %s (%s); %s"
    _log.warning(message, operation, _described(error), consequence)


def _described(error: Exception) -> str:
    if isinstance(error, SnapshotError):
        return redact_text(str(error))
    # The message of a foreign exception may hold an address with a password in it.
    return type(error).__name__
