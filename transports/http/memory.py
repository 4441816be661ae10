"""A transport without a network, which plays a script and records the requests.

It is public, so that applications can use it in their tests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from ..errors import RequestError
from .base import Request, Response

__all__ = ["MemoryTransport", "Play"]

Play = Response | RequestError | Callable[[Request], Response]


class MemoryTransport:
    """A transport that answers with the script's entries in turn, and then with ``default``.

    An entry is a response, an error to raise, or a function of the request. ``default`` may be
    changed at any time.

    >>> transport = MemoryTransport([Response(503)])
    >>> [transport.request(Request("GET", "http://host/")).status for _ in range(2)]
    [503, 200]
    >>> len(transport.requests)
    2
    """

    def __init__(self, script: Iterable[Play] = (), *, default: Play | None = None) -> None:
        self.requests: list[Request] = []
        self._script = deque(script)
        self.default: Play = Response(200, body=b'{"status": 1}') if default is None else default

    def play(self, *entries: Play) -> None:
        """Add entries to the end of the script."""
        self._script.extend(entries)

    def request(self, request: Request, /) -> Response:
        """Record the request; return or raise the next entry."""
        self.requests.append(request)
        entry = self._script.popleft() if self._script else self.default
        if isinstance(entry, RequestError):
            raise entry
        return entry if isinstance(entry, Response) else entry(request)
