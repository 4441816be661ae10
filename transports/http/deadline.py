"""A deadline for the whole of an answer, not for each read of it.

The standard library's socket timeout starts anew with every byte, so a server that drips can hold
a request for ever - in the headers as well as in the body. Here every read gets what is left of
the request's time. The module knows urllib3's connection classes and nothing of ``requests``.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["deadline", "install"]

_current = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[float]:
    """Bound every answer that this thread reads; gives the moment on the monotonic clock."""
    _current.at = time.monotonic() + seconds
    try:
        yield _current.at
    finally:
        _current.at = None


def install(pool_manager: Any) -> None:
    """Make the pool manager's connections keep to ``deadline``; a second time changes nothing."""
    if getattr(pool_manager, "keeps_deadline", False):
        return
    pool_manager.keeps_deadline = True
    pool_manager.pool_classes_by_scheme = {
        scheme: _with_deadline(pool) for scheme, pool in pool_manager.pool_classes_by_scheme.items()
    }


def _with_deadline(pool: Any) -> Any:
    connection = type(
        pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": _Response}
    )
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Response(http.client.HTTPResponse):
    """The standard response on a reader that watches the time."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        # The file object keeps the socket open when its connection is closed before it.
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        at = getattr(_current, "at", None)
        if at is not None:
            left = at - time.monotonic()
            if left <= 0:
                msg = "the request's deadline has passed"
                raise TimeoutError(msg)
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
