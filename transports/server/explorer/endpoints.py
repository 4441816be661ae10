"""The endpoints of the page: they read, and change nothing.

What may take longer than a moment runs in a thread, on values that never change, while the event loop goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from flagengine import Snapshot, evaluate

from ..project import Project
from ..server import Server
from ..web.body import unpacked_body
from ..web.lenient_json import json_of
from ..web.request import Request
from ..web.response import Headers, Response, Streamed, json_response
from .answers import explained, in_short
from .catalogue import Catalogue
from .news import news, state_of
from .person import MOST_PEOPLE, Person, refused
from .second_file import compared, facts, read_file, read_text
from .what_if import Change, what_if

__all__ = ["MOST_BODY", "Explorer"]

MOST_BODY: Final = 16 * 1024 * 1024
"""The most bytes of a request, which may have a second definitions document."""

_MOST_KEYS: Final = 1_000
_NO_STORE: Final[Headers] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_STREAM: Final[Headers] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),
    *_NO_STORE,
)


class Explorer:
    """The endpoints of a server's page."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._catalogues: dict[str, Catalogue] = {}

    async def overview(self, request: Request) -> Response:
        """Answer with everything that does not depend on a person."""
        project = self._project(request)
        catalogue, settings = self._catalogue(project), self._server.settings
        found = await asyncio.to_thread(lambda: catalogue.overview)
        second = settings.compare_with
        return _json(
            {
                **found,
                "project": project.name,
                "projects": [each.name for each in self._server.projects],
                "state": state_of(project),
                "complete": project.settings.complete,
                "controlled": project.forced.controlled.to_dict(),
                "can_control": settings.control_key is not None,
                "second_file": None if second is None else second.name,
            }
        )

    async def answers(self, request: Request) -> Response:
        """Answer with the answers of all flags, or of those named, for one or more people."""
        project, sent = self._asked(request)
        people = sent.get("people")
        if not isinstance(people, list) or not 1 <= len(people) <= MOST_PEOPLE:
            raise refused(f"people must be a list of 1 to {MOST_PEOPLE} people")
        keys = sent.get("flags")
        if keys is not None and not (isinstance(keys, list) and len(keys) <= _MOST_KEYS):
            raise refused(f"flags must be a list of at most {_MOST_KEYS:,} keys")
        named: dict[str, Any] = {} if keys is None else {"flag_keys": list(map(str, keys))}
        snapshot = self._catalogue(project).snapshot
        calls = [
            (person, project.options({**person.options, **named}))
            for person in map(Person.parse, people)
        ]
        found = await asyncio.to_thread(
            lambda: [
                in_short(evaluate(snapshot, who.distinct_id, who.properties, **options).values())
                for who, options in calls
            ]
        )
        return _json({"answers": found})

    async def explanation(self, request: Request) -> Response:
        """Answer with one answer and everything that led to it."""
        project, sent = self._asked(request)
        catalogue, person = self._catalogue(project), Person.parse(sent.get("person", {}))
        key = _known(catalogue.snapshot, sent.get("key"))
        options = project.options(person.options)
        return _json(await asyncio.to_thread(explained, catalogue, key, person, options))

    async def what_if(self, request: Request) -> Response:
        """Answer with what another rollout would change."""
        project, sent = self._asked(request)
        snapshot, person = self._catalogue(project).snapshot, Person.parse(sent.get("person", {}))
        change = Change.parse(sent)
        _known(snapshot, change.key)
        options = project.options(person.options)
        found = await asyncio.to_thread(
            what_if, snapshot, change, person, options, clock=self._server.clock
        )
        return _json(found)

    async def comparison(self, request: Request) -> Response:
        """Answer with what a second file changes; it is in the request, or in the server's settings."""
        project, sent = self._asked(request)
        person = Person.parse(sent.get("person", {}))
        snapshot, options = self._catalogue(project).snapshot, project.options(person.options)
        text, is_after = sent.get("document"), sent.get("direction") != "from"

        def found() -> dict[str, Any]:
            second = (
                read_file(self._server.settings.compare_with) if text is None else read_text(text)
            )
            both = (snapshot, second) if is_after else (second, snapshot)
            return {**compared(*both, person, options), **facts(second)}

        return _json(await asyncio.to_thread(found))

    def changes(self, request: Request) -> Streamed:
        """Stream what changes."""
        return Streamed(news(self._project(request), self._server.changes), _STREAM)

    # What all of them need.

    def _project(self, request: Request) -> Project:
        name = request.query.get("project")
        for project in self._server.projects:
            if not name or project.name == name:
                return project
        raise refused(f"there is no project {name!r:.100}", 404)

    def _asked(self, request: Request) -> tuple[Project, Mapping[str, Any]]:
        project = self._project(request)
        try:
            sent = json_of(unpacked_body(request, limit=MOST_BODY))
        except ValueError as error:
            raise refused(f"the request must be JSON: {error}") from None
        if not isinstance(sent, Mapping):
            raise refused(f"the request must be an object, got {type(sent).__name__}")
        return project, sent

    def _catalogue(self, project: Project) -> Catalogue:
        publication = project.publication
        snapshot = _NOTHING if publication is None else publication.snapshot
        found = self._catalogues.get(project.name)
        if found is None or found.snapshot is not snapshot:
            found = self._catalogues[project.name] = Catalogue(snapshot)
        return found


_NOTHING: Final = Snapshot.parse({"flags": []})


def _known(snapshot: Snapshot, key: Any) -> str:
    if isinstance(key, str) and key in snapshot.flags:
        return key
    raise refused(f"the definitions have no flag {key!r:.100}", 404)


def _json(value: Any) -> Response:
    return json_response(value, 200, _NO_STORE)
