"""Definitions that the application assigns, as tests do: ``client.feature_flags = [...]``."""

from __future__ import annotations

from typing import Any

from ..client.components import Components
from ..client.definitions import on_change
from ..polling.loader import DefinitionLoader
from ..polling.sources.memory import MemoryDefinitions

__all__ = ["AssignedDefinitions"]


class AssignedDefinitions:
    """The definitions of a client that are assigned part by part.

    The first assignment ends the loading from the server.
    """

    def __init__(self, components: Components) -> None:
        self._components = components
        self._loader: DefinitionLoader | None = None

    @property
    def document(self) -> dict[str, Any]:
        """A copy of the document in use; without flags if none is."""
        loader = self._components.loader
        snapshot = None if loader is None else loader.store.current.snapshot
        return {"flags": []} if snapshot is None else dict(snapshot.to_document())

    def assign(self, part: str, value: Any) -> None:
        """Replace a part of the document.

        Raises:
            SnapshotError: the result is no definitions document.
        """
        document = {**self.document, part: value}
        if self._loader is None:
            self._begin(document)
        else:
            self._loader.publish(document)

    def _begin(self, document: dict[str, Any]) -> None:
        components, replaced = self._components, self._components.loader
        loader = DefinitionLoader(
            MemoryDefinitions(document),
            clock=components.clock,
            budget=components.options.staleness,
            reads=components.reads,
        )
        loader.store.subscribe(on_change(components))
        components.evaluator.prepare()
        loader.tick()
        with components.reads.changing():
            components.loader = self._loader = loader
        if replaced is not None:
            replaced.shutdown(0.0)
