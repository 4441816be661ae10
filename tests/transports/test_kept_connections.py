"""Kept connections: when they are used again, and what happens when they are dead."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from flagengine.transports import Client, HttpDefinitions, LiveTransport, ManualDriver
from flagengine.transports.errors import ConnectionLostError, RequestError, RequestTimeoutError
from flagengine.transports.flags.query import FlagQuery
from flagengine.transports.flags.remote import RemoteFlags
from flagengine.transports.http import connections
from flagengine.transports.http.base import Request
from flagengine.transports.http.deadline import current_exchange, deadline
from flagengine.transports.http.session import make_session
from flagengine.transports.polling.fetch_results import Loaded

from .raw_server import Connection, RawServer, ok, reset, serving

pytestmark = pytest.mark.contract("http-client")


def close(connection: Connection) -> None:
    connection.sock.close()


def dying(
    *, end: Callable[[Connection], None] = reset, serves: int = 1, body: bytes = b"{}"
) -> Callable[[Connection], None]:
    """Answer the first requests of a connection, and end it at the next one, without a byte."""

    def serve(connection: Connection) -> None:
        for _ in range(serves):
            if connection.read() is None:
                return
            connection.send(ok(body))
        if connection.read() is not None:
            end(connection)

    return serve


def post(server: RawServer, *, body: bytes = b'{"a":1}', timeout: float = 10.0) -> Request:
    return Request("POST", server.url, body=body, timeout=timeout)


@pytest.mark.parametrize("end", [reset, close])
def test_a_request_that_met_a_dead_connection_is_made_once_more(
    end: Callable[[Connection], None],
) -> None:
    with serving(dying(end=end)) as server:
        transport = LiveTransport()
        assert [transport.request(post(server)).status for _ in range(3)] == [200] * 3
        # The second and the third request found the connection of the one before.
        assert [request.body for request in server.requests] == [b'{"a":1}'] * 5
        assert server.connections == 3


def test_a_connection_that_breaks_while_a_large_body_is_sent_is_replaced() -> None:
    body = b"x" * 5_000_000

    def serve(connection: Connection) -> None:
        if connection.number > 1:
            connection.read()
            connection.send(ok())
            return
        connection.read()
        connection.send(ok())
        connection.sock.recv(10)
        reset(connection)

    with serving(serve) as server:
        transport = LiveTransport()
        transport.request(post(server))
        assert transport.request(post(server, body=body)).status == 200
        assert server.requests[-1].body == body


def test_a_server_that_always_resets_is_asked_twice() -> None:
    def serve(connection: Connection) -> None:
        if connection.number == 1:
            dying()(connection)
        elif connection.read() is not None:
            reset(connection)

    with serving(serve) as server:
        transport = LiveTransport()
        transport.request(post(server))
        with pytest.raises(ConnectionLostError):
            transport.request(post(server))
        assert (len(server.requests), server.connections) == (3, 2)


def test_a_fresh_connection_that_breaks_is_not_replaced() -> None:
    with serving(dying(serves=0)) as server:
        with pytest.raises(ConnectionLostError):
            LiveTransport().request(post(server))
        assert len(server.requests) == 1


def test_the_second_attempt_uses_no_other_dead_connection() -> None:
    both = threading.Barrier(2)

    def serve(connection: Connection) -> None:
        if connection.number > 2:
            dying(serves=9)(connection)
            return
        connection.read()
        both.wait(10)
        connection.send(ok())
        if connection.read() is not None:
            reset(connection)

    with serving(serve) as server:
        transport = LiveTransport()
        threads = [
            threading.Thread(target=transport.request, args=(post(server),)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert server.connections == 2
        assert transport.request(post(server)).status == 200
        assert (len(server.requests), server.connections) == (4, 3)


def test_an_attempt_that_needs_a_fresh_connection_gets_no_kept_one() -> None:
    with serving(dying(serves=9)) as server, deadline(10) as exchange:
        session = make_session()
        session.get(server.url)
        pools = session.get_adapter(server.url).poolmanager.pools
        pool = pools[next(iter(pools.keys()))]
        kept = pool._get_conn()
        assert (kept.is_closed, exchange.is_on_kept) == (False, True)
        pool._put_conn(kept)
        exchange.begin_attempt()
        exchange.needs_fresh = True
        assert pool._get_conn().is_closed
        assert not exchange.is_on_kept


def test_a_request_of_which_a_byte_was_answered_is_not_repeated() -> None:
    def serve(connection: Connection) -> None:
        connection.read()
        connection.send(ok())
        connection.read()
        connection.send(b"H")
        reset(connection)

    with serving(serve) as server:
        transport = LiveTransport()
        transport.request(post(server))
        with pytest.raises(RequestError):
            transport.request(post(server))
        assert len(server.requests) == 2


@pytest.mark.parametrize("status", [101, 103, 199])
def test_after_an_answer_that_is_not_final_the_connection_is_closed(status: int) -> None:
    def serve(connection: Connection) -> None:
        if connection.read() is not None:
            connection.send(b"HTTP/1.1 %d Odd\r\n\r\n" % status)
            connection.read()  # nothing: what follows on this connection is no HTTP

    with serving(serve) as server:
        transport = LiveTransport()
        for _ in range(3):
            assert transport.request(post(server, timeout=5.0)).status == status
        assert server.connections == len(server.requests) == 3


def test_silence_on_a_kept_connection_is_no_reason_to_repeat() -> None:
    def serve(connection: Connection) -> None:
        connection.read()
        connection.send(ok())
        connection.read()
        connection.server.hang()

    with serving(serve) as server:
        transport = LiveTransport()
        transport.request(post(server))
        with pytest.raises(RequestTimeoutError):
            transport.request(post(server, timeout=0.2))
        assert len(server.requests) == 2


def test_the_second_attempt_shares_the_time() -> None:
    def serve(connection: Connection) -> None:
        if connection.number == 1:
            dying()(connection)
        else:
            connection.read()
            connection.server.hang()

    with serving(serve) as server:
        transport = LiveTransport()
        transport.request(post(server))
        with pytest.raises(RequestTimeoutError, match=r"within 0\.3 s"):
            transport.request(post(server, timeout=0.3))
        assert len(server.requests) == 3


# The same for everything that the client sends.


@pytest.mark.parametrize("driver", [None, ManualDriver])
@pytest.mark.contract("flush")
def test_events_are_delivered_before_flush_returns(driver: Any) -> None:
    with serving(dying()) as server:
        errors: list[Any] = []
        client = Client(
            "phc_x",
            host=server.url,
            max_retries=0,
            driver=driver and driver(),
            on_error=lambda error, _: errors.append(error),
        )
        for name in ("first", "second", "third"):
            client.capture(name, distinct_id="u")
            assert client.flush(10)
        client.shutdown()
    assert errors == []


@pytest.mark.contract("capture")
def test_an_immediate_event_is_delivered() -> None:
    with serving(dying()) as server, Client("phc_x", host=server.url, max_retries=0) as client:
        for name in ("first", "second"):
            assert client.capture_immediate(name, distinct_id="u") is not None


def test_flags_are_read_without_a_retry() -> None:
    with serving(dying(body=b'{"flags": {"beta": {"enabled": true}}}')) as server:
        flags = RemoteFlags(LiveTransport(), host=server.url, project_key="phc_x", max_retries=0)
        outcomes = [flags.evaluate(FlagQuery("u", keys=("beta",))) for _ in range(2)]
    assert [outcome.response is not None for outcome in outcomes] == [True, True]
    assert [outcome.attempts for outcome in outcomes] == [1, 1]


def test_definitions_are_loaded() -> None:
    with serving(dying()) as server:
        source = HttpDefinitions(
            LiveTransport(), host=server.url, project_key="phc_x", secret_key="phs_x"
        )
        assert [type(source.fetch(None)) for _ in range(2)] == [Loaded, Loaded]


@pytest.mark.parametrize(("method", "count"), [("GET", 3), ("put", 3), ("POST", 2), ("PATCH", 2)])
def test_what_an_application_fetches_is_repeated_only_if_that_does_no_harm(
    method: str, count: int
) -> None:
    with serving(dying()) as server, Client("phc_x", host=server.url) as client:
        client.fetch(server.url)
        response = client.fetch(server.url, method=method)
        assert (response is not None) == (count == 3)
        assert len(server.requests) == count


def test_a_request_inside_of_another_leaves_the_others_deadline_alone() -> None:
    with deadline(10) as outer:
        with deadline(1):
            pass
        assert current_exchange() is outer
    assert current_exchange() is None


# How long connections are kept, and how many.


class Clocks:
    """The two clocks of a machine, set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.wall = 1000.0, 2000.0
        fake = SimpleNamespace(monotonic=lambda: self.now, time=lambda: self.wall)
        monkeypatch.setattr(connections, "time", fake)


