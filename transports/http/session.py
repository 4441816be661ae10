"""The setup of `requests`, which this module imports; so import this module late.

`make_session` is the default of `LiveTransport`. An application that needs another proxy, another
certificate or its own retries changes a session of `make_session`, or mounts `DeadlineAdapter` on
its own session.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from .deadline import TimedSocket

__all__ = ["DeadlineAdapter", "make_session"]

# Enough for lanes, flags and definitions at once, from several threads.
POOL_SIZE = 16


def make_session(*, verify: bool | str = True) -> requests.Session:
    """Return a session without cookies, default headers and credentials from ``.netrc``.

    Args:
        verify: as in `requests`: True, or the path of a CA bundle.
    """
    session = requests.Session()
    session.verify = verify
    session.headers.clear()
    # Without an auth, the session would read credentials from ~/.netrc.
    session.auth = _keep_as_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, DeadlineAdapter(pool_connections=POOL_SIZE, pool_maxsize=POOL_SIZE))
    return session


class DeadlineAdapter(HTTPAdapter):
    """An adapter whose connections, also to proxies, respect the deadline of `LiveTransport`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Override a method that `requests` offers to subclasses."""
        super().init_poolmanager(*args, **kwargs)
        _use_timed_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Override a method that `requests` offers to subclasses."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        _use_timed_connections(manager)
        return manager


def _use_timed_connections(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _TimedHTTPPool, "https": _TimedHTTPSPool}


class _Timed:
    """A mixin that wraps each socket of a connection in a `TimedSocket`."""

    _timed: TimedSocket | None = None

    @property
    def sock(self) -> Any:
        return self._timed

    @sock.setter
    def sock(self, sock: Any) -> None:
        self._timed = None if sock is None else TimedSocket(sock)


class _TimedHTTPConnection(_Timed, HTTPConnection):
    pass


class _TimedHTTPSConnection(_Timed, HTTPSConnection):
    pass


class _TimedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTPConnection


class _TimedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection


def _keep_as_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared
