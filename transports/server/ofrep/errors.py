"""The errors of OFREP. Each says in ``errorDetails`` what must be, because applications see these words.

Every error has a code and, if it is about one flag, the key: providers take an error of status 400, 404 or
500 without them for a broken server.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ..web.response import Headers, Refused, json_response

__all__ = [
    "Code",
    "failed",
    "not_found",
    "not_loaded",
    "refusal",
    "too_many_requests",
    "unauthorized",
]


class Code(StrEnum):
    """The codes of OFREP."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    PARSE_ERROR = "PARSE_ERROR"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    GENERAL = "GENERAL"


def refusal(
    status: int, code: Code, details: str, key: str | None = None, headers: Headers = ()
) -> Refused:
    """Return the refusal of a request; ``key`` is that of the flag, if it is about one."""
    body: dict[str, Any] = {} if key is None else {"key": key}
    body |= {"errorCode": code.value, "errorDetails": details}
    return Refused(json_response(body, status, headers))


def unauthorized(has_key: bool) -> Refused:
    """Return the refusal of a request without a key, or with a wrong key."""
    details = (
        "the key names no project of this server"
        if has_key
        else "a key must name the project: X-API-Key, or Authorization: Bearer"
    )
    return refusal(401, Code.GENERAL, details, None, ((b"www-authenticate", b"Bearer"),))


def too_many_requests(seconds: int) -> Refused:
    """Return the refusal of a request beyond the limit, to be sent again after ``seconds``.

    These are seconds, because providers read the year of a date as seconds, or fail.
    """
    headers = ((b"retry-after", b"%d" % seconds),)
    return refusal(429, Code.GENERAL, "too many requests with this key", None, headers)


def not_found(key: str) -> Refused:
    """Return the refusal of an unknown flag."""
    return refusal(404, Code.FLAG_NOT_FOUND, f"there is no flag {key!r}", key)


def not_loaded(key: str | None) -> Refused:
    """Return the refusal of a request while no definitions are loaded.

    OFREP knows 500 alone for it; the words of another status do not reach applications.
    """
    details = "no flag definitions are loaded"
    return refusal(500, Code.GENERAL, details, key, ((b"retry-after", b"1"),))


def failed(key: str | None) -> Refused:
    """Return the answer to a request that this server failed."""
    return refusal(500, Code.GENERAL, "the server failed; its log says why", key)