@pytest.mark.parametrize(
    ("limit", "awake", "frozen", "count"),
    [
        (60, 59, 59, 1),
        (60, 61, 61, 2),
        (60, 0, 61, 2),
        (60, 0, -900, 1),
        (None, 900, 900, 1),
        (0, 1, 1, 2),
    ],
)
def test_a_connection_that_was_idle_for_long_is_not_used(
    monkeypatch: pytest.MonkeyPatch, limit: float | None, awake: float, frozen: float, count: int
) -> None:
    clocks = Clocks(monkeypatch)
    with serving(dying(serves=9)) as server:
        transport = LiveTransport(idle_connection_timeout=limit)
        transport.request(post(server))
        clocks.now, clocks.wall = clocks.now + awake, clocks.wall + frozen
        transport.request(post(server))
        assert server.connections == count


def test_without_reuse_every_request_has_a_connection_of_its_own() -> None:
    with serving(dying(serves=9)) as server:
        transport = LiveTransport(reuse_connections=False)
        for _ in range(3):
            transport.request(post(server))
        assert server.connections == 3


def test_requests_beyond_the_pool_wait_and_no_connection_is_thrown_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(dying(serves=1000)) as server, caplog.at_level(logging.WARNING):
        transport = LiveTransport(pool_size=3)
        found: list[int] = []

        def ask() -> None:
            found.extend(transport.request(post(server)).status for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert found == [200] * 100
        assert server.connections <= 3
    assert caplog.records == []


def test_the_wait_for_a_connection_ends_at_the_deadline() -> None:
    def serve(connection: Connection) -> None:
        connection.read()
        connection.server.hang()

    with serving(serve) as server:
        transport = LiveTransport(pool_size=1)
        request = post(server, timeout=5)

        def hang() -> None:
            with pytest.raises(RequestError):
                transport.request(request)

        first = threading.Thread(target=hang)
        first.start()
        server.wait_for(1)
        with pytest.raises(
            RequestTimeoutError, match=r"within 0\.2 s .*all connections are in use"
        ):
            transport.request(post(server, timeout=0.2))
        assert len(server.requests) == 1
        server.over.set()
        first.join(10)


@pytest.mark.parametrize("is_on", [True, False])
def test_tcp_keep_alive_is_an_option_of_the_sockets(
    is_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[socket.socket] = []
    connect = socket.socket.connect

    def noting(sock: socket.socket, address: Any) -> None:
        made.append(sock)
        connect(sock, address)

    monkeypatch.setattr(socket.socket, "connect", noting)
    with serving(dying(serves=9)) as server:
        LiveTransport(tcp_keep_alive=is_on).request(post(server))
        assert bool(made[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) is is_on
        assert made[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
