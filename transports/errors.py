"""Every error that this package raises or reports, in one tree.

::

    TransportError
    ├── RequestError                 the network gave no usable answer
    │   ├── ConnectError             never connected: refused, unreachable, unknown host
    │   │   └── TLSError             connected, but the peer could not be trusted
    │   ├── RequestTimeoutError      the deadline passed first
    │   ├── ConnectionLostError      the connection broke before the whole answer was read
    │   ├── InvalidRequestError      it cannot be sent as written; sending it again is no use
    │   └── InvalidResponseError     an answer came, but its body cannot be used
    │       └── ResponseTooLargeError
    ├── StatusError                  an HTTP answer other than success
    ├── EventError                   something is wrong with an event, or no room is left for it
    │   ├── InvalidEventError
    │   ├── EventTooLargeError
    │   ├── QueueFullError
    │   └── DeliveryError            accepted events that will not be delivered, and why
    ├── SpoolError                   the disk spool cannot be written or read
    └── DefinitionsError             flag definitions could not be loaded

Foreign exceptions are translated in one place (``http/translation.py``). Messages name what must be
and what was; they never contain a key, an Authorization header or the content of an event.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ConnectError",
    "ConnectionLostError",
    "DefinitionsError",
    "DeliveryError",
    "EventError",
    "EventTooLargeError",
    "InvalidEventError",
    "InvalidRequestError",
    "InvalidResponseError",
    "QueueFullError",
    "RequestError",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "SpoolError",
    "StatusError",
    "TLSError",
    "TransportError",
]


class TransportError(Exception):
    """The base class of all errors of this package."""


class RequestError(TransportError):
    """The network gave no usable answer."""

    is_retryable: ClassVar[bool] = True


class ConnectError(RequestError):
    """No connection: refused, unreachable, or the host's name is unknown."""


class TLSError(ConnectError):
    """The peer's certificate or the TLS handshake was refused."""


class RequestTimeoutError(RequestError):
    """The request's deadline passed before the whole answer was there."""


class ConnectionLostError(RequestError):
    """The connection broke after it was made: the server may or may not have acted."""


class InvalidRequestError(RequestError):
    """The request cannot be sent as written (URL, scheme, header)."""

    is_retryable = False


class InvalidResponseError(RequestError):
    """An answer came, but its body cannot be used."""

    is_retryable = False

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class ResponseTooLargeError(InvalidResponseError):
    """The answer's body is larger, sent or unpacked, than the configured bound."""


class StatusError(TransportError):
    """An HTTP answer other than success.

    ``retry_after`` is in seconds, never negative, None if the server named none.
    """

    def __init__(self, status: int, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {message}" if message else f"HTTP {status}")
        self.status = status
        self.retry_after = retry_after


class EventError(TransportError):
    """Something is wrong with an event, or no room is left for it."""


class InvalidEventError(EventError):
    """The event lacks a field that the server requires, such as its name or distinct id."""


class EventTooLargeError(EventError):
    """One serialised event is larger than the lane's cap."""


class QueueFullError(EventError):
    """The lane's queue is at its capacity."""


class DeliveryError(EventError):
    """Accepted events that will not be delivered; ``reason`` is a ``DropReason`` value."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class SpoolError(TransportError):
    """The disk spool cannot be written or read."""


class DefinitionsError(TransportError):
    """Flag definitions could not be loaded; ``status`` where the server answered."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
