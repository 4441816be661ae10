"""The options of HTTP requests, which ``LiveTransport`` and the clients share.

What is given here beats the environment. Each option is checked when the value is made, because a
mistake that only the first request shows costs events.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ..option_values.quantities import LONGEST_REQUEST, Count, Seconds, read_boolean
from . import option_checks as check

__all__ = ["Certificate", "HttpOptions", "PathText"]

_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "pool_size": Count(64),
    "reuse_connections": read_boolean,
    "idle_connection_timeout": Seconds(60, least=0, most=LONGEST_REQUEST, is_optional=True),
    "tcp_keep_alive": read_boolean,
    "trust_env": read_boolean,
}

PathText: TypeAlias = str | os.PathLike[str]
Certificate: TypeAlias = PathText | tuple[PathText, PathText]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """The options of HTTP requests. Times are in seconds. The ``repr`` has no password."""

    proxy: str | None = field(default=None, repr=False)
    """The URL of a proxy for all requests, such as ``http://user:password@proxy:3128``; ``https://``
    and, with the package PySocks, ``socks5://`` and ``socks5h://`` work as well. None: the proxy that
    ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` name. A proxy given here is used
    whatever they say."""
    ca_file: PathText | None = None
    """A file with certificates in PEM format, or a directory of them, that are trusted instead of all
    others; for a server or a proxy with a certificate of your own. None: the file that
    ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE`` names, otherwise the certificates of certifi."""
    client_certificate: Certificate | None = field(default=None, repr=False)
    """A certificate to show to the server: a PEM file with certificate and key, or a pair of such
    files ``(certificate, key)``. The key must not be encrypted."""
    pool_size: int = 64
    """The maximum number of connections to the server at a time. A further request waits for a
    connection; its own timeout includes the wait. All of them are kept open for later requests."""
    reuse_connections: bool = True
    """If False, close every connection after its request, for networks that drop idle connections."""
    idle_connection_timeout: float | None = 60.0
    """A connection that was idle for longer is not used again, also if the process was frozen
    meanwhile; None: no limit. A kept connection that breaks before an answer is replaced once
    anyway."""
    tcp_keep_alive: bool = False
    """Whether the operating system probes idle connections, after a minute and then each minute."""
    trust_env: bool = True
    """If False, ignore the variables for proxies and certificates in the environment. Credentials
    from ``.netrc`` are never used."""

    def __post_init__(self) -> None:
        """Check every option.

        Raises:
            TypeError: an option has the wrong type; the message names the option.
            ValueError: an option has a value that cannot be used.
        """
        check.proxy("proxy", self.proxy)
        check.ca_file("ca_file", self.ca_file)
        check.certificate("client_certificate", self.client_certificate)
        for name, read in _READERS.items():
            object.__setattr__(self, name, read(name, getattr(self, name)))

    @property
    def verified_by(self) -> bool | str:
        """What checks the server's certificate, as `requests` expects it."""
        return True if self.ca_file is None else os.fspath(self.ca_file)

    @property
    def certificate(self) -> str | tuple[str, str] | None:
        """The client's certificate, as `requests` expects it."""
        given = self.client_certificate
        if isinstance(given, tuple):
            return os.fspath(given[0]), os.fspath(given[1])
        return None if given is None else os.fspath(given)
