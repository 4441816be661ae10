"""The session of `requests`: an application may make its own, and each process has its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import requests

from flagengine.transports import Client, LiveTransport
from flagengine.transports.errors import ConnectError
from flagengine.transports.http.base import Request
from flagengine.transports.http.session import make_session

from .mock_server import MockServer

pytestmark = pytest.mark.contract("http-client")


class Sessions:
    """A factory of sessions that counts its calls."""

    def __init__(self) -> None:
        self.made: list[requests.Session] = []

    def __call__(self) -> requests.Session:
        session = make_session()
        session.headers["X-Mine"] = "yes"
        self.made.append(session)
        return session


def test_requests_go_through_the_session_that_the_application_makes(server: MockServer) -> None:
    sessions = Sessions()
    transport = LiveTransport(session=sessions)
    for _ in range(2):
        transport.request(Request("GET", server.url))
    assert [seen.headers["x-mine"] for seen in server.seen] == ["yes", "yes"]
    assert len(sessions.made) == 1
    transport.close()
    transport.request(Request("GET", server.url))
    assert len(sessions.made) == 2


def test_a_client_takes_such_a_transport(server: MockServer) -> None:
    transport = LiveTransport(session=Sessions())
    with Client("phc_x", host=server.url, transport=transport) as client:
        client.capture("signed up", distinct_id="user-1")
    assert {seen.headers.get("x-mine") for seen in server.seen} == {"yes"}
    transport.close()


def test_a_proxy_of_the_session_is_used(server: MockServer) -> None:
    def session() -> requests.Session:
        made = make_session()
        made.proxies["http"] = server.url
        return made

    LiveTransport(session=session).request(Request("GET", "http://host.invalid/x?y=1"))
    assert server.seen[0].path == "http://host.invalid/x?y=1"


def test_a_proxy_that_is_not_there_is_a_connect_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(ConnectError):
        LiveTransport().request(Request("GET", "http://host.invalid/"))


ENVIRONMENTS = [
    {},
    {"http_proxy": "http://lower:1"},
    {"HTTP_PROXY": "http://upper:1", "https_proxy": "http://other:1"},
    {"http_proxy": "http://proxy:1", "no_proxy": "host.invalid"},
    {"http_proxy": "http://proxy:1", "NO_PROXY": "*"},
    {"all_proxy": "socks5://proxy:1"},
    {"HTTP_PROXY": "http://upper:1", "REQUEST_METHOD": "GET"},
    {"REQUESTS_CA_BUNDLE": "/bundle"},
    {"CURL_CA_BUNDLE": "/curl"},
]


def test_the_environment_is_that_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    session, plain = make_session(), requests.Session()
    for number in range(3):
        for environment in ENVIRONMENTS:
            with monkeypatch.context() as patches:
                for name in {name for each in ENVIRONMENTS for name in each}:
                    patches.delenv(name, raising=False)
                for name, value in environment.items():
                    patches.setenv(name, value)
                for verify in (None, True, False):
                    for url in ("http://host.invalid/x", f"https://host.invalid/{number}"):
                        given: tuple[Any, ...] = (url, {}, None, verify, None)
                        expected = plain.merge_environment_settings(*given)
                        assert session.merge_environment_settings(*given) == expected
                        # What a caller does to the result is no part of the next.
                        session.merge_environment_settings(*given)["proxies"].clear()
                        assert session.merge_environment_settings(*given) == expected
    session.verify = plain.verify = "/own"
    session.proxies = plain.proxies = {"http": "http://own:1"}
    given = ("http://host.invalid/x", {}, None, None, None)
    assert session.merge_environment_settings(*given) == plain.merge_environment_settings(*given)
    session.trust_env = plain.trust_env = False
    monkeypatch.setenv("https_proxy", "http://ignored:1")
    assert session.merge_environment_settings(*given) == plain.merge_environment_settings(*given)


FORK = """
import os, sys
from flagengine.transports import LiveTransport, Request
from flagengine.transports.http.session import make_session
made = []
def session():
    made.append(os.getpid())
    return make_session()
transport = LiveTransport(session=session)
transport.request(Request("GET", sys.argv[1]))
child = os.fork()
transport.request(Request("GET", sys.argv[1]))
assert made == ([os.getpid()] if child else [os.getppid(), os.getpid()]), made
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_the_child_of_a_fork_makes_a_session_of_its_own(server: MockServer) -> None:
    run(FORK, server.url)
    assert len(server.seen) == 3


PREPARED = """
import sys
from typing import Any
from flagengine.transports import LiveTransport, Request
transport = LiveTransport()
transport.prepare()
before = set(sys.modules)
transport.request(Request("GET", sys.argv[1]))
print(sorted(set(sys.modules) - before))
"""


def test_after_prepare_a_request_imports_nothing(server: MockServer) -> None:
    assert run(PREPARED, server.url) == "[]\n"


def run(program: str, url: str) -> str:
    command = [sys.executable, "-c", program, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
