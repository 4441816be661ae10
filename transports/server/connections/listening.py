"""Opening the port, before anything else starts: what goes wrong there is said in one line."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import ExitStack
from typing import Final

__all__ = ["opened_sockets"]

_REASONS: Final = {
    errno.EADDRINUSE: "another program has the port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "the port needs more rights; ports from 1024 on need none",
}


def opened_sockets(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of a host, bound to the port; port 0 is any free one, the same for all.

    Raises:
        OSError: the port cannot be opened; the message says where and why.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        msg = f"cannot listen at {where}: there is no host of this name"
        raise OSError(errno.EADDRNOTAVAIL, msg) from None
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    with ExitStack() as opened:
        sockets = []
        for family, address in addresses:
            place = (address[0], port, *address[2:])
            try:
                each = opened.enter_context(_bound(family, place))
            except OSError as error:
                reason = _REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
                msg = f"cannot listen at {where}: {reason}"
                raise OSError(error.errno, msg) from None
            port = each.getsockname()[1]
            sockets.append(each)
        opened.pop_all()
    return sockets


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix" and sys.platform != "cygwin":
            # Connections that have ended do not keep the port from a server that starts again.
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind(address)
        # At once, because of two programs that have bound the port only the second to listen fails.
        found.listen(BACKLOG)
    except BaseException:
        found.close()
        raise
    return found


BACKLOG: Final = 2048
"""How many connections may wait to be accepted."""
