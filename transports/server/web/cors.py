"""Cross-origin rules: browsers of the allowed origins may call every endpoint and read every answer.

The origin is mirrored, because browsers refuse ``*`` where cookies are allowed, as older SDKs ask for.
Nothing here depends on cookies, so an origin gains nothing that a program could not do anyway.
"""

from __future__ import annotations

from .request import Request
from .response import Headers, Response

__all__ = ["CrossOrigin"]

_EXPOSED = b"ETag, Retry-After, X-Request-Id, X-Flagengine-Definitions-Age"
_SECONDS = b"86400"


class CrossOrigin:
    """The rules for the given origins; ``("*",)`` allows every origin, and ``()`` none."""

    def __init__(self, origins: tuple[str, ...] = ("*",)) -> None:
        self._all: bool = "*" in origins
        self._origins: frozenset[bytes] = frozenset(each.rstrip("/").encode() for each in origins)

    def headers(self, origin: bytes | None) -> Headers:
        """Return the headers of the answer to a request from this origin."""
        if origin is None or not (self._all or origin in self._origins):
            return ()
        return (
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", _EXPOSED),
            (b"vary", b"Origin"),
        )

    @staticmethod
    def preflight(request: Request, methods: str) -> Response:
        """Return the answer to the question whether a browser may send a request."""
        wanted = request.field(b"access-control-request-headers")
        headers = [
            (b"allow", methods.encode()),
            (b"access-control-allow-methods", methods.encode()),
            (b"access-control-max-age", _SECONDS),
        ]
        if wanted is not None:
            headers.append((b"access-control-allow-headers", wanted))
        if request.field(b"access-control-request-private-network") == b"true":
            headers.append((b"access-control-allow-private-network", b"true"))
        return Response(204, b"", tuple(headers))
