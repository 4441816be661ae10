"""Connecting within a deadline, the look-up of the host's name included.

No timeout reaches the operating system's name look-up, which may hang for minutes. So it runs on a
daemon thread, and the caller gives up waiting at the deadline. Nothing here knows an HTTP library.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future

__all__ = ["LookUpTimeoutError", "Lookups"]

# The look-ups of different hosts that may run at once: the server, a proxy, targets of redirects.
MOST_LOOKUPS = 8


class LookUpTimeoutError(TimeoutError):
    """The host's name was not resolved before the deadline."""


class Lookups:
    """Name look-ups on daemon threads: one for a host at a time, which all its callers share.

    ``family`` returns the address family to ask for.
    """

    def __init__(
        self,
        family: Callable[[], int] = lambda: socket.AF_UNSPEC,
        *,
        most: int = MOST_LOOKUPS,
    ) -> None:
        self._family = family
        self._most = most
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Future[list[str]]] = {}

    def addresses(self, host: str, port: int, patience: float) -> list[str]:
        """Return the numeric addresses of `host`, waiting for at most `patience` seconds.

        Raises:
            LookUpTimeoutError: the look-up still runs.
            socket.gaierror: the host is unknown, or too many look-ups run already.
        """
        if _is_numeric(host):
            return [host]
        future = self._join(host, port)
        try:
            return future.result(max(0.0, patience))
        except TimeoutError:
            if future.done():
                raise
            msg = f"the name {host} was not resolved in time"
            raise LookUpTimeoutError(msg) from None

    def _join(self, host: str, port: int) -> Future[list[str]]:
        """Return the running look-up of the host, or a new one."""
        key = (host, port)
        with self._lock:
            running = self._running.get(key)
            if running is not None:
                return running
            if len(self._running) >= self._most:
                msg = f"{self._most} name look-ups are hanging already"
                raise socket.gaierror(socket.EAI_AGAIN, msg)
            future = self._running[key] = Future()

        def run() -> None:
            try:
                found = _look_up(host, port, self._family())
            except BaseException as error:  # noqa: BLE001 - raised again by `future.result()`
                self._forget(key)
                future.set_exception(error)
            else:
                self._forget(key)
                future.set_result(found)

        _on_thread(run)
        return future

    def _forget(self, key: tuple[str, int]) -> None:
        with self._lock:
            del self._running[key]


def _look_up(host: str, port: int, family: int) -> list[str]:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def _on_thread(run: Callable[[], None]) -> None:
    try:
        threading.Thread(target=run, name="flagengine-lookup", daemon=True).start()
    except RuntimeError:
        # The limit of threads is reached, or the interpreter is shutting down.
        run()
