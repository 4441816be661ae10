"""Bodies: read within a limit of bytes and of time, unpacked within a limit, and decoded."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

from ...errors import InvalidResponseError, ResponseTooLargeError
from ...http.unpacking import unpack
from .begun import Begun
from .lenient_json import json_of
from .request import Request
from .response import Refused, text_response

__all__ = [
    "COMPRESSIONS",
    "FORM_TYPE",
    "GZIP_MAGIC",
    "Receive",
    "form_value",
    "from_base64",
    "read_body",
    "sent_json",
    "undecodable",
    "unpacked_body",
]

Receive: TypeAlias = Callable[[], Awaitable[Any]]

GZIP_MAGIC: Final = b"\x1f\x8b"
"""How a body in gzip begins, whatever its headers say."""
FORM_TYPE: Final = "application/x-www-form-urlencoded"
COMPRESSIONS: Final = frozenset({"", "gzip", "gzip-js", "base64"})
"""What SDKs of PostHog say in the query of how they have packed a body."""

_MOST_DIGITS: Final = 20
_JSON_TYPES: Final = frozenset({"", "application/json", "text/plain"})
_JSON: Final = b"application/json"


# Reading.


async def read_body(receive: Receive, length: bytes | None, *, limit: int, seconds: float) -> bytes:
    """Return the body of a request; ``length`` is what its header says.

    Raises:
        Refused: the body is larger than ``limit`` bytes (413), takes longer than ``seconds`` (408), or its
            client is gone.
    """
    if length is not None and _is_above(length, limit):
        raise _too_large(limit)
    reading = Begun(_whole(receive, limit))
    if reading.is_done:
        return reading.result
    try:
        async with asyncio.timeout(seconds):
            return await reading
    except TimeoutError:
        refusal = text_response(f"the request must arrive within {seconds:g} seconds", 408)
        raise Refused(refusal) from None


async def _whole(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(text_response("the client is gone", 400))
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join((*parts, part)) if parts else part
        parts.append(part)


def _is_above(length: bytes, limit: int) -> bool:
    # Python refuses to read numbers of thousands of digits.
    return not length.isdigit() or len(length) > _MOST_DIGITS or int(length) > limit


def _too_large(limit: int) -> Refused:
    return Refused(text_response(f"the body must have at most {limit:,} bytes", 413))


# Unpacking.


def unpacked_body(request: Request, *, limit: int) -> bytes:
    """Return the body without its compression, which SDKs announce in a header, in the query, or not at all.

    Raises:
        Refused: the body is damaged (400), in an unknown coding (415), or larger than ``limit`` bytes (413).
    """
    body = request.body
    coding = request.header(b"content-encoding") or ""
    if body.startswith(GZIP_MAGIC):
        coding = "gzip"
    elif "gzip" in coding.lower() or not coding:
        return body
    try:
        return unpack(body, coding, limit=limit, status=0)
    except ResponseTooLargeError:
        raise _too_large(limit) from None
    except InvalidResponseError:
        known = coding.strip().lower() in ("gzip", "x-gzip", "deflate")
        message = "the body is damaged" if known else "the body must be plain, gzip or deflate"
        raise Refused(text_response(message, 400 if known else 415)) from None


# Decoding.


def sent_json(request: Request, *, limit: int) -> Any:
    """Return the JSON value that an SDK of PostHog has sent: as JSON, or as base64 of JSON in a form.

    Raises:
        Refused: with the status and the words of PostHog's server.
    """
    compression = request.query.get("compression", "")
    if compression not in COMPRESSIONS:
        raise undecodable(f"unsupported compression: {compression[:40]!r}")
    body = unpacked_body(request, limit=limit)
    if request.field(b"content-type") != _JSON:  # the usual one, without a look at its parts
        kind = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
        if kind == FORM_TYPE:
            body = form_value(body)
        elif kind not in _JSON_TYPES:
            raise undecodable(f"unsupported content type: {kind[:80]!r}")
    try:
        return json_of(body)
    except ValueError:
        pass
    try:
        return json_of(from_base64(body))
    except ValueError:
        raise undecodable("invalid JSON") from None


def form_value(body: bytes) -> bytes:
    """Return the value of the field ``data`` of a form, or the whole text if it has none."""
    for field in body.split(b"&"):
        name, is_field, value = field.partition(b"=")
        if is_field and name == b"data":
            return unquote_to_bytes(value.replace(b"+", b"%2B"))
    return unquote_to_bytes(body)


def from_base64(text: bytes) -> bytes:
    """Return what base64 stands for, without its padding or with blanks in place of plus signs too.

    Raises:
        ValueError: the text is not base64.
    """
    plain = text.strip().replace(b" ", b"+").rstrip(b"=")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        msg = "not base64"
        raise ValueError(msg) from error


def undecodable(why: str) -> Refused:
    """Return the refusal of a body that is not what an SDK sends, in the words of PostHog's server."""
    message = f"Failed to decode request: {why}. Please check your request format and try again."
    return Refused(text_response(message, 400))
