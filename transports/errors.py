"""The errors that this package raises or reports, in one tree.

::

    TransportError
    ├── RequestError                 a request without a usable response
    │   ├── ConnectError             no connection: refused, unreachable, unknown host
    │   │   └── TLSError             connected, but the peer could not be trusted
    │   ├── RequestTimeoutError      the deadline passed before the whole response was read
    │   │   └── ClientBusyError      not sent, because too many calls of the client wait already
    │   ├── ConnectionLostError      the connection broke before the whole response was read
    │   ├── InvalidRequestError      the request cannot be sent; a retry would not help
    │   └── InvalidResponseError     a response whose body cannot be used
    │       └── ResponseTooLargeError
    ├── StatusError                  a response with a status other than success
    ├── EventError                   an invalid event, or an event without room in the queue
    │   ├── InvalidEventError
    │   ├── EventTooLargeError
    │   ├── QueueFullError
    │   ├── HookError                a before_send hook failed, or captured an event itself
    │   ├── ClientClosedError        an event captured after the shutdown
    │   └── DeliveryError            accepted events that will not be delivered
    ├── SpoolError                   the spool on disk cannot be written or read
    │   └── SpoolDamagedError        events on disk are lost
    └── DefinitionsError             flag definitions could not be loaded

``http/translation.py`` translates foreign exceptions. Messages never contain a key, an Authorization
header or the content of an event, and never a character that a terminal obeys.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .printable import printable

__all__ = [
    "ClientBusyError",
    "ClientClosedError",
    "ConnectError",
    "ConnectionLostError",
    "DefinitionsError",
    "DeliveryError",
    "EventError",
    "EventTooLargeError",
    "HookError",
    "InvalidEventError",
    "InvalidRequestError",
    "InvalidResponseError",
    "QueueFullError",
    "RequestError",
    "RequestTimeoutError",
    "ResponseTooLargeError",
    "SpoolDamagedError",
    "SpoolError",
    "StatusError",
    "TLSError",
    "TransportError",
]


class TransportError(Exception):
    """The base class of all errors of this package.

    Their text is harmless to print, and they can be copied and pickled.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*map(_harmless, arguments))

    def __reduce__(self) -> tuple[Any, ...]:
        """Restore the message and the fields without the constructor, whose arguments differ."""
        return _restored, (type(self), self.args, dict(self.__dict__))


def _restored(kind: type[TransportError], args: tuple[Any, ...], fields: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(fields)
    return error


class RequestError(TransportError):
    """A request did not get a usable response."""

    is_retryable: ClassVar[bool] = True


class ConnectError(RequestError):
    """The connection was refused, or the host is unreachable or unknown."""


class TLSError(ConnectError):
    """The TLS handshake failed, or the peer's certificate was refused."""


class RequestTimeoutError(RequestError):
    """The deadline passed before the whole response was read."""


class ClientBusyError(RequestTimeoutError):
    """The request was not sent, because no thread of an ``AsyncClient`` became free for it."""


class ConnectionLostError(RequestError):
    """The connection broke after it was made, so the server may have processed the request."""


class InvalidRequestError(RequestError):
    """The request cannot be sent because of its URL, scheme or headers."""

    is_retryable = False


class InvalidResponseError(RequestError):
    """A response has a body that cannot be used."""

    is_retryable = False

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class ResponseTooLargeError(InvalidResponseError):
    """The response's body is larger than the limit, compressed or decompressed."""


class StatusError(TransportError):
    """A response has a status other than success.

    ``retry_after`` is in seconds and never negative; None without a Retry-After.
    """

    def __init__(self, status: int, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {message}" if message else f"HTTP {status}")
        self.status = status
        self.retry_after = retry_after


class EventError(TransportError):
    """An event is invalid, or the queue has no room for it."""


class InvalidEventError(EventError):
    """The event lacks a field that the server requires, such as its name or distinct id."""


class EventTooLargeError(EventError):
    """The serialised event is larger than the lane's limit."""


class QueueFullError(EventError):
    """The lane's queue is at its capacity."""


class HookError(EventError):
    """A ``before_send`` hook raised or returned no event, or captured an event itself."""


class ClientClosedError(EventError):
    """An event was captured after the client's shutdown."""


class DeliveryError(EventError):
    """Accepted events will not be delivered; ``reason`` is a ``DropReason`` value."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class SpoolError(TransportError):
    """The spool on disk cannot be written or read."""


class SpoolDamagedError(SpoolError):
    """Events on disk are lost; ``count`` is the least number of them."""

    def __init__(self, message: str, *, count: int) -> None:
        super().__init__(message)
        self.count = count


class DefinitionsError(TransportError):
    """Flag definitions could not be loaded; ``status`` is the response's status, if there is one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def _harmless(argument: object) -> object:
    return printable(argument) if isinstance(argument, str) else argument
