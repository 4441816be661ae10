"""Which project a request is about: the key in a body names it, and a secret key opens its definitions."""

from __future__ import annotations

from ..project import Project, Projects
from ..publication import Publication
from ..web.request import Request
from . import errors

__all__ = ["asked_project", "readable_definitions"]


def asked_project(projects: Projects, token: str | None) -> Project:
    """Count a request for flags of the project with a key, and return the project.

    Raises:
        Refused: no key, or a key of no project (401); too many requests (429).
    """
    if token is None:
        raise errors.no_project_key()
    project = projects.by_key(token)
    if project is None:
        raise errors.invalid_project_key()
    return _limited(project)


def readable_definitions(projects: Projects, request: Request) -> tuple[Project, Publication]:
    """Count a request with a secret key, and return the project that it may read, with its definitions.

    A ``token`` in the query must be that project's.

    Raises:
        Refused: no key, a wrong key, or the key of another project (401); too many requests (429); no
            definitions are loaded (503).
    """
    project = _limited(_readable(projects, request))
    publication = project.publication
    if publication is None:
        raise errors.not_loaded()
    return project, publication


def _readable(projects: Projects, request: Request) -> Project:
    secret = request.bearer
    if secret is None:
        raise errors.no_credentials()
    token = request.query.get("token")
    if token:
        project = projects.by_key(token)
        if project is None:
            raise errors.invalid_project_key()
        if project.may_read_definitions(secret):
            return project
    else:
        project = projects.by_secret(secret)
        if project is not None:
            return project
    raise errors.invalid_secret_key()


def _limited(project: Project) -> Project:
    seconds = project.limit.refused_for()
    if seconds:
        raise errors.too_many_requests(seconds)
    return project
