"""The object behind the fixture ``flags``: it forces values, notes reads, and has a client for tests."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from flagengine import NOT_GIVEN, Overrides, extra_for

from ..batching.sinks.memory import MemorySink
from ..flags.scopes import Scope
from ..polling.fetch_results import DefinitionsDocument
from ..polling.sources.memory import MemoryDefinitions
from .recorder import ReadRecorder

if TYPE_CHECKING:  # the client needs an extra, which tests of the engine alone do not
    from ..client.client import Client
    from ..flags.evaluated import FlagEvaluated

__all__ = ["ForcedFlags"]


class ForcedFlags:
    """Values of flags that hold for every client of the process, from ``with`` to its end.

    Also for clients that were made before, that have no key, or that are disabled; in this thread or task
    and those that it starts, and in threads without forced flags of their own. Reading a forced flag
    sends no event and asks no server. Flags without a forced value are evaluated as ever.

    Args:
        definitions: the definitions of ``client``; see `define`.
        of_test: whether the values also hold in event loops that were there before, as plugins for
            asyncio keep them for several tests; for the fixture of a test.

    >>> with ForcedFlags() as flags:
    ...     flags.set("beta")
    ...     flags.set("pricing", "annual", payload={"price": 90})
    ...     flags.client.get_feature_flag_payload("pricing", "user-1")
    {'price': 90}
    """

    def __init__(
        self, definitions: DefinitionsDocument | None = None, *, of_test: bool = False
    ) -> None:
        self._definitions = definitions
        self._recorder = ReadRecorder()
        self._scope = Scope(watcher=self._recorder, of_test=of_test)
        self._client: Client | None = None

    def __enter__(self) -> Self:
        self._scope.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._scope.end()
        if self._client is not None:
            self._client.shutdown(0, discard=True)
            self._client = None

    @property
    def is_here(self) -> bool:
        """Whether the block began in this thread or task, or in one that started this task."""
        return self._scope.is_here

    # Forced values.

    def set(self, key: str, value: Any = True, *, payload: Any = NOT_GIVEN) -> None:  # noqa: FBT002
        """Force a flag's value and, if it is given, its payload, which is any JSON value.

        The value is True, False, a variant, a number or an object as flags of format 2 have them, or None:
        then the flag counts as missing. A second call for the same flag replaces both.

        Raises:
            TypeError: the key is no text, or the value or the payload is something else.
        """
        payloads = {} if payload is NOT_GIVEN else {key: payload}
        forced = Overrides.parse({"flags": {key: value}, "payloads": payloads})
        self._scope.overrides = self._without((key,)) | forced

    def update(self, overrides: Any = None, /, **values: Any) -> None:
        """Force many flags: a mapping of values, a list of keys to turn on, one key, or keywords.

        A mapping may be ``{"flags": {...}, "payloads": {...}}``, as for ``override_feature_flags``.

        Raises:
            TypeError: the argument has another form, or a value is impossible.
        """
        forced = Overrides.parse([overrides] if isinstance(overrides, str) else overrides)
        if forced.clears_flags or forced.clears_payloads:
            msg = "forced flags must be values by key, or keys to turn on, got False"
            raise TypeError(msg)
        forced |= Overrides.parse({"flags": values})
        self._scope.overrides = self._without(forced.flags) | forced

    def unset(self, *keys: str) -> None:
        """Evaluate these flags again; do nothing for those without a forced value."""
        self._scope.overrides = self._without(keys)

    def clear(self) -> None:
        """Evaluate all flags again."""
        self._scope.overrides = Overrides()

    def _without(self, keys: Iterable[str]) -> Overrides:
        before, gone = self._scope.overrides, frozenset(keys)
        return Overrides(
            {key: value for key, value in before.flags.items() if key not in gone},
            {key: value for key, value in before.payloads.items() if key not in gone},
        )

    @property
    def overrides(self) -> Overrides:
        """The forced values, for ``evaluate(..., overrides=flags.overrides)`` without a client."""
        return self._scope.overrides

    # What was read.

    @property
    def read(self) -> list[str]:
        """The keys of the flags that clients have read, in the order of their first reads."""
        return self._recorder.keys

    @property
    def evaluated(self) -> list[FlagEvaluated]:
        """Every read of clients, with its result, its person and its origin, in their order."""
        return list(self._recorder.evaluated)

    # A client for tests.

    @property
    def client(self) -> Client:
        """A client of this test: it asks no server, starts no thread, and keeps its events in memory.

        Made at the first access, and shut down with the block. Needs the extra ``client``.
        """
        if self._client is None:
            self._client = self._new_client()
        return self._client

    def define(self, document: DefinitionsDocument) -> None:
        """Evaluate with these definitions in ``client``: a mapping, JSON text or UTF-8 bytes.

        Raises:
            SnapshotError: the document is no definitions document.
        """
        self._source.replace(document)
        if self._client is not None:
            self._client.reload_feature_flags()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that ``client`` has captured so far, as dicts with ``event``, ``properties`` and others."""
        if self._client is not None:
            self._client.flush()
        return [event.decoded() for event in self._sink.events]

    @cached_property
    def _source(self) -> MemoryDefinitions:
        return MemoryDefinitions(self._definitions)

    @cached_property
    def _sink(self) -> MemorySink:
        return MemorySink()

    def _new_client(self) -> Client:
        with extra_for("flags.client"):
            from ..batching.drivers import ManualDriver  # noqa: PLC0415 - with the client
            from ..client.client import Client  # noqa: PLC0415 - needs an extra

        return Client(definitions=self._source, sink=self._sink, driver=ManualDriver())
