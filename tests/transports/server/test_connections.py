"""Clients that are slow, broken or hostile, at a real server: each is refused in words, and others are served."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.server import BackgroundServer, ProjectSettings, Server, ServerSettings
from flagengine.transports.server.connections.limits import ConnectionLimits

from .raw_client import RawClient, flags_request, request

LIMITS = ConnectionLimits(max_connections=40, max_header_bytes=4096, max_headers=20)
HASTY = ConnectionLimits(header_timeout=0.3, keep_alive_timeout=0.6, write_timeout=0.3)
DOCUMENT = {
    "flags": [
        {
            "key": "beta",
            "active": True,
            "filters": {
                "groups": [{"properties": [], "rollout_percentage": 100}],
                "payloads": {"true": "x" * 200_000},
            },
        }
    ]
}


@contextmanager
def _running(
    limits: ConnectionLimits, *, request_timeout: float = 10.0
) -> Iterator[BackgroundServer]:
    project = ProjectSettings(source=MemoryDefinitions(DOCUMENT), poll_interval=3600.0)
    settings = ServerSettings(
        projects=(project,),
        connections=limits,
        request_timeout=request_timeout,
        shutdown_timeout=1.0,
    )
    with BackgroundServer(Server(settings)) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundServer]:
    with _running(LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def hasty() -> Iterator[BackgroundServer]:
    """A server that waits only for moments."""
    with _running(HASTY, request_timeout=0.3) as running:
        yield running


@pytest.fixture
def port(server: BackgroundServer) -> Iterator[int]:
    yield server.port
    with RawClient(server.port) as client:
        found = client.send(request()).answer()
        assert found is not None
        assert found.status == 200, "the server must answer others afterwards"


def _status(client: RawClient) -> int | None:
    found = client.answer()
    return None if found is None else found.status


# Slow.


def test_headers_that_never_end_are_given_up(hasty: BackgroundServer) -> None:
    with RawClient(hasty.port).send(b"GET /_health HTTP/1.1\r\nHost: x\r\nX-A: ") as client:
        found = client.answer()
        assert found is not None
        assert (found.status, found.headers["connection"]) == (408, "close")
        assert client.is_ended()


def test_headers_that_drip_are_given_up_although_bytes_arrive(hasty: BackgroundServer) -> None:
    with RawClient(hasty.port) as client:
        client.sock.settimeout(0.02)
        for _ in range(200):
            try:
                client.send(b"\r\n").sock.recv(1, 2)
                break
            except TimeoutError:
                continue
        client.sock.settimeout(10)
        assert _status(client) == 408


def test_the_headers_of_a_later_request_have_the_same_time(hasty: BackgroundServer) -> None:
    with RawClient(hasty.port).send(request()) as client:
        assert _status(client) == 200
        client.send(b"GET / HT")
        assert _status(client) == 408
        assert client.is_ended()


def test_a_connection_without_a_request_is_closed_without_an_answer(
    hasty: BackgroundServer,
) -> None:
    with RawClient(hasty.port) as client:
        assert client.is_ended()
    with RawClient(hasty.port).send(request()) as client:
        assert _status(client) == 200
        assert client.is_ended()


def test_a_body_that_does_not_arrive_in_time_is_given_up(hasty: BackgroundServer) -> None:
    with RawClient(hasty.port).send(request("/flags", "POST", b"{", Content_Length="9")) as client:
        assert _status(client) == 408
        assert _status(client.send(b'"a": 1} ')) is None or client.is_ended()


def test_a_client_that_does_not_read_its_answer_is_dropped(
    hasty: BackgroundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = threading.Event()
    monkeypatch.setattr(hasty.running.guard, "note", lambda *_: dropped.set())
    with RawClient(hasty.port, read_buffer=4096) as client:
        client.send(*[flags_request()] * 60)
        assert dropped.wait(10)
        size = 0
        while piece := client.piece():
            size += len(piece)
        assert size < 60 * 200_000


# Too much.


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("/" + "a" * 5000), 414),
        (b"GET /" + b"a" * 500_000, 414),
        (request(X="a" * 5000), 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 500_000, 431),
        (request(**{f"X{number}": "a" for number in range(30)}), 431),
        (b"\r\n" * 100_000, 431),
        (
            b"POST /flags HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
            + b"a" * 2_000_000,
            431,
        ),
        (
            b"POST /flags HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x=" + b"a" * 2_000_000,
            431,
        ),
    ],
    ids=[
        "URL",
        "URL without end",
        "headers",
        "headers without end",
        "number of headers",
        "empty lines",
        "trailers",
        "chunk extension",
    ],
)
def test_headers_beyond_the_limits_are_refused(port: int, sent: bytes, status: int) -> None:
    with RawClient(port).send(sent) as client:
        found = client.answer()
        assert found is not None
        assert (found.status, found.headers["connection"]) == (status, "close")
        assert client.is_ended()


def test_headers_just_within_the_limits_are_read_in_any_pieces(port: int) -> None:
    whole = request(X="a" * 3900)
    with RawClient(port).send(whole, whole[:2000], whole[2000:], whole * 3) as client:
        assert [_status(client) for _ in range(5)] == [200] * 5


def test_a_body_beyond_the_limit_is_refused_before_it_is_sent_and_while_it_is(port: int) -> None:
    size = str(1024**3)
    with RawClient(port).send(request("/flags", "POST", Content_Length=size)) as client:
        assert _status(client) == 413
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = request("/flags", "POST", Transfer_Encoding="chunked")
    with RawClient(port).send(head, *[chunk] * 40) as client:
        assert _status(client) == 413
        assert _status(client.send(b"0\r\n\r\n", request())) == 200, "the connection goes on"


def test_a_client_that_closes_afterwards_reads_why_its_body_was_refused(port: int) -> None:
    head = request("/flags", "POST", Content_Length="9000000", Connection="close")
    with RawClient(port).send(head, *[b" " * 100_000] * 90) as client:
        assert _status(client) == 413


def test_a_connection_beyond_the_limit_is_refused_and_later_ones_are_not(port: int) -> None:
    with ExitStack() as held:
        for _ in range(LIMITS.max_connections):
            client = held.enter_context(RawClient(port))
            assert _status(client.send(request())) == 200
        with RawClient(port) as client:
            found = client.answer()
            assert found is not None
            assert (found.status, found.headers["retry-after"]) == (503, "1")
            assert client.is_ended()
    while True:  # the server may not yet have noticed that they are gone
        with RawClient(port) as client:
            if _status(client.send(request())) == 200:
                break


def test_bodies_that_are_not_complete_hold_a_bounded_memory() -> None:
    limits = ConnectionLimits(max_held_bodies=1_000_000)
    head = request("/flags", "POST", Content_Length="600000")
    with _running(limits) as running, RawClient(running.port) as first:
        first.send(head, b" " * 500_000)
        with RawClient(running.port) as second:
            assert _status(second.send(head, b" " * 599_999)) == 503
            assert second.is_ended()
        assert _status(first.send(b" " * 100_000)) == 400, "the first is read to its end"
        assert _status(first.send(head, b" " * 600_000)) == 400, "its memory is free again"
    assert running.running.guard.held == 0


def test_too_many_requests_at_once_end_the_connection(port: int) -> None:
    with RawClient(port).send(request() * 3000) as client:
        assert len(list(client.answers())) < 3000


# Odd, and allowed.


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "anything"])
def test_an_offer_of_another_protocol_is_declined_and_the_request_answered(
    port: int, upgrade: str
) -> None:
    headers = {"Upgrade": upgrade, "Connection": "Upgrade, HTTP2-Settings", "HTTP2_Settings": "AAM"}
    whole = flags_request(**headers)
    with RawClient(port).send(whole + request(), whole[:-20], whole[-20:]) as client:
        statuses = [_status(client) for _ in range(3)]
        assert statuses == [200] * 3
    with RawClient(port).send(request(**headers) * 300) as client:
        assert [_status(client) for _ in range(300)] == [200] * 300


def test_a_client_that_has_finished_sending_still_gets_its_answer(port: int) -> None:
    with RawClient(port).send(flags_request() + request()) as client:
        client.sock.shutdown(1)
        assert [found.status for found in client.answers()] == [200, 200]


def test_requests_sent_together_are_answered_in_their_order(port: int) -> None:
    with RawClient(port).send(flags_request() + request() + request("/no") + request()) as client:
        found = [client.answer() for _ in range(4)]
        assert [each.status for each in found if each] == [200, 200, 404, 200]


def test_http_1_0_and_absolute_addresses_are_understood(port: int) -> None:
    with RawClient(port).send(b"GET /_health HTTP/1.0\r\n\r\n") as client:
        assert _status(client) == 200
        assert client.is_ended()
    with RawClient(port).send(request("http://example.com/_health")) as client:
        assert _status(client) == 200


def test_a_client_that_asks_before_it_sends_a_body_is_told_to_go_on(port: int) -> None:
    whole = flags_request(Expect="100-continue")
    head, _, body = whole.partition(b"\r\n\r\n")
    with RawClient(port).send(head + b"\r\n\r\n") as client:
        assert _status(client) == 100
        assert _status(client.send(body)) == 200
    refused = request("/flags", "POST", Content_Length="999999999", Expect="100-continue")
    with RawClient(port).send(refused) as client:
        assert _status(client) == 413


def test_trailers_are_no_headers_of_this_or_the_next_request(port: int) -> None:
    body = b'4\r\n{"a"\r\n5\r\n: 1} \r\n0\r\nX-Trailer: 50\r\nHost: evil\r\n\r\n'
    sent = request("/flags", "POST", body, Transfer_Encoding="chunked") + request()
    with RawClient(port).send(sent) as client:
        assert [_status(client), _status(client)] == [401, 200]


# Broken, or made to be read differently by two servers.


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200,
        b"GET\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\n B: c\r\n\r\n",
        b"GET / HTTP/1.1\nA: b\n\n",
        b"GET / HTTP/3.7\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        request("/flags", "POST", b"{}", Content_Length="2", Transfer_Encoding="chunked"),
        request("/flags", "POST", b"{}", Content_Length="2", content_length="3"),
        request("/flags", "POST", b"{}", Content_Length="2", content_length="2"),
        request("/flags", "POST", b"{}", Content_Length="-2"),
        request("/flags", "POST", b"{}", Content_Length="2x"),
        request("/flags", "POST", b"{}", Content_Length="9" * 30),
        request("/flags", "POST", b"2\r\n{}\r\n0\r\n\r\n", Transfer_Encoding="chunked, gzip"),
        request("/flags", "POST", b"zz\r\n{}\r\n0\r\n\r\n", Transfer_Encoding="chunked"),
        request("/flags", "POST", b"2\r\n{}xx\r\n0\r\n\r\n", Transfer_Encoding="chunked"),
        request("/flags", "POST", b"f" * 20 + b"\r\n{}", Transfer_Encoding="chunked"),
    ],
)
def test_what_is_no_http_is_refused_and_never_read_further(port: int, sent: bytes) -> None:
    with RawClient(port).send(sent + request()) as client:
        found = list(client.answers())
        assert [each.status for each in found] == [400]


def test_a_tunnel_is_refused(port: int) -> None:
    with RawClient(port).send(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n" + request()) as client:
        assert [each.status for each in client.answers()] == [405]


def test_a_broken_request_behind_a_good_one_does_not_disturb_its_answer(port: int) -> None:
    with RawClient(port).send(flags_request() + b"\x00\x01garbage\r\n\r\n") as client:
        found = list(client.answers())
        assert found[0].status == 200
        assert found[0].json()["flags"]["beta"]["enabled"]
        assert len(found) == 1


@pytest.mark.parametrize(
    "path", ["*", "/%zz", "/%", "/flags%00", "/array/%ff%fe/config", "/%2e%2e/%2f"]
)
def test_an_odd_path_is_answered(port: int, path: str) -> None:
    with RawClient(port).send(request(path)) as client:
        assert _status(client) in (400, 404)


def test_refusals_are_counted_and_logged_once_for_a_while(
    server: BackgroundServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(20):
            with RawClient(server.port).send(b"GET /\x00secret HTTP/1.1\r\n\r\n") as client:
                assert _status(client) == 400
    messages = [each.getMessage() for each in caplog.records]
    assert len(messages) <= 2
    assert "secret" not in "".join(messages)
    assert server.running.guard.refused["malformed"] >= 20
    with RawClient(server.port).send(request("/metrics")) as client:
        found = client.answer()
        assert found is not None
        assert b'flagengine_server_refused_connections_total{reason="malformed"}' in found.body
