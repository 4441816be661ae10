"""The live transport with a real server: deadlines, limits, redirects, secrets, errors."""

from __future__ import annotations

import gzip
import http.client
import inspect
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
import requests.exceptions
import urllib3.exceptions

from flagengine.transports.errors import (
    ConnectError,
    ConnectionLostError,
    InvalidRequestError,
    InvalidResponseError,
    RequestError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TLSError,
)
from flagengine.transports.http.base import Request
from flagengine.transports.http.live import LiveTransport
from flagengine.transports.http.translation import translate

from .mock_server import Answer, MockServer

pytestmark = pytest.mark.contract("http-client")

SECRET = "phx_secretsecretsecret"


def post(url: str, *, timeout: float = 5.0, **headers: str) -> Request:
    return Request("POST", url, headers, b'{"a":1}', timeout)


def test_a_request_arrives_as_written_and_the_answer_comes_back(server: MockServer) -> None:
    server.play(Answer(201, {"X-One": "1"}, b"hello"))
    response = LiveTransport().request(post(server.url + "/batch/?x=1", Accept="a/b"))
    assert (response.status, response.body, response.header("x-ONE")) == (201, b"hello", "1")
    seen = server.seen[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/batch/?x=1", b'{"a":1}')
    assert seen.headers["accept"] == "a/b"
    assert "authorization" not in seen.headers


def test_connections_are_reused(server: MockServer) -> None:
    transport = LiveTransport()
    bodies = [transport.request(post(server.url)).body for _ in range(3)]
    assert bodies == [b"{}"] * 3


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"x" * 1000, mtime=0)),
        ("deflate", zlib.compress(b"x" * 1000)),
        ("deflate", zlib.compress(b"x" * 1000)[2:-4]),
    ],
)
def test_packed_answers_are_unpacked(server: MockServer, coding: str, packed: bytes) -> None:
    server.play(Answer(headers={"Content-Encoding": coding}, body=packed))
    assert LiveTransport().request(post(server.url)).body == b"x" * 1000


def test_an_answer_larger_than_the_bound_is_refused(server: MockServer) -> None:
    server.play(Answer(body=b"x" * 2000))
    with pytest.raises(ResponseTooLargeError) as caught:
        LiveTransport(max_response_bytes=1000).request(post(server.url))
    assert caught.value.status == 200


def test_an_answer_that_unpacks_to_more_than_the_bound_is_refused(server: MockServer) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    server.play(Answer(headers={"Content-Encoding": "gzip"}, body=bomb))
    with pytest.raises(ResponseTooLargeError):
        LiveTransport(max_response_bytes=1_000_000).request(post(server.url))


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", b"no gzip"), ("br", b"x"), ("gzip", gzip.compress(b"x" * 99, mtime=0)[:-9])],
)
def test_a_body_that_cannot_be_unpacked_is_an_invalid_response(
    server: MockServer, coding: str, body: bytes
) -> None:
    server.play(Answer(headers={"Content-Encoding": coding}, body=body))
    with pytest.raises(InvalidResponseError):
        LiveTransport().request(post(server.url))


@pytest.mark.parametrize("fault", ["drip", "drip-headers"])
def test_a_server_that_drips_does_not_outlast_the_deadline(server: MockServer, fault: str) -> None:
    server.play(Answer(body=b"x" * 1000, delay=0.02, fault=fault))
    started = time.monotonic()
    with pytest.raises(RequestTimeoutError):
        LiveTransport().request(post(server.url, timeout=0.2))
    assert time.monotonic() - started < 5


def test_a_server_that_is_silent_does_not_outlast_the_deadline(server: MockServer) -> None:
    server.play(Answer(delay=1.0))
    with pytest.raises(RequestTimeoutError, match=r"no response within 0\.1 s"):
        LiveTransport().request(post(server.url, timeout=0.1))


@pytest.mark.parametrize("fault", ["drop", "reset", "truncate"])
def test_a_broken_connection_is_named_so(server: MockServer, fault: str) -> None:
    server.play(Answer(fault=fault))
    with pytest.raises(ConnectionLostError):
        LiveTransport().request(post(server.url))


def test_a_refused_connection_and_an_unknown_host_are_connect_errors() -> None:
    for url in ("http://127.0.0.1:1/", "http://no-such-host.invalid/"):
        with pytest.raises(ConnectError):
            LiveTransport().request(post(url))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "no-scheme", "http://", "http://[::bad"])
