"""posthog-python's functions for connections: they choose options of the clients that are made later.

There they change the one session of the process. Here each client has connections of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

__all__ = [
    "SocketOptions",
    "chosen_connections",
    "disable_connection_reuse",
    "enable_keep_alive",
    "set_socket_options",
]

logger: logging.Logger = logging.getLogger("flagengine.client")

SocketOptions: TypeAlias = list[tuple[int, int, int | bytes]]

_chosen: Final[dict[str, bool]] = {}


def enable_keep_alive() -> None:
    """Turn TCP keep-alive on for the clients that are made from now on (``tcp_keep_alive=True``)."""
    _chosen["tcp_keep_alive"] = True


def disable_connection_reuse() -> None:
    """Open a connection for each request of the clients that are made from now on.

    The option is ``reuse_connections=False``.
    """
    _chosen["reuse_connections"] = False


def set_socket_options(socket_options: SocketOptions | None) -> None:
    """Choose the usual socket options again, with None; other options have no effect, and a warning."""
    _chosen.pop("tcp_keep_alive", None)
    if socket_options is not None:
        logger.warning(
            "set_socket_options() has no effect: use enable_keep_alive(), or pass a transport"
            " to the client"
        )


def chosen_connections(options: Mapping[str, Any]) -> dict[str, bool]:
    """Return the chosen options, unless `options` has a transport, which has connections of its own."""
    return {} if options.get("transport") is not None else dict(_chosen)
