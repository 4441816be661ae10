"""Running a server under uvicorn: one process, one event loop, signals, and limits that uvicorn has not."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any, Final, cast

from flagengine import extra_for

from .connections.guard import ConnectionGuard
from .connections.listening import BACKLOG, opened_sockets
from .connections.open_files import raise_open_files, within_open_files
from .server import Server

with extra_for("flagengine serve"):
    import uvicorn

    from .connections.installed import check_installed

    check_installed()
    from .connections.protocol import GuardedProtocol

__all__ = ["RunningServer", "run"]

_log = logging.getLogger("flagengine.server")

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
_HANGUP: Final = getattr(signal, "SIGHUP", None)
_SIGNALED: Final = 128


class RunningServer(uvicorn.Server):
    """uvicorn's server: with limits for connections, an end for streams, and a reload at SIGHUP.

    SIGINT and SIGTERM end it when the requests that are open are answered; a second of them ends the process
    at once. SIGHUP of a terminal that is gone ends it as well.
    """

    def __init__(
        self, server: Server, *, on_ready: Callable[[int], object] | None = None, **options: Any
    ) -> None:
        """Prepare; ``on_ready`` is called with the port once it is open."""
        self.guard: ConnectionGuard = ConnectionGuard(
            within_open_files(server.settings.connections), server.metrics.refused
        )
        server.streams.most = self.guard.limits.most_streams
        config = uvicorn.Config(
            server.application(),
            http=cast("type[asyncio.Protocol]", partial(GuardedProtocol, guard=self.guard)),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            lifespan="on",
            ws="none",
            backlog=BACKLOG,
            timeout_graceful_shutdown=max(1, round(server.settings.shutdown_timeout)),
            **options,
        )
        super().__init__(config)
        self._server = server
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_terminal = _has_terminal()

    @property
    def port(self) -> int:
        """The port that is open; 0 before any is."""
        for server in self.servers if self.started else ():
            for found in server.sockets:
                return int(found.getsockname()[1])
        return 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and look after the connections from now on."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if not self.started:
            return
        self.guard.watch(cast("set[GuardedProtocol]", self.server_state.connections))
        if self._on_ready is not None:
            with suppress(OSError):  # nobody reads what it prints
                self._on_ready(self.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, wait for open requests, and stop."""
        self._server.begin_stop()
        with _without_cancellations(logging.getLogger("uvicorn.error")):
            await super().shutdown(sockets)
        self.guard.close()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle the signals meanwhile, if this is the main thread; an end by a signal is a success."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers: dict[int, Any] = dict.fromkeys(_ENDING, self.handle_exit)
        if _HANGUP is not None:
            handlers[_HANGUP] = self._handle_hangup
        before = {each: signal.signal(each, handler) for each, handler in handlers.items()}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop; at the second signal end the process at once, which loses nothing that was acknowledged."""
        if self.should_exit:
            os._exit(_SIGNALED + sig)
        self.should_exit = True

    def _handle_hangup(self, sig: int, frame: FrameType | None) -> None:
        if self._has_terminal and not _has_terminal():
            self.handle_exit(sig, frame)
        elif self._loop is not None and self.started:
            # Not here: a signal interrupts code that may hold the locks that reloading takes.
            self._loop.call_soon_threadsafe(self._reload)

    def _reload(self) -> None:
        _log.info("loading definitions and forced values again")
        self._server.reload()


def run(
    server: Server, *, host: str, port: int, on_ready: Callable[[int], object] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; call ``on_ready`` with the port once it is open.

    Raises:
        OSError: the port cannot be opened; the message says where and why.
    """
    raise_open_files()
    server.hosts.add(host)
    sockets = opened_sockets(host, port)
    RunningServer(server, on_ready=on_ready).run(sockets)


def _has_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except (OSError, ValueError):
        return False


@contextmanager
def _without_cancellations(log: logging.Logger) -> Iterator[None]:
    """Keep the tracebacks of cancelled requests, which are no failures, from a log."""

    def is_of_interest(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, asyncio.CancelledError)

    log.addFilter(is_of_interest)
    try:
        yield
    finally:
        log.removeFilter(is_of_interest)
