"""Running a server under uvicorn: one process, one event loop, signals, and limits that uvicorn has not."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

from flagengine import extra_for

from .server import Server

with extra_for("flagengine serve"):
    import uvicorn

__all__ = ["RunningServer", "run"]

_BACKLOG = 2048


class RunningServer(uvicorn.Server):
    """uvicorn's server, which ends streams before it waits for open requests, and reloads at SIGHUP."""

    def __init__(
        self, server: Server, *, on_ready: Callable[[int], object] | None = None, **options: Any
    ) -> None:
        """Prepare; ``on_ready`` is called with the port once it is open."""
        config = uvicorn.Config(
            server.application(),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            lifespan="on",
            ws="none",
            backlog=_BACKLOG,
            timeout_graceful_shutdown=max(1, round(server.settings.shutdown_timeout)),
            **options,
        )
        super().__init__(config)
        self._server = server
        self._on_ready = on_ready

    @property
    def port(self) -> int:
        """The port that is open; 0 before any is."""
        for server in self.servers if self.started else ():
            for found in server.sockets:
                return int(found.getsockname()[1])
        return 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and reload at SIGHUP from now on, where there is such a signal."""
        await super().startup(sockets)
        hangup = getattr(signal, "SIGHUP", None)
        if hangup is not None and self.started:
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(hangup, self._reload)
        if self.started and self._on_ready is not None:
            self._on_ready(self.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._server.begin_stop()
        await super().shutdown(sockets)

    def _reload(self, _signal: int, _frame: FrameType | None) -> None:
        self._server.reload()


def run(
    server: Server, *, host: str, port: int, on_ready: Callable[[int], object] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; call ``on_ready`` with the port once it is open."""
    # uvicorn raises Ctrl-C again once it has stopped.
    with contextlib.suppress(KeyboardInterrupt):
        RunningServer(server, host=host, port=port, on_ready=on_ready).run()
