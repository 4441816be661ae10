"""``/flags/definitions`` and its older address: the definitions, for SDKs that evaluate flags themselves."""

from __future__ import annotations

from ..project import Project, Projects
from ..web.etags import is_named
from ..web.request import Request
from ..web.response import JSON_TYPE, Response
from . import errors

__all__ = ["DefinitionsEndpoint", "readable_project"]


class DefinitionsEndpoint:
    """The endpoint. The cohorts are always in the answer, as every SDK asks for them."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def __call__(self, request: Request) -> Response:
        """Answer with the definitions, or that they are those that the caller has."""
        project = readable_project(self._projects, request)
        publication = project.publication
        if publication is None:
            raise errors.not_loaded()
        served = publication.document
        etag = f'W/"{served.etag}"'.encode()
        headers = (
            (b"etag", etag),
            (b"cache-control", b"private, must-revalidate"),
            project.age_header,
        )
        if is_named(request.header(b"if-none-match"), served.etag):
            return Response(304, b"", headers)
        if "gzip" in (request.header(b"accept-encoding") or ""):
            packed = (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")
            return Response(200, served.compressed, (JSON_TYPE, *headers, *packed))
        return Response(200, served.body, (JSON_TYPE, *headers))


def readable_project(projects: Projects, request: Request) -> Project:
    """Return the project that a secret key may read; a ``token`` in the query must be that project's.

    Raises:
        Refused: no key, a wrong key, or the key of another project (401); too many requests (429).
    """
    secret = request.bearer
    if secret is None:
        raise errors.no_credentials()
    token = request.query.get("token")
    if token:
        project = projects.by_key(token)
        if project is None:
            raise errors.invalid_project_key()
        if not project.may_read_definitions(secret):
            raise errors.invalid_secret_key()
    else:
        project = projects.by_secret(secret)
        if project is None:
            raise errors.invalid_secret_key()
    seconds = project.limit.refused_for()
    if seconds:
        raise errors.too_many_requests(seconds)
    return project
