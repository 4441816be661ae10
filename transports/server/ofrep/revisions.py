"""The state that a project's answers come from: its name, and what is made of it once."""

from __future__ import annotations

import hashlib

from flagengine import Overrides

from ...json_text import to_json
from ..project import Project
from ..publication import Publication
from .items import FlagItems

__all__ = ["Revisions"]


class Revisions:
    """The states of all projects. Used by the event loop alone."""

    def __init__(self) -> None:
        self._items: dict[str, FlagItems] = {}
        self._names: dict[str, tuple[Publication, Overrides, str]] = {}

    def items_of(self, project: Project, publication: Publication) -> FlagItems:
        """Return the items of a project's publication."""
        found = self._items.get(project.name)
        if found is None or found.publication is not publication:
            found = self._items[project.name] = FlagItems(publication)
        return found

    def of(self, project: Project) -> str | None:
        """Return the name of a project's definitions and forced values: the same for equal ones, in every process.

        None while no definitions are loaded.
        """
        publication, forced = project.publication, project.forced.current
        if publication is None:
            return None
        known = self._names.get(project.name)
        if known is not None and known[0] is publication and known[1] is forced:
            return known[2]
        parts = [publication.snapshot.fingerprint, dict(forced.flags), dict(forced.payloads)]
        name = hashlib.blake2b(to_json(parts), digest_size=12).hexdigest()
        self._names[project.name] = publication, forced, name
        return name
