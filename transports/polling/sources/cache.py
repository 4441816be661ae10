"""Sharing definitions between processes: the cache provider contract, and when it is consulted.

A provider is any object with four operations, each synchronous or a coroutine function:

- ``should_fetch_flag_definitions() -> bool``: is it this process's turn to ask the server?
- ``get_flag_definitions() -> document | None``: what has been stored; None: nothing.
- ``on_flag_definitions_received(document)``: keep this for the others. The document is complete:
  every top-level field the server sent, since some of them change answers.
- ``shutdown()``: give up the turn, close what is open.

A fifth, ``on_flag_definitions_unchanged()``, is called where present when the server said that what
was stored last still holds, so that it can be kept from expiring.

Whatever an operation raises, and ten seconds without an answer, cost a warning and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Protocol

from ...steps import Call, Steps
from ..answers import Answer, Document, Failed, FailureKind, Loaded
from ..documents import MalformedDefinitionsError, as_definitions
from .base import DefinitionSource

__all__ = [
    "FlagDefinitionCacheProvider",
    "Obtained",
    "confirm_in_cache",
    "obtain",
    "shut_down_cache",
    "store_in_cache",
]

_log = logging.getLogger("flagengine.definitions.model")

OPERATION_TIMEOUT = 10.0


class FlagDefinitionCacheProvider(Protocol):
    """The four operations; see the module."""

    def should_fetch_flag_definitions(self) -> bool | Awaitable[bool]:
        """Whether this process is to ask the server."""
        ...

    def get_flag_definitions(self) -> Document | Awaitable[Document | None] | None:
        """What is stored; None when nothing is."""
        ...

    def on_flag_definitions_received(self, document: Document, /) -> object:
        """Store what the server sent."""
        ...

    def shutdown(self) -> object:
        """Release what is held."""
        ...


@dataclass(frozen=True, slots=True)
class Obtained:
    """An answer, and whether it came from the server on this process's turn: then it is shared."""

    answer: Answer
    is_ours_to_share: bool = False


def obtain(
    source: DefinitionSource | None,
    provider: FlagDefinitionCacheProvider | None,
    version: str | None,
    *,
    loaded: bool,
) -> Steps[Obtained]:
    """Get definitions from the cache or from `source`, whichever the contract says."""
    if provider is None:
        return Obtained((yield from _ask(source, version)))
    try:
        ours = yield _call(provider.should_fetch_flag_definitions)
    except Exception as error:  # noqa: BLE001 - a provider may raise anything
        _warn("should_fetch_flag_definitions", error, "asking the server directly")
        return Obtained((yield from _ask(source, version)))
    if ours and source is not None:
        return Obtained((yield from _ask(source, version)), is_ours_to_share=True)
    answer = yield from _read(provider, loaded=loaded)
    if answer is None:
        # Nothing cached and nothing loaded: better one request too many than no flags.
        answer = yield from _ask(source, version)
    return Obtained(answer)


def store_in_cache(provider: FlagDefinitionCacheProvider, document: Document) -> Steps[None]:
    """Offer `document` to the other processes."""
    try:
        yield _call(provider.on_flag_definitions_received, document)
    except Exception as error:  # noqa: BLE001 - a provider may raise anything
        _warn("on_flag_definitions_received", error, "the new definitions stay in use here")


def confirm_in_cache(provider: FlagDefinitionCacheProvider) -> Steps[None]:
    """Tell the provider, if it wants to know, that what it stored last still holds."""
    confirm = getattr(provider, "on_flag_definitions_unchanged", None)
    if confirm is None:
        return
    try:
        yield _call(confirm)
    except Exception as error:  # noqa: BLE001 - a provider may raise anything
        _warn("on_flag_definitions_unchanged", error, "the definitions stay in use here")


def shut_down_cache(
    provider: FlagDefinitionCacheProvider, timeout: float = OPERATION_TIMEOUT
) -> Steps[None]:
    """Let the provider release what it holds."""
    try:
        yield Call(provider.shutdown, (), timeout)
    except Exception as error:  # noqa: BLE001 - a provider may raise anything
        _warn("shutdown", error, "shutting down all the same")


def _read(provider: FlagDefinitionCacheProvider, *, loaded: bool) -> Steps[Answer | None]:
    """Return what the cache holds, a failure that keeps what is loaded, or None: ask the server."""
    try:
        document = yield _call(provider.get_flag_definitions)
        if document is not None:
            return Loaded(as_definitions(document))
    except Exception as error:  # noqa: BLE001 - a provider may raise anything
        message = f"the definition cache could not be read: {_describe(error)}"
        if loaded:
            return Failed(FailureKind.CACHE, message)
        _warn("get_flag_definitions", error, "asking the server directly")
        return None
    if loaded:
        message = "the definition cache is empty"
        return Failed(FailureKind.CACHE, message, once_per_episode=True)
    return None


def _ask(source: DefinitionSource | None, version: str | None) -> Steps[Answer]:
    if source is None:
        message = "the definition cache is empty and there is no source to ask"
        return Failed(FailureKind.CACHE, message, once_per_episode=True)
    answer: Answer = yield Call(source.fetch, (version,))
    return answer


def _call(operation: Any, *arguments: object) -> Call:
    return Call(operation, arguments, OPERATION_TIMEOUT)


def _warn(operation: str, error: Exception, consequence: str) -> None:
    _log.warning(
        "The flag definition cache failed in %s (%s); %s", operation, _describe(error), consequence
    )


def _describe(error: Exception) -> str:
    if isinstance(error, MalformedDefinitionsError):
        return str(error)
    # The message of a foreign exception may hold an address with a password in it.
    return type(error).__name__
