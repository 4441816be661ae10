"""A transport without a network: it plays a script and remembers what it was asked.

Public: applications can test their use of the client with the transport of the client's own tests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from ..errors import RequestError
from .base import Request, Response

__all__ = ["MemoryTransport", "Play"]

Play = Response | RequestError | Callable[[Request], Response]


class MemoryTransport:
    """Answers with the script's entries in turn, then with ``default``, which may be changed.

    An entry is a response, an error to raise, or a function of the request.

    >>> transport = MemoryTransport([Response(503)])
    >>> [transport.request(Request("GET", "http://host/")).status for _ in range(2)]
    [503, 200]
    >>> len(transport.requests)
    2
    """

    def __init__(self, script: Iterable[Play] = (), *, default: Play | None = None) -> None:
        self.requests: list[Request] = []
        self._script = deque(script)
        self.default = Response(200, body=b'{"status": 1}') if default is None else default

    def play(self, *entries: Play) -> None:
        """Add entries to the end of the script."""
        self._script.extend(entries)

    def request(self, request: Request, /) -> Response:
        """The next entry's answer."""
        self.requests.append(request)
        entry = self._script.popleft() if self._script else self.default
        if isinstance(entry, RequestError):
            raise entry
        return entry if isinstance(entry, Response) else entry(request)
