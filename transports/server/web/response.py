"""Responses, and the refusals that end a request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias

from ...json_text import to_json

__all__ = [
    "JSON_TYPE",
    "NO_STORE",
    "REVALIDATED",
    "Headers",
    "Refused",
    "Response",
    "Streamed",
    "json_response",
    "no_content",
    "text_response",
]

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

JSON_TYPE: tuple[bytes, bytes] = (b"content-type", b"application/json")
NO_STORE: tuple[bytes, bytes] = (b"cache-control", b"no-store")
REVALIDATED: tuple[bytes, bytes] = (b"cache-control", b"private, no-cache")
"""Of an answer that its client may keep, and use again after asking whether it has changed."""

_TEXT_TYPE: tuple[bytes, bytes] = (b"content-type", b"text/plain; charset=utf-8")


class Response(NamedTuple):
    """A whole response. ``headers`` has neither a length nor cross-origin headers: the application adds both."""

    status: int
    body: bytes = b""
    headers: Headers = ()


class Streamed(NamedTuple):
    """A response whose body comes in pieces, until the client goes or the server stops."""

    pieces: AsyncIterator[bytes]
    headers: Headers


class Refused(Exception):  # noqa: N818 - a refusal is an answer, no failure of this program
    """Ends a request with a response."""

    def __init__(self, response: Response) -> None:
        super().__init__(HTTPStatus(response.status).phrase)
        self.response: Response = response


def json_response(value: Any, status: int = 200, headers: Headers = ()) -> Response:
    """Return a response with the JSON of a value."""
    return Response(status, to_json(value), (JSON_TYPE, *headers))


def text_response(text: str, status: int = 200, headers: Headers = ()) -> Response:
    """Return a response with plain text."""
    return Response(status, text.encode(), (_TEXT_TYPE, *headers))


def no_content(headers: Headers = ()) -> Response:
    """Return a response without a body."""
    return Response(HTTPStatus.NO_CONTENT, b"", headers)
