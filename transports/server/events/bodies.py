"""The bodies of requests with events, in every form that an SDK of PostHog sends.

A form is recognised by what is there, not by what is announced: browsers send gzip as ``text/plain``
without a word, beacons have no type, and older SDKs put base64 into a form or into the query.
"""

from __future__ import annotations

from typing import Any, Final

from ..web.body import (
    COMPRESSIONS,
    FORM_TYPE,
    GZIP_MAGIC,
    form_value,
    from_base64,
    unpacked_body,
)
from ..web.lenient_json import json_of
from ..web.request import Request
from ..web.response import Refused, text_response

__all__ = ["sent_value", "undecodable"]

_MULTIPART: Final = "multipart/"


def sent_value(request: Request, *, limit: int) -> Any:
    """Return the JSON value of a request's body, or of ``data`` in its query.

    The unpacked body has at most ``limit`` bytes.

    Raises:
        Refused: the body is damaged or no JSON (400), in an unknown form (415), or too large (413).
    """
    compression = request.query.get("compression", "")
    if compression not in COMPRESSIONS:
        raise undecodable(f"unsupported compression {compression[:40]!r}")
    body = _text(request, limit)
    if not body:
        raise undecodable("the body is empty")
    try:
        return json_of(body)
    except ValueError:
        pass
    try:
        return json_of(_from_base64(request, body, limit))
    except ValueError:
        raise undecodable("invalid JSON") from None


def _text(request: Request, limit: int) -> bytes:
    """Return the body without its compression and its form."""
    data = request.query.get("data")
    if data is not None and not request.body:
        return data.encode()
    kind = (request.header(b"content-type") or "").lower()
    if kind.startswith(_MULTIPART):
        message = "events must be sent as JSON, got a multipart form"
        raise Refused(text_response(message, 415))
    body = unpacked_body(request, limit=limit)
    if kind.startswith(FORM_TYPE) or body.startswith(b"data="):
        return form_value(body)
    return body


def _from_base64(request: Request, body: bytes, limit: int) -> bytes:
    """Return what the body's base64 stands for.

    Raises:
        ValueError: the body is not base64.
    """
    found = from_base64(body)
    if not found.startswith(GZIP_MAGIC):
        return found
    inner = Request("POST", request.path, body=found)
    return unpacked_body(inner, limit=limit)


def undecodable(why: str) -> Refused:
    """Return the refusal of a body that has no events: SDKs give such events up, and log the text."""
    return Refused(text_response(f"failed to decode request: {why}", 400))
