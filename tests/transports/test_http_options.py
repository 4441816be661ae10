"""The options of HTTP: each is checked when the client or the transport is made."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import requests

from flagengine.transports import Client, LiveTransport, MemoryTransport, Options
from flagengine.transports.http import option_checks
from flagengine.transports.http.options import HttpOptions

from .certificates import HAS_OPENSSL, Authority

pytestmark = pytest.mark.contract("http-client")

NAMES = [each.name for each in fields(HttpOptions)]
PASSWORD = "pa55word"
FOLDER = str(Path(__file__).parent)


def test_the_transport_and_the_clients_have_the_same_options_and_defaults() -> None:
    parameters = inspect.signature(LiveTransport).parameters
    for each in fields(HttpOptions):
        assert parameters[each.name].default == each.default, each.name
        assert getattr(Options(), each.name) == each.default


WRONG: list[tuple[str, Any, str]] = [
    ("proxy", "proxy:3128", "must be a URL such as"),
    ("proxy", "", "must be a URL such as"),
    ("proxy", " http://proxy", "must be a URL such as"),
    ("proxy", "ftp://proxy", "must be a URL such as"),
    ("proxy", "http://", "must be a URL such as"),
    ("proxy", "http://proxy:port", "must be a URL such as"),
    ("proxy", "http://proxy:70000", "must be a URL such as"),
    ("proxy", "http://[::1", "must be a URL such as"),
    ("proxy", f"me:{PASSWORD}@proxy:1", "must be a URL such as"),
    ("proxy", f"http://me:{PASSWORD}@proxy:70000", "must be a URL such as"),
    ("proxy", {"http": "http://proxy"}, "must be the URL of a proxy, got dict"),
    ("proxy", True, "must be the URL of a proxy, got bool"),
    ("ca_file", "/no/such.pem", "No such file"),
    ("ca_file", __file__, "PEM format"),
    ("ca_file", "a\0b", "must be the path of a file"),
    ("ca_file", True, "must be a path, got bool"),
    ("client_certificate", "/no/such.pem", "No such file"),
    ("client_certificate", __file__, "unencrypted key in PEM format"),
    ("client_certificate", (__file__, "/no/such.key"), "No such file"),
    ("client_certificate", FOLDER, "unencrypted key in PEM format"),
    ("client_certificate", (), "pair (certificate, key), got 0"),
    ("client_certificate", ("a",) * 3, "pair (certificate, key), got 3"),
    ("client_certificate", [__file__], "must be a path, got list"),
    ("pool_size", 0, "must be at least 1, got 0"),
    ("pool_size", -1, "must be at least 1, got -1"),
    ("pool_size", "eight", "must be an integer such as 64, got 'eight'"),
    ("pool_size", True, "must be an integer such as 64, got True"),
    ("pool_size", None, "must be an integer such as 64, got None"),
    ("idle_connection_timeout", -1, "must be at least 0 (seconds), got -1"),
    (
        "idle_connection_timeout",
        float("nan"),
        "must be a number of seconds such as 60 or None, got nan",
    ),
    ("idle_connection_timeout", float("inf"), "must be at most 2000000 (seconds), got inf"),
    ("idle_connection_timeout", "60s", "must be a number of seconds such as 60 or None, got '60s'"),
    ("idle_connection_timeout", False, "must be a number of seconds such as 60 or None, got False"),
    ("reuse_connections", "maybe", "got 'maybe'"),
    ("tcp_keep_alive", 2, "must be True or False, or a text such as"),
    ("trust_env", None, "must be True or False, or a text such as"),
]


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
@pytest.mark.parametrize("make", [Client, LiveTransport])
def test_what_cannot_be_used_is_refused_with_the_options_name(
    make: Any, name: str, value: Any, said: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        make(**{name: value})
    assert str(caught.value).startswith(name)
    assert said in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_what_is_unambiguous_is_converted() -> None:
    options = Options(pool_size="8", idle_connection_timeout="60", trust_env="off")  # type: ignore[arg-type]
    assert (options.pool_size, options.idle_connection_timeout, options.trust_env) == (
        8,
        60.0,
        False,
    )


def test_every_option_has_a_wrong_value_above() -> None:
    assert {name for name, _, _ in WRONG} == set(NAMES)


@pytest.mark.skipif(not HAS_OPENSSL, reason="needs the command openssl")
def test_a_key_with_a_password_is_refused_without_asking_for_it(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path / "ca").sign("client", password=PASSWORD)
    with pytest.raises(ValueError, match=r"client_certificate must be .* unencrypted key"):
        LiveTransport(client_certificate=(certificate, key))
    other = Authority(tmp_path / "other").sign("client")
    with pytest.raises(ValueError, match="client_certificate"):
        LiveTransport(client_certificate=(certificate, other[1]))


def test_a_socks_proxy_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, object] = {}
    monkeypatch.setattr(option_checks, "find_spec", found.get)
    for scheme in ("socks4", "socks4a", "socks5", "socks5h"):
        with pytest.raises(ValueError, match=rf"PySocks for {scheme}://; pip install"):
            Client(proxy=f"{scheme}://proxy:1080")
    found["socks"] = object()
    option_checks.proxy("proxy", "socks5://proxy:1080")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"session": requests.Session, "pool_size": 3}, "session"),
        ({"session": requests.Session, "verify": False}, "session"),
        ({"ca_file": __file__, "verify": __file__}, "ca_file and verify"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LiveTransport(**options)


def test_options_beside_a_transport_are_refused_and_not_ignored() -> None:
    transport = MemoryTransport()
    with pytest.raises(ValueError, match="pool_size must be given to the transport"):
        Client("phc_x", transport=transport, pool_size=3)
    Client("phc_x", transport=transport, pool_size=64).shutdown()


def test_no_repr_shows_a_password_or_a_file_of_a_key() -> None:
    options = Options(proxy=f"http://me:{PASSWORD}@proxy:3128")
    assert PASSWORD not in repr(options)
    assert PASSWORD not in repr(LiveTransport(proxy=options.proxy))


# Further headers.

REFUSED: list[tuple[Any, str]] = [
    ({"Bad Name": "x"}, "names of letters"),
    ({"Bad\nName": "x"}, "names of letters"),
    ({"Bad:": "x"}, "names of letters"),
    ({"": "x"}, "names of letters"),
    ({"Ünicode": "x"}, "names of letters"),
    ({1: "x"}, "text as names, got int"),
    ({b"X-A": "x"}, "text as names, got bytes"),
    ({"X-A": "secret\r\nX-Evil: 1"}, "extra_headers['X-A'] must be one line"),
    ({"X-A": "secret\n"}, "must be one line"),
    ({"X-A": "secret\0"}, "must be one line"),
    ({"X-A": "secret→"}, "Latin-1"),
    ({"X-A": b"secret"}, "must be text, got bytes"),
    ({"X-A": 7}, "must be text, got int"),
    ({"X-A": None}, "must be text, got NoneType"),
    ({"X-A": "1", "x-a": "2"}, "'x-a' twice"),
    ([("X-A", "1")], "must be a mapping of names to values, got list"),
    (None, "must be a mapping"),
    *(({name: "5"}, "frames the request") for name in (
        "Host", "content-length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer",
        "Upgrade", "Expect", "Proxy-Connection", "Proxy-Authorization", "Content-Encoding",
    )),
    *(({name: "5"}, f"must not have {name!r}: ") for name in (
        "Authorization", "user-agent", "Content-Type", "Accept-Encoding",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "said"), REFUSED)
def test_headers_that_cannot_be_sent_are_refused(headers: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Client("phc_x", extra_headers=headers)
    assert str(caught.value).startswith("extra_headers")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_other_headers_are_sent_with_every_request() -> None:
    transport = MemoryTransport()
    headers = {"X-Test-Id": "7", "Cookie": "a=b", "X-Wide": "ü", "X-Tab": "a\tb", "X_Y.z": ""}
    with Client("phc_x", transport=transport, extra_headers=headers, gzip=False) as client:
        client.capture("e", distinct_id="u")
        client.flush()
        client.get_feature_flag("a", "u")
        client.get_surveys()
    assert len(transport.requests) >= 3
    for request in transport.requests:
        assert headers.items() <= {**request.headers, "X-Tab": "a\tb"}.items()
