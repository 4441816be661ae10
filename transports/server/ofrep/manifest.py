"""``/openfeature/v0/manifest``: the flags with their types, for ``openfeature pull``. Read-only.

The manifest has the descriptions of flags, so it needs a key that may read the definitions.
"""

from __future__ import annotations

from typing import Any, Final

from ...json_text import to_json
from ..project import Project, Projects
from ..publication import ServedDocument
from ..web.request import Request
from ..web.response import Headers, Refused, Response, json_response
from .documents import served
from .items import FlagItems
from .revisions import Revisions

__all__ = ["PATH", "ManifestEndpoint"]

PATH: Final = "/openfeature/v0/manifest"

_CAPABILITIES: Final = (b"x-manifest-capabilities", b"read")


class ManifestEndpoint:
    """The endpoint, also for requests that would change the flags."""

    def __init__(self, projects: Projects, revisions: Revisions) -> None:
        self._projects = projects
        self._revisions = revisions
        self._served: dict[str, tuple[FlagItems, ServedDocument]] = {}

    def read(self, request: Request) -> Response:
        """Answer with the manifest, or that it is the one that the caller has."""
        project = self._project(request)
        publication = project.publication
        if publication is None:
            raise _refusal(500, "no flag definitions are loaded", ((b"retry-after", b"1"),))
        document = self._document(project.name, self._revisions.items_of(project, publication))
        return served(request, document, (_CAPABILITIES, project.age_header))

    def write(self, request: Request) -> Response:
        """Refuse to change the flags, which are edited where the definitions come from."""
        self._project(request)
        message = "the flags are read-only here: edit them where the definitions come from"
        raise _refusal(403, message, (_CAPABILITIES,))

    def _document(self, name: str, items: FlagItems) -> ServedDocument:
        known = self._served.get(name)
        if known is None or known[0] is not items:
            flags = [_flag(key, entry) for key, entry in items.manifest.items()]
            known = self._served[name] = items, ServedDocument(to_json({"flags": flags}))
        return known[1]

    def _project(self, request: Request) -> Project:
        key, only = request.bearer, self._projects.only
        if key is None:
            # Of a project that takes any key, a request needs none.
            project = only if only is not None and only.may_read_definitions("") else None
        else:
            project = self._projects.by_secret(key)
            if project is None and self._projects.by_key(key) is not None:
                raise _refusal(403, "a project key may not read the manifest; a secret key may")
        if project is None:
            must = "Authorization: Bearer must have a secret key of a project"
            raise _refusal(401, must, ((b"www-authenticate", b"Bearer"),))
        seconds = project.limit.refused_for()
        if seconds:
            after = ((b"retry-after", b"%d" % seconds),)
            raise _refusal(429, "too many requests with this key", after)
        return project


def _flag(key: str, entry: dict[str, Any]) -> dict[str, Any]:
    flag = {"key": key, "type": entry["flagType"], "defaultValue": entry["defaultValue"]}
    return flag | ({"description": entry["description"]} if "description" in entry else {})


def _refusal(status: int, message: str, headers: Headers = ()) -> Refused:
    return Refused(
        json_response({"error": {"message": message, "status": status}}, status, headers)
    )
