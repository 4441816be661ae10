"""What a library says is in the client's error, and no key or password is."""

from __future__ import annotations

import dataclasses
import logging
from importlib.util import find_spec
from typing import Any

import pytest

from flagengine.transports import LiveTransport
from flagengine.transports.errors import (
    ConnectError,
    ConnectionLostError,
    InvalidRequestError,
    RequestError,
)
from flagengine.transports.http.base import Request
from flagengine.transports.http.redaction import printable, redact_text, redact_url
from flagengine.transports.http.translation import translate

from .mock_server import MockServer
from .raw_server import Connection, serving

pytestmark = pytest.mark.contract("http-client")

SECRET = "phx_secretsecretsecret"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("eu.i.posthog.com/batch/", "MissingSchema: Invalid URL .* No scheme supplied"),
        ('"https://eu.i.posthog.com"/', "InvalidSchema: No connection adapters were found"),
        ("not a url", "InvalidURL: Failed to parse: .* invalid character"),
        ("http://127.0.0.1:99999/", "InvalidURL: Failed to parse"),
        ("http://", "InvalidURL: .*No host supplied"),
        ("http://*.posthog.com/", "InvalidURL: "),
        ("", "MissingSchema: "),
    ],
)
def test_the_sentence_about_a_bad_url_is_kept(url: str, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said) as caught:
        LiveTransport().request(Request("GET", url))
    name = type(caught.value).__name__
    assert f"{name}: {name}" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("socks5://127.0.0.1:9", "Missing dependencies for SOCKS support"),
        ("foo://127.0.0.1:9", "Proxy URL had unsupported scheme foo"),
        ("http://", "Please check proxy URL"),
    ],
)
def test_the_sentence_about_a_bad_proxy_is_kept(
    variable: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable.startswith("socks") and find_spec("socks"):
        pytest.skip("PySocks is installed")
    monkeypatch.setenv("all_proxy", variable)
    with pytest.raises(InvalidRequestError, match=said):
        LiveTransport().request(Request("GET", "http://host.invalid/"))


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "{url}", {"Bad\nName": "x"}),
        Request("GET", "{url}", {"Bad Name:": "x"}),
        Request("GE T", "{url}"),
        Request("GET\r\nX-Evil: 1", "{url}"),
        Request("POST", "{url}", {}, 7),  # type: ignore[arg-type]
        Request("GET", 7),  # type: ignore[arg-type]
        Request("GET", "{url}", timeout="5"),  # type: ignore[arg-type]
        Request("GET", "{url}", timeout=float("nan")),
        Request("GET", "{url}", timeout=float("inf")),
    ],
    ids=[
        "line break in a name",
        "colon in a name",
        "space in the method",
        "line break in the method",
        "body",
        "url",
        "timeout of text",
        "no number",
        "endless",
    ],
)
def test_a_request_that_cannot_be_written_is_invalid_and_not_sent(
    server: MockServer, request_: Request
) -> None:
    url = server.url if request_.url == "{url}" else request_.url
    request = dataclasses.replace(request_, url=url)
    with pytest.raises(InvalidRequestError):
        LiveTransport().request(request)
    assert not [seen for seen in server.seen if seen.headers.get("x-evil")]


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        HEAD + b"X: a\r\n" * 200 + b"\r\n",
        HEAD + b"Content-Length: 5, 6\r\n\r\nhello",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
        HEAD + b"Content-Length: 50\r\n\r\nhello",
    ],
    ids=lambda answer: answer[17:50].decode("latin-1").strip() or answer[:8].decode(),
)
def test_an_answer_that_cannot_be_read_is_a_lost_connection(answer: bytes) -> None:
    def serve(connection: Connection) -> None:
        connection.read()
        connection.send(answer)

    with serving(serve) as server:
        with pytest.raises(RequestError) as caught:
            LiveTransport().request(Request("POST", server.url, body=b"{}", timeout=5.0))
        # The server may have processed the request, so it is not the request that is invalid.
        assert type(caught.value) is ConnectionLostError
        assert caught.value.is_retryable
        assert "object at 0x" not in str(caught.value)
        assert len(server.requests) == 1


def test_a_session_that_cannot_be_made_is_no_foreign_error() -> None:
    def broken() -> Any:
        raise RuntimeError(f"no session for Bearer {SECRET}")

    with pytest.raises(RequestError, match="RuntimeError: no session") as caught:
        LiveTransport(session=broken).request(Request("GET", "http://host.invalid/"))
    assert SECRET not in str(caught.value)


def test_an_exception_whose_text_cannot_be_made_is_translated_all_the_same() -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise ValueError

    translated = translate(BrokenError(), Request("GET", "http://host/"))
    assert "Broken" in str(translated)


def test_a_sentence_is_one_line_of_bounded_length() -> None:
    error = ValueError("\x1b[31mred\r\n" + "x" * 1000)
    text = str(translate(error, Request("GET", "http://host/")))
    assert text.startswith("http://host/: ValueError: [31mred xxx")
    assert len(text) < 400
    assert text.isprintable()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:p@ss@host/x", "http://host/x"),
        ("http://me:pa/ss@host/x", "http://host/x"),
        ("http://me:pa#ss@host:8/x", "http://host:8/x"),
        ("http://host:8000/a@b", "http://host:8000/a@b"),
        ("http://host/a@b", "http://host/a@b"),
        ("proxy me:pw@host:3128 failed", "proxy host:3128 failed"),
        ("https://me@host/?token=abc&v=2", "https://host/?token=***&v=2"),
        ("12:30@noon", "noon"),
    ],
)
def test_user_names_and_passwords_are_left_out(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    assert redact_text(url) == shown


def test_json_keeps_what_is_no_credential() -> None:
    body = '{"url":"https://host","email":"a@b.c","at":"12:30","home":"http://b.c:80","n":{"a":1}}'
    assert redact_text(body) == body
    long = "://a:b,%+~a:b,x://" * 20_000
    assert redact_text(long) == long


def test_what_is_printable_stays() -> None:
    assert printable("Grüße\t→  x") == "Grüße → x"


def test_the_library_logs_no_key(server: MockServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "urllib3"):
        url = f"{server.url}/flags/definitions?token=phc_projectkey&send_cohorts"
        LiveTransport().request(Request("GET", url, {"Authorization": f"Bearer {SECRET}"}))
        assert "/flags/definitions?token=***" in caplog.text
        assert "phc_projectkey" not in caplog.text
        assert SECRET not in caplog.text
        # What others log is left alone.
        logging.getLogger("urllib3.connectionpool").debug("%s", "/?token=theirs")
        assert "/?token=theirs" in caplog.text


def test_a_refused_connection_is_told_in_the_systems_words() -> None:
    with pytest.raises(ConnectError, match="Connection refused"):
        LiveTransport().request(Request("GET", "http://127.0.0.1:1/"))
