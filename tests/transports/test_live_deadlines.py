"""The deadline limits a whole request, wherever the server stops or sends byte by byte."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from flagengine.transports.errors import RequestTimeoutError
from flagengine.transports.http.base import Request
from flagengine.transports.http.live import LiveTransport

from .mock_server import Answer, MockServer

pytestmark = pytest.mark.contract("http-client")

TIMEOUT = 0.3
# With a margin for a busy machine; the servers below drip or stay silent for longer.
BOUND = 2.0
LASTS = 4.0
Serve = Callable[[socket.socket, threading.Event], None]


@contextlib.contextmanager
def listening(serve: Serve) -> Iterator[str]:
    """Serve each connection on a thread; yield host and port."""
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection, over)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        listener.shutdown(socket.SHUT_RDWR)


def silent(_: socket.socket, over: threading.Event) -> None:
    over.wait(LASTS)


def dripping(start: bytes, *, after: bytes = b"\r\n\r\n") -> Serve:
    """Read up to `after`, send `start`, then a byte every 20 ms."""

    def serve(connection: socket.socket, over: threading.Event) -> None:
        seen = b""
        while after not in seen:
            seen += connection.recv(65536)
        connection.sendall(start)
        end = time.monotonic() + LASTS
        while not over.wait(0.02) and time.monotonic() < end:
            connection.sendall(b"a")

    return serve


def assert_bounded(request: Request, transport: LiveTransport | None = None) -> None:
    started = time.monotonic()
    with pytest.raises(RequestTimeoutError, match=r"no response within 0\.3 s"):
        (transport or LiveTransport()).request(request)
    assert time.monotonic() - started < BOUND


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
    ids=["status line", "headers", "body", "body up to the end", "chunked body", "after 100"],
)
def test_an_answer_that_drips(start: bytes) -> None:
    with listening(dripping(start)) as host:
        assert_bounded(Request("GET", f"http://{host}/", timeout=TIMEOUT))


def test_a_second_answer_that_drips_on_a_kept_connection() -> None:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ")(connection, over)

    with listening(serve) as host:
        transport = LiveTransport()
        # The first request has much time, of which nothing may be left to the second.
        first = transport.request(Request("GET", f"http://{host}/", timeout=60.0))
        assert first.status == 200
        assert_bounded(Request("GET", f"http://{host}/", timeout=TIMEOUT), transport)


def test_a_peer_that_never_shakes_hands_over_tls() -> None:
    with listening(silent) as host:
        assert_bounded(Request("GET", f"https://{host}/", timeout=TIMEOUT))


def test_a_peer_that_drips_its_tls_handshake() -> None:
    # The header of a TLS record of 16 KiB, whose body then arrives slowly.
    with listening(dripping(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", after=b"")) as host:
        assert_bounded(Request("GET", f"https://{host}/", timeout=TIMEOUT))


def test_a_server_that_does_not_read_the_body() -> None:
    body = b"x" * 50_000_000
    with listening(silent) as host:
        assert_bounded(Request("POST", f"http://{host}/", body=body, timeout=TIMEOUT))


def test_redirects_share_the_time(server: MockServer) -> None:
    server.default = Answer(307, {"Location": "/again"}, delay=0.12)
    assert_bounded(Request("GET", server.url, timeout=TIMEOUT))
    assert len(server.seen) < 5


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_drips(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", f"http://{proxy}")
        assert_bounded(Request("GET", f"{scheme}://host.invalid/", timeout=TIMEOUT))


def test_a_body_that_drips_into_a_session_without_our_adapter() -> None:
    drip = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    with listening(drip) as host:
        transport = LiveTransport(session=requests.Session)
        assert_bounded(Request("GET", f"http://{host}/", timeout=TIMEOUT), transport)
