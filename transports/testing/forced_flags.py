"""The object behind the fixture ``flags``: it forces values, notes reads, and has a client for tests."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from flagengine import Overrides, extra_for

from ..batching.sinks.memory import MemorySink
from ..flags.scopes import Scope
from ..polling.fetch_results import DefinitionsDocument
from ..polling.sources.memory import MemoryDefinitions
from .forcing import Forcing
from .recorder import ReadRecorder

if TYPE_CHECKING:  # the client needs an extra, which tests of the engine alone do not
    from ..client.client import Client
    from ..flags.evaluated import FlagEvaluated

__all__ = ["ForcedFlags"]


class ForcedFlags(Forcing):
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

    def __exit__(self, *_: object) -> None:
        self._scope.end()
        if self._client is not None:
            self._client.shutdown(0, discard=True)
            self._client = None

    @property
    def is_here(self) -> bool:
        """Whether the block began in this thread or task, or in one that started this task."""
        return self._scope.is_here

    @property
    def overrides(self) -> Overrides:
        """The forced values, for ``evaluate(..., overrides=flags.overrides)`` without a client."""
        return self._scope.overrides

    def _force(self, overrides: Overrides) -> None:
        self._scope.overrides = overrides

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
