"""Requests, responses, and the protocol of transports, which allows tests without a socket.

A transport is any object with ``request(Request) -> Response`` that raises only ``RequestError``
and its subclasses. It respects the deadline, does not retry, and gives no meaning to a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from .redaction import redact_headers, redact_url

__all__ = ["Request", "Response", "Transport"]


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """An HTTP request.

    ``timeout`` is the deadline in seconds for the whole request: connecting, sending, and reading
    the last byte of the response. ``is_repeatable`` says that a second request does no harm, so a
    transport may send it again if it cannot know whether the first has arrived. The ``repr`` has
    neither keys nor the body.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout: float = 10.0
    is_repeatable: bool = True

    def __repr__(self) -> str:
        size = "no" if self.body is None else len(self.body)
        return (
            f"<Request {self.method} {redact_url(self.url)} headers={redact_headers(self.headers)}"
            f" body={size} bytes timeout={self.timeout}>"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """An HTTP response; ``headers`` have lower-case names, ``body`` is decompressed."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __post_init__(self) -> None:
        lowered = {name.lower(): value for name, value in self.headers.items()}
        object.__setattr__(self, "headers", MappingProxyType(lowered))

    def __repr__(self) -> str:
        return f"<Response {self.status} body={len(self.body)} bytes>"

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """Return the header's value, None if absent; the case of ``name`` does not matter."""
        return self.headers.get(name.lower())


class Transport(Protocol):
    """A transport, which performs requests.

    A transport must be thread-safe. A transport with connections must detect forks by itself.

    >>> class Offline:
    ...     def request(self, request: Request) -> Response:
    ...         return Response(503)
    """

    def request(self, request: Request, /) -> Response:
        """Send the request and read the whole response, or raise a ``RequestError``."""
        ...
