"""The connections and pools of urllib3, with the deadline and the options of `LiveTransport`.

A pool's requests wait for a connection, for the name look-up and for each address of the host only
until the deadline. A kept connection that was idle for too long is not used again. The module imports
urllib3, so import it late.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field
from typing import Any

from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import connection as connection_tools

from .deadline import TimedSocket, current_exchange
from .lookups import Lookups

__all__ = ["Keeping", "KeepingPool", "socket_options", "timed_pool"]

# Probes after a minute, each minute, and three of them: below the five minutes after which the
# gateways of cloud networks forget a silent connection.
_PROBE_AFTER, _PROBE_EVERY, _PROBES = 60, 60, 3


@dataclass(frozen=True, slots=True)
class Keeping:
    """What becomes of a connection after its request.

    ``idle_timeout`` is in seconds; None: no limit. ``lookups`` are shared by a session's pools.
    """

    reuses: bool = True
    idle_timeout: float | None = None
    lookups: Lookups = field(default_factory=lambda: Lookups(_family))


def _family() -> int:
    # Looked up at each call, because applications replace the function to choose IPv4 alone.
    return connection_tools.allowed_gai_family()


def socket_options(*, tcp_keep_alive: bool) -> list[tuple[int, int, int]]:
    """Return the options of new sockets: urllib3's, and those of TCP keep-alive."""
    options = [*HTTPConnection.default_socket_options]
    if tcp_keep_alive:
        options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
        # Their names depend on the system.
        wanted = {
            "TCP_KEEPIDLE": _PROBE_AFTER,
            "TCP_KEEPALIVE": _PROBE_AFTER,
            "TCP_KEEPINTVL": _PROBE_EVERY,
            "TCP_KEEPCNT": _PROBES,
        }
        options += [
            (socket.IPPROTO_TCP, getattr(socket, name), value)
            for name, value in wanted.items()
            if hasattr(socket, name)
        ]
    return options


def timed_pool(base: type[HTTPConnectionPool], keeping: Keeping) -> type[HTTPConnectionPool]:
    """Return a class of pools like `base`, also for SOCKS proxies, whose connections are timed."""
    connection: Any = base.ConnectionCls
    parts: tuple[type, ...] = (_Timed, connection)
    if connection._new_conn is HTTPConnection._new_conn:  # noqa: SLF001 - SOCKS connects by itself
        parts = (_Timed, _Dialling, connection)
    members = {"_lookups": keeping.lookups}
    timed = type(f"Timed{connection.__name__}", parts, members)
    name = f"Timed{base.__name__}"
    return type(name, (KeepingPool, base), {"ConnectionCls": timed, "_keeping": keeping})


class _Timed:
    """A mixin that wraps each socket of a connection in a `TimedSocket`."""

    _timed: TimedSocket | None = None

    @property
    def sock(self) -> Any:
        return self._timed

    @sock.setter
    def sock(self, sock: Any) -> None:
        self._timed = None if sock is None else TimedSocket(sock)


class _Dialling:
    """A mixin that resolves the host's name and connects within the deadline."""

    _lookups: Lookups

    def _new_conn(self: Any) -> socket.socket:
        """Override urllib3's, with the same exceptions."""
        try:
            connected: socket.socket = self._dial()
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out") from error
        except OSError as error:
            msg = f"Failed to establish a new connection: {error}"
            raise NewConnectionError(self, msg) from error
        else:
            return connected

    def _dial(self: Any) -> socket.socket:
        addresses = self._lookups.addresses(self._dns_host, self.port, self._patience())
        failure = OSError(f"the name {self.host} has no address")
        for index, address in enumerate(addresses):
            # An address that does not answer must leave time for the next one.
            patience = self._patience() / (len(addresses) - index)
            try:
                return connection_tools.create_connection(
                    (address, self.port),
                    max(patience, 0.001),
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                failure = error
        raise failure

    def _patience(self: Any) -> float:
        exchange = current_exchange()
        if exchange is not None:
            return exchange.left
        return float("inf") if self.timeout is None else float(self.timeout)


class KeepingPool:
    """A mixin that closes kept connections as `Keeping` says, and notes which request uses one."""

    _keeping: Keeping

    def _get_conn(self: Any, timeout: float | None = None) -> Any:
        """Override urllib3's: wait for a connection until the deadline."""
        exchange = current_exchange()
        if exchange is not None:
            timeout = max(0.0, exchange.left)
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        if exchange is not None and not connection.is_closed:
            if exchange.needs_fresh or self._is_too_old(connection):
                connection.close()
            exchange.is_on_kept = not connection.is_closed
        return connection

    def _put_conn(self: Any, connection: Any) -> None:
        """Override urllib3's: note when the connection became idle."""
        if connection is not None:
            if not self._keeping.reuses:
                connection.close()
            connection.idle_since = time.monotonic(), time.time()
        super()._put_conn(connection)  # type: ignore[misc]

    def _is_too_old(self, connection: Any) -> bool:
        limit = self._keeping.idle_timeout
        since = getattr(connection, "idle_since", None)
        if limit is None or since is None:
            return False
        monotonic, wall = since
        # A process that was frozen may find only the wall clock advanced.
        idle: float = max(time.monotonic() - monotonic, time.time() - wall)
        return idle > limit
