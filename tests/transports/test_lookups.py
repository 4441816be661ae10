"""Name look-ups, which no timeout of a socket reaches, and hosts with several addresses."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from urllib3.util import connection as urllib3_connection

from flagengine.transports.errors import ConnectError, InvalidRequestError, RequestTimeoutError
from flagengine.transports.http.base import Request
from flagengine.transports.http.live import LiveTransport
from flagengine.transports.http.lookups import Lookups, LookUpTimeoutError

from .mock_server import MockServer

pytestmark = pytest.mark.contract("http-client")

PATIENCE = 20.0


class Resolver:
    """A resolver that hangs until it is released, and then finds 127.0.0.1."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.asked: list[str] = []
        self._real = socket.getaddrinfo

    def __call__(self, host: str, port: int, *arguments: Any) -> Any:
        if host == "127.0.0.1":
            return self._real(host, port, *arguments)
        self.asked.append(host)
        assert self.release.wait(PATIENCE)
        return self._real("127.0.0.1", port, *arguments)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    hanging = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    yield hanging
    hanging.release.set()


def named(server: MockServer, host: str = "posthog.test") -> str:
    return server.url.replace("127.0.0.1", host)


def test_a_look_up_that_hangs_does_not_outlast_the_deadline(
    server: MockServer, resolver: Resolver
) -> None:
    transport = LiveTransport()
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(RequestTimeoutError, match=r"within 0\.1 s .*name posthog\.test"):
            transport.request(Request("GET", named(server), timeout=0.1))
    assert time.monotonic() - started < PATIENCE / 2
    # All three waited for the same look-up.
    assert resolver.asked == ["posthog.test"]
    resolver.release.set()
    assert transport.request(Request("GET", named(server), timeout=PATIENCE)).status == 200


def test_so_many_hosts_are_looked_up_at_once_and_no_more(resolver: Resolver) -> None:
    lookups = Lookups(most=2)
    for host in ("a.test", "b.test", "a.test"):
        with pytest.raises(LookUpTimeoutError):
            lookups.addresses(host, 80, 0.01)
    with pytest.raises(socket.gaierror, match="2 name look-ups are hanging"):
        lookups.addresses("c.test", 80, PATIENCE)
    assert resolver.asked == ["a.test", "b.test"]
    resolver.release.set()
    assert lookups.addresses("a.test", 80, PATIENCE) == ["127.0.0.1"]
    assert lookups.addresses("c.test", 80, PATIENCE) == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "fe80::1%lo"])
def test_an_address_needs_no_look_up(resolver: Resolver, host: str) -> None:
    assert Lookups().addresses(host, 80, 0.0) == [host]
    assert resolver.asked == []


def test_where_no_thread_can_be_started_the_look_up_is_made_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert "127.0.0.1" in Lookups().addresses("localhost", 80, 0.0)


def test_an_unknown_host_and_one_that_is_no_name_are_told_apart() -> None:
    transport = LiveTransport()
    with pytest.raises(ConnectError, match="no-such-host"):
        transport.request(Request("GET", "http://no-such-host.invalid/"))
    for host in ("a" * 70 + ".com", "a..com"):
        with pytest.raises(InvalidRequestError, match="label"):
            transport.request(Request("GET", f"http://{host}/"))


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.url.rpartition(":")[2])
    found = [(2, 1, 6, "", ("192.0.2.1", port)), (2, 1, 6, "", ("127.0.0.1", port))]
    real, connect = socket.getaddrinfo, urllib3_connection.create_connection
    allowed: list[float] = []

    def look_up(host: str, *arguments: Any) -> Any:
        return found if host == "two.test" else real(host, *arguments)

    def connecting(address: tuple[str, int], patience: float, **options: Any) -> socket.socket:
        if address[0] == "192.0.2.1":
            allowed.append(patience)
            raise TimeoutError("timed out")
        return connect(address, patience, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(urllib3_connection, "create_connection", connecting)
    url = named(server, "two.test")
    assert LiveTransport().request(Request("GET", url, timeout=10.0)).status == 200
    assert 4 < allowed[0] <= 5
