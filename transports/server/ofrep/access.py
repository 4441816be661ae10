"""Which project a request is about: the project's own key or one of its secret keys names it."""

from __future__ import annotations

from ..project import Project, Projects
from ..web.request import Request
from . import errors

__all__ = ["TOKEN", "asked_project", "limited"]

TOKEN = "token"  # noqa: S105 a name
"""The parameter of the query that has the project key, where a browser can send no header."""


def asked_project(projects: Projects, request: Request, *, takes_token: bool = False) -> Project:
    """Return the project that a request names, or the only one if it is for development and has no key.

    The key is the value of ``X-API-Key``, or else of ``Authorization: Bearer``, or else, with
    ``takes_token``, of ``token`` in the query: a project key only, because addresses get into logs.

    Raises:
        Refused: no key, or a wrong key (401); too many requests (429).
    """
    key = request.header(b"x-api-key") or request.bearer
    if key is not None:
        project = projects.by_key(key) or projects.by_secret(key)
    else:
        key = request.query.get(TOKEN) if takes_token else None
        project = projects.by_key(key) if key else _open(projects)
    if project is None:
        raise errors.unauthorized(bool(key))
    return limited(project)


def limited(project: Project) -> Project:
    """Count a request of a project, and return the project.

    Raises:
        Refused: too many requests (429).
    """
    seconds = project.limit.refused_for()
    if seconds:
        raise errors.too_many_requests(seconds)
    return project


def _open(projects: Projects) -> Project | None:
    only = projects.only
    return only if only is not None and only.settings.project_key is None else None
