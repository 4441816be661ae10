"""The seam: everything above it can be tested without a socket.

A transport is any object with ``request(Request) -> Response`` that raises only ``RequestError``
and its children. It does not retry, does not know what a status means, and keeps to the deadline.
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
    """One HTTP request.

    ``timeout`` is the whole request's deadline in seconds: connecting, sending, and reading the
    last byte of the answer. ``repr`` shows neither keys nor the body.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout: float = 10.0

    def __repr__(self) -> str:
        size = "no" if self.body is None else len(self.body)
        return (
            f"<Request {self.method} {redact_url(self.url)} headers={redact_headers(self.headers)}"
            f" body={size} bytes timeout={self.timeout}>"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One HTTP answer; ``headers`` have lower-case names, ``body`` is unpacked."""

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
        """The header's value, whatever the case of ``name``; None if absent."""
        return self.headers.get(name.lower())


class Transport(Protocol):
    """Carries out one request.

    A transport is called from several threads at once and must cope with that. One that holds
    connections notices a fork by itself.

    >>> class Offline:
    ...     def request(self, request: Request) -> Response:
    ...         return Response(503)
    """

    def request(self, request: Request, /) -> Response:
        """Send it and read the whole answer, or raise a ``RequestError``."""
        ...