def test_a_bad_url_is_an_invalid_request(url: str) -> None:
    with pytest.raises(InvalidRequestError):
        LiveTransport().request(post(url))


def test_a_peer_that_speaks_no_tls_is_a_tls_error(server: MockServer) -> None:
    with pytest.raises(TLSError):
        LiveTransport().request(post(server.url.replace("http:", "https:")))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_keeps_method_body_and_on_the_same_host_the_credentials(
    server: MockServer, status: int
) -> None:
    server.play(Answer(status, {"Location": "/moved"}))
    LiveTransport().request(post(server.url + "/here", Authorization=f"Bearer {SECRET}"))
    seen = server.seen[1]
    assert (seen.method, seen.path, seen.body) == ("POST", "/moved", b'{"a":1}')
    assert seen.headers["authorization"] == f"Bearer {SECRET}"


def test_a_redirect_to_another_host_carries_no_credentials(server: MockServer) -> None:
    with MockServer() as other:
        server.play(Answer(307, {"Location": other.url + "/moved"}))
        LiveTransport().request(post(server.url, Authorization=f"Bearer {SECRET}", Cookie="a=b"))
        assert other.seen[0].body == b'{"a":1}'
        assert not {"authorization", "cookie"} & other.seen[0].headers.keys()


def test_redirects_come_to_an_end(server: MockServer) -> None:
    server.default = Answer(307, {"Location": "/again"})
    with pytest.raises(InvalidResponseError, match="redirects"):
        LiveTransport().request(post(server.url))
    assert len(server.seen) == 6


def test_a_redirect_for_a_get_of_something_else_is_handed_to_the_caller(
    server: MockServer,
) -> None:
    server.play(Answer(303, {"Location": "/see"}))
    assert LiveTransport().request(post(server.url)).status == 303
    assert len(server.seen) == 1


def test_no_credentials_come_from_netrc_and_no_cookie_is_kept(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password pw\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    server.play(Answer(headers={"Set-Cookie": "a=b"}))
    transport = LiveTransport()
    for _ in range(2):
        transport.request(post(server.url))
    assert not any({"authorization", "cookie"} & seen.headers.keys() for seen in server.seen)


def test_a_header_value_cannot_smuggle_a_second_header(server: MockServer) -> None:
    LiveTransport().request(post(server.url, Name="value\r\nX-Evil: 1", Wide="ü→"))
    assert server.seen[0].headers["name"] == "valueX-Evil: 1"
    assert server.seen[0].headers["wide"] == "ü?"
    assert "x-evil" not in server.seen[0].headers


def test_errors_and_reprs_show_no_key() -> None:
    url = f"http://user:{SECRET}@127.0.0.1:1/flags?token={SECRET}&v=2"
    request = Request("POST", url, {"Authorization": f"Bearer {SECRET}"}, SECRET.encode())
    with pytest.raises(RequestError) as caught:
        LiveTransport().request(request)
    shown = [str(caught.value), repr(caught.value), repr(request)]
    assert not any(SECRET in text for text in shown)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def foreign_errors() -> list[type[Exception]]:
    modules = (requests.exceptions, urllib3.exceptions, http.client)
    found = {
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Exception) and not issubclass(member, Warning)
        # Imported into requests' module, and never raised by a request.
        if member.__module__ != "json.decoder"
    }
    return sorted(found, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


TERMINAL = {
    "HeaderParsingError",
    "InvalidHeader",
    "InvalidProxyURL",
    "InvalidSchema",
    "InvalidURL",
    "LocationParseError",
    "LocationValueError",
    "MissingSchema",
    "ProxySchemeUnknown",
    "ProxySchemeUnsupported",
    "StreamConsumedError",
    "URLRequired",
    "URLSchemeUnknown",
    "UnrewindableBodyError",
}


@pytest.mark.parametrize(
    "kind", foreign_errors(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_every_foreign_error_is_translated(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    translated = translate(error, post("http://host/"))
    name = kind.__name__
    assert isinstance(translated, RequestError)
    assert translated.is_retryable == (name not in TERMINAL), name
    if "Timeout" in name and name != "TimeoutStateError":
        assert isinstance(translated, RequestTimeoutError)
    if "SSL" in name:
        assert isinstance(translated, TLSError)


def test_importing_the_package_imports_no_requests() -> None:
    code = (
        "import sys, threading, flagengine.transports, flagengine.transports.http.live, flagengine.transports.batching.pipeline;"
        "assert 'requests' not in sys.modules and 'urllib3' not in sys.modules;"
        "assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
