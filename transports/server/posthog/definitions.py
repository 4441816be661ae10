"""``/flags/definitions`` and its older address: the definitions, for SDKs that evaluate flags themselves."""

from __future__ import annotations

from ..project import Projects
from ..web.etags import is_named
from ..web.request import Request
from ..web.response import JSON_TYPE, Response
from .access import readable_definitions

__all__ = ["DefinitionsEndpoint"]


class DefinitionsEndpoint:
    """The endpoint. The cohorts are always in the answer, as every SDK asks for them."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def __call__(self, request: Request) -> Response:
        """Answer with the definitions, or that they are those that the caller has."""
        project, publication = readable_definitions(self._projects, request)
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
