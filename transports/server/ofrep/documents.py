"""A document with an ETag, which its client may keep and asks for again."""

from __future__ import annotations

from ..publication import ServedDocument
from ..web.etags import is_named
from ..web.request import Request
from ..web.response import JSON_TYPE, REVALIDATED, Headers, Response

__all__ = ["served"]


def served(request: Request, document: ServedDocument, headers: Headers = ()) -> Response:
    """Return the document, or 304 if the client has it; both with its ETag and these headers."""
    headers = ((b"etag", f'"{document.etag}"'.encode()), REVALIDATED, *headers)
    if is_named(request.header(b"if-none-match"), document.etag):
        return Response(304, b"", headers)
    return Response(200, document.body, (JSON_TYPE, *headers))
