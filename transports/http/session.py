"""The setup of `requests`, which this module imports; so import this module late.

`make_session` is the default of `LiveTransport`. An application that needs more than the options of
`LiveTransport`, such as its own retries, changes a session of `make_session`, or mounts
`DeadlineAdapter` on its own session.
"""

from __future__ import annotations

import logging
import os
import urllib.request
from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from types import MappingProxyType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager

from .connections import Keeping, KeepingPool, socket_options, timed_pool
from .deadline import current_exchange
from .options import HttpOptions
from .redaction import redact_url

__all__ = ["DeadlineAdapter", "keep_as_is", "make_session"]

# The hosts whose pools are kept: the server, a proxy, targets of redirects.
_HOSTS = 16
# What `requests` reads from the environment for a URL of HTTP.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_VARIABLES = (
    *_PROXIES,
    *(name.upper() for name in _PROXIES),
    "REQUEST_METHOD",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
# Elsewhere the system's settings count, too.
_HAS_ENVIRONMENT_ALONE = urllib.request.getproxies is urllib.request.getproxies_environment


def make_session(options: HttpOptions | None = None) -> requests.Session:
    """Return a session without cookies, default headers and credentials from ``.netrc``."""
    given = options or HttpOptions()
    session = _Session()
    session.trust_env = given.trust_env
    session.verify = given.verified_by
    session.cert = given.certificate
    if given.proxy is not None:
        session.proxies = {"http": given.proxy, "https": given.proxy}
    session.headers.clear()
    # Without an auth, the session would read credentials from ~/.netrc.
    session.auth = keep_as_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, DeadlineAdapter(given))
    for name in ("urllib3.connectionpool", "urllib3.connection"):
        # A filter that a logger has is not added again.
        logging.getLogger(name).addFilter(_without_keys)
    return session


def keep_as_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Return the request: an auth for `requests` that adds no credentials."""
    return prepared


class _Session(requests.Session):
    # Replaced as a whole, for threads.
    _settings: Mapping[object, Mapping[str, Any]] = MappingProxyType({})

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Merge settings as `requests` does, once for each URL while nothing that they depend on changes.

        `requests` reads the whole environment twice for each request, a third of the time of one.
        """
        given = url, proxies, stream, verify, cert
        if not _HAS_ENVIRONMENT_ALONE or proxies:
            return super().merge_environment_settings(*given)
        own = *self.proxies.items(), self.trust_env, self.stream, self.verify, self.cert
        key = (url, stream, verify, cert, own, *map(os.environ.get, _VARIABLES))
        known = self._settings
        if key not in known:
            kept = known if len(known) < _HOSTS else {}
            self._settings = known = {**kept, key: super().merge_environment_settings(*given)}
        found = known[key]
        return {**found, "proxies": dict(found["proxies"])}

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Follow no redirect, and do not look into its address: `LiveTransport` does."""
        return iter(())


class DeadlineAdapter(HTTPAdapter):
    """An adapter whose connections, also to proxies, respect the deadline of `LiveTransport`."""

    def __init__(self, options: HttpOptions | None = None, **kwargs: Any) -> None:
        given = options or HttpOptions()
        self._keeping = Keeping(given.reuse_connections, given.idle_connection_timeout)
        self._sockets = socket_options(tcp_keep_alive=given.tcp_keep_alive)
        sizes = {"pool_connections": _HOSTS, "pool_maxsize": given.pool_size}
        super().__init__(**{**sizes, **kwargs})

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Override a method that `requests` offers to subclasses."""
        super().init_poolmanager(*args, **{"socket_options": self._sockets, **kwargs})
        self._use_timed_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Override a method that `requests` offers to subclasses."""
        manager = super().proxy_manager_for(proxy, **{"socket_options": self._sockets, **kwargs})
        self._use_timed_pools(manager)
        return manager

    def _use_timed_pools(self, manager: PoolManager) -> None:
        """Make the manager's pools timed; it may be a manager whose pools are."""
        classes = manager.pool_classes_by_scheme
        if not any(issubclass(base, KeepingPool) for base in classes.values()):
            manager.pool_classes_by_scheme = {
                scheme: timed_pool(base, self._keeping) for scheme, base in classes.items()
            }


def _without_keys(record: logging.LogRecord) -> bool:
    """Redact the URLs that urllib3 logs of this package's requests; keep every record."""
    if current_exchange() is not None and isinstance(record.args, tuple):
        record.args = tuple(
            redact_url(given) if isinstance(given, str) else given for given in record.args
        )
    return True
