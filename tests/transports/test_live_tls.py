"""Certificates and proxies, with real TLS servers: what the program says beats the environment."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from flagengine.transports import AsyncClient, Client, LiveTransport
from flagengine.transports.errors import ConnectError, RequestError, TLSError
from flagengine.transports.http.base import Request
from flagengine.transports.http.session import make_session

from .certificates import HAS_OPENSSL, Authority
from .mock_server import MockServer
from .raw_server import Connection, RawServer, ok, reset, serving

pytestmark = [
    pytest.mark.contract("http-client"),
    pytest.mark.skipif(not HAS_OPENSSL, reason="needs the command openssl"),
]

PASSWORD = "pa55word"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours") / "ca")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("theirs") / "ca")


def answering(connection: Connection) -> None:
    while connection.read() is not None:
        connection.send(ok())


@pytest.fixture
def secure(ours: Authority) -> Iterator[RawServer]:
    with serving(answering, ours.wrapper()) as server:
        server.url = f"https://{server.host}"
        yield server


def get(url: str, **options: Any) -> int:
    return LiveTransport(**options).request(Request("GET", url)).status


# Certificates.


def test_a_certificate_of_ones_own_is_trusted_and_no_other(
    secure: RawServer, ours: Authority, theirs: Authority
) -> None:
    assert get(secure.url, ca_file=ours.file) == 200
    assert get(secure.url, verify=str(ours.file)) == 200
    for options in ({}, {"ca_file": str(theirs.file)}):
        with pytest.raises(TLSError, match=r"self-signed|unable to get"):
            get(secure.url, **options)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_given_certificate_beats_the_environments(
    secure: RawServer,
    ours: Authority,
    theirs: Authority,
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(theirs.file))
    assert get(secure.url, ca_file=ours.file) == 200
    with pytest.raises(TLSError):
        get(secure.url)

    def session() -> requests.Session:
        made = requests.Session()
        made.verify = str(ours.file)
        return made

    assert get(secure.url, session=session) == 200
    monkeypatch.setenv(variable, str(ours.file))
    with pytest.raises(TLSError):
        get(secure.url, ca_file=theirs.file)


def test_without_an_option_the_environment_is_asked_unless_it_is_not_trusted(
    secure: RawServer, ours: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ours.file))
    assert get(secure.url) == 200
    with pytest.raises(TLSError):
        get(secure.url, trust_env=False)


def test_a_directory_of_certificates_is_taken(
    secure: RawServer, ours: Authority, tmp_path: Path
) -> None:
    with pytest.raises(TLSError):
        get(secure.url, ca_file=tmp_path)


def test_a_file_that_the_environment_names_and_that_is_not_there_is_named(
    secure: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such.pem")
    with pytest.raises(TLSError, match=r"invalid path: /no/such\.pem"):
        get(secure.url)


def test_a_client_shows_its_certificate(ours: Authority, theirs: Authority, tmp_path: Path) -> None:
    certificate, key = theirs.sign("client")
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    with serving(answering, ours.wrapper(asks_for=theirs)) as server:
        url = f"https://{server.host}"
        for given in ((certificate, key), both, str(both)):
            assert get(url, ca_file=ours.file, client_certificate=given) == 200
        with pytest.raises(RequestError):
            get(url, ca_file=ours.file)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_both_clients_have_these_options(secure: RawServer, ours: Authority, kind: Any) -> None:
    client = kind("phc_x", host=secure.url, ca_file=ours.file, max_retries=0)
    client.capture("e", distinct_id="u")
    done = client.shutdown(10)
    assert asyncio.run(done) if kind is AsyncClient else done
    assert secure.requests[0].json()["batch"][0]["event"] == "e"


def test_a_kept_tls_connection_that_is_dead_is_replaced(ours: Authority) -> None:
    def serve(connection: Connection) -> None:
        connection.read()
        connection.send(ok())
        if connection.read() is not None:
            reset(connection)

    def end(connection: Connection) -> None:
        connection.read()
        connection.send(ok())
        if connection.read() is not None:
            # The end of TLS itself is not said.
            connection.sock.shutdown(socket.SHUT_RDWR)

    for dying in (serve, end):
        with serving(dying, ours.wrapper()) as server:
            transport = LiveTransport(ca_file=ours.file)
            request = Request("POST", f"https://{server.host}", body=b"{}")
            assert [transport.request(request).status for _ in range(3)] == [200] * 3
            assert len(server.requests) == 5


# Proxies.


def relaying(connection: Connection) -> None:
    """Serve as a proxy: connect, or answer a request for a whole URL by itself."""
    request = connection.read()
    assert request is not None
    if not request.line.startswith("CONNECT"):
        connection.send(ok(b'"from the proxy"'))
        return
    host, _, port = request.line.split()[1].rpartition(":")
    with socket.create_connection((host, int(port)), 10) as target:
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        pair = [connection.sock, target]
        while not connection.server.over.is_set():
            readable, _, _ = select.select(pair, [], [], 0.05)
            for sock in readable:
                data = sock.recv(65536)
                if not data:
                    return
                pair[1 - pair.index(sock)].sendall(data)


@contextlib.contextmanager
def proxy() -> Iterator[RawServer]:
    with serving(relaying) as server:
        yield server


def test_a_proxy_takes_all_requests_with_its_password(secure: RawServer, ours: Authority) -> None:
    with proxy() as relay:
        url = f"http://me:{PASSWORD}@{relay.host}"
        assert get(secure.url, proxy=url, ca_file=ours.file) == 200
        assert get("http://host.invalid/x", proxy=url) == 200
        tunnel, plain = relay.requests
    assert tunnel.line.startswith(f"CONNECT {secure.host} ")
    assert plain.line.startswith("GET http://host.invalid/x ")
    expected = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert tunnel.headers["proxy-authorization"] == expected
    assert plain.headers["proxy-authorization"] == expected
    # The server does not learn it.
    assert "proxy-authorization" not in secure.requests[0].headers


@pytest.mark.parametrize(
    "variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"]
)
def test_the_given_proxy_beats_the_environments(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "*" if variable.lower() == "no_proxy" else "http://127.0.0.1:1"
    with proxy() as relay:
        monkeypatch.setenv(variable, value)
        url = f"http://{relay.host}"
        assert get("http://host.invalid/", proxy=url) == 200

        def session() -> requests.Session:
            made = make_session()
            made.proxies = {"http": url}
            return made

        assert get("http://host.invalid/", session=session) == 200
        assert len(relay.requests) == 2


def test_a_proxy_of_the_environment_is_used_unless_it_is_not_trusted(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy() as relay:
        monkeypatch.setenv("http_proxy", f"http://{relay.host}")
        get("http://host.invalid/")
        assert len(relay.requests) == 1
        get(server.url, trust_env=False)
        assert (len(relay.requests), len(server.seen)) == (1, 1)


def test_no_password_of_a_proxy_is_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = []
    for url in (
        f"http://me:{PASSWORD}@127.0.0.1:1",
        f"http://me:a@{PASSWORD}@127.0.0.1:1",
        f"foo://me:{PASSWORD}@127.0.0.1:1",
        f"http://me:{PASSWORD}/x@127.0.0.1:1",
        f"me:{PASSWORD}@127.0.0.1:1",
        f"socks5://me:{PASSWORD}@127.0.0.1:1",
    ):
        with pytest.raises(ValueError, match="proxy") as refused:
            LiveTransport(proxy=url.replace("127.0.0.1:1", "127.0.0.1:99999"))
        texts.append(str(refused.value))
        for target in ("http://host.invalid/", "https://host.invalid/"):
            monkeypatch.setenv("ALL_PROXY", url)
            with pytest.raises(RequestError) as caught:
                get(target)
            texts.append(str(caught.value))
    assert not [text for text in texts if PASSWORD in text]


def test_a_proxy_that_refuses_says_so(secure: RawServer) -> None:
    def refusing(connection: Connection) -> None:
        connection.read()
        connection.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    said = "407 Proxy Authentication Required"
    with serving(refusing) as relay, pytest.raises(ConnectError, match=said):
        get(secure.url, proxy=f"http://{relay.host}")


def test_netrc_gives_no_credentials_to_a_session_of_ones_own(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password pw\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    transport = LiveTransport(session=requests.Session)
    transport.request(Request("GET", server.url, {"Authorization": "Bearer mine"}))
    transport.request(Request("GET", server.url))
    given = [seen.headers.get("authorization") for seen in server.seen]
    assert given == ["Bearer mine", None]


def socks(connection: Connection) -> None:
    """Serve as a SOCKS5 proxy with a password, which resolves every name to 127.0.0.1."""
    sock = connection.sock
    sock.recv(1024)
    sock.sendall(b"\x05\x02")
    given = sock.recv(1024)
    assert given == b"\x01\x02me" + bytes([len(PASSWORD)]) + PASSWORD.encode()
    sock.sendall(b"\x01\x00")
    asked = sock.recv(1024)
    assert asked[:4] == b"\x05\x01\x00\x03"
    connection.server.names.append(asked[5:-2].decode())  # type: ignore[attr-defined]
    sock.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
    connection.read()
    connection.send(ok(b'"through socks"'))


def test_a_socks_proxy_is_used() -> None:
    pytest.importorskip("socks")
    with serving(socks) as relay:
        relay.names = []  # type: ignore[attr-defined]
        url = f"socks5h://me:{PASSWORD}@{relay.host}"
        response = LiveTransport(proxy=url).request(
            Request("GET", "http://host.invalid/", timeout=5)
        )
        assert response.body == b'"through socks"'
        assert relay.names == ["host.invalid"]  # type: ignore[attr-defined]
