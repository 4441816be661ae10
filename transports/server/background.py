"""A server in a thread of this process: for tests, and for programs that serve flags besides their own work."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, Self, TypeVar

from .connections.listening import opened_sockets
from .run import RunningServer
from .server import Server

__all__ = ["BackgroundServer"]

T = TypeVar("T")

_START_SECONDS: Final = 30.0


class BackgroundServer:
    """A server that runs from ``with`` to its end, in a daemon thread with an event loop of its own.

    Args:
        server: the server; it cannot be used again afterwards.
        host: the address to listen at.
        port: the port; 0 is any free port, see `port`.

    Raises:
        OSError: on entry, the port cannot be opened.
    """

    def __init__(self, server: Server, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.server: Server = server
        self._host = host
        server.hosts.add(host)
        self._begun = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked_port = port
        self._sockets: list[socket.socket] = []
        self.running = RunningServer(server, on_ready=lambda _port: self._begun.set())
        self._thread = threading.Thread(target=self._run, name="flagengine-server", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return self.running.port

    @property
    def url(self) -> str:
        """Its address, such as ``http://127.0.0.1:49152``; what SDKs call the host."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}{self.server.settings.prefix}"

    def call(self, function: Callable[[], T]) -> T:
        """Call a function in the server's event loop, wait, and return what it returns or raise what it raises.

        Before the server runs, and after its end, the function is called here.
        """
        if self._loop is None or not self._thread.is_alive():
            return function()
        waiting: Future[T] = Future()

        def perform() -> None:
            try:
                waiting.set_result(function())
            except Exception as error:  # noqa: BLE001 - raised again where it was asked for
                waiting.set_exception(error)

        self._loop.call_soon_threadsafe(perform)
        return waiting.result()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the server's event loop, wait, and return what it returns or raise what it raises."""
        assert self._loop is not None  # between entry and exit
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def __enter__(self) -> Self:
        self._sockets = opened_sockets(self._host, self._asked_port)
        self._thread.start()
        self._begun.wait(_START_SECONDS)
        if not self.running.started:
            self._thread.join(1.0)
            msg = f"the server at {self._host} cannot start; the log says why"
            raise OSError(msg)
        return self

    def __exit__(self, *_: object) -> None:
        self.running.should_exit = True
        self._thread.join(self.server.settings.shutdown_timeout + 5.0)

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self.running.serve(self._sockets)

        try:
            asyncio.run(serve())
        except SystemExit:  # uvicorn's answer to an application that does not start
            pass
        finally:
            self._begun.set()
