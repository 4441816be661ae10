"""The answers to what is no request that the application could see, as bytes of HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from http import HTTPStatus

__all__ = ["Refusal"]


class Refusal(Enum):
    """Why a connection is ended: a status, None if nothing can be answered, and the reason.

    The reason is for the answer and for the log.
    """

    MALFORMED = 400, "the request is not valid HTTP"
    TUNNEL = 405, "this server is no proxy"
    LATE_HEADERS = 408, "the headers of the request took too long to arrive"
    LONG_URL = 414, "the address of the request is too long"
    LARGE_HEADERS = 431, "the headers of the request are too large"
    MANY_HEADERS = 431, "the request has too many headers"
    FULL = 503, "the server has too many connections"
    BODIES = 503, "the server is reading too many large bodies"
    PIPELINE = None, "the client has sent too many requests before it read an answer"
    SLOW_READER = None, "the client does not read its answer"

    @property
    def reason(self) -> str:
        """The reason, as a sentence without a full stop."""
        reason: str = self.value[1]
        return reason

    def answer(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
        """Return the whole answer, with these headers too; ``b""`` if there is none."""
        status: int | None = self.value[0]
        if status is None:
            return b""
        body = self.reason.encode()
        given = {
            **dict(headers),
            b"content-type": b"text/plain; charset=utf-8",
            b"content-length": b"%d" % len(body),
            b"connection": b"close",
        }
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            given[b"retry-after"] = b"1"
        if self is Refusal.TUNNEL:
            given[b"allow"] = b"GET, HEAD, POST, PUT, DELETE, OPTIONS"
        first = b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())
        lines = (b"%b: %b\r\n" % each for each in given.items())
        return b"".join((first, *lines, b"\r\n", body))
