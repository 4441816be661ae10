"""Who may read and change what a server for development has: own names, own pages, and programs."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from typing import Any

import pytest

from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.server import BackgroundServer, ProjectSettings, Server, ServerSettings
from flagengine.transports.server.run import run
from tests.transports.server.explorer.support import Explorer
from tests.transports.server.support import Bench

CONTROL = "0123456789abcdef"
WITH_KEY = {"authorization": f"Bearer {CONTROL}"}
PAGE, OVERVIEW, CHANGES = "/", "/_explorer/overview", "/_explorer/changes"
EVENTS, STREAM, FORCED = "/_events", "/_events/stream", "/_control/overrides"
BY_NAME = (PAGE, OVERVIEW, EVENTS, FORCED)


def _development(**settings: object) -> Bench:
    return Bench(is_development=True, control_key=CONTROL, **settings)


def _status(bench: Bench, path: str, host: str, method: str = "GET") -> int:
    return bench(method, path, headers={"host": host, **WITH_KEY}).status


@pytest.mark.parametrize("path", [*BY_NAME, CHANGES, STREAM, f"{FORCED}/default", "/_events/"])
def test_a_name_that_is_not_its_own_opens_nothing(path: str):
    answer = _development()("GET", path, headers={"host": "evil.example:8765", **WITH_KEY})
    assert answer.status == 403
    assert answer.text == (
        "this server is not known to be 'evil.example': "
        "to use it by this name, add the name to allowed_hosts (--allowed-host)"
    )


def test_a_name_that_is_not_its_own_changes_nothing():
    bench = _development()
    page = {"host": "evil.example", "origin": "http://evil.example", **WITH_KEY}
    assert bench("PUT", FORCED, {"beta": False}, page).status == 403
    assert bench("DELETE", EVENTS, headers=page).status == 403
    assert bench.flags()["flags"]["beta"]["enabled"] is True
    post = Explorer().post("answers", {"people": [{}]}, page)
    assert post.status == 403


@pytest.mark.parametrize("path", BY_NAME)
@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LocalHost:8765", "localhost.:1", "shop.localhost:80"),
        *("127.0.0.1:8765", "127.8.9.1.", "[::1]:8765", "[::1]", "192.168.1.7:80", "8.8.8.8"),
    ],
)
def test_local_names_and_literal_addresses_are_its_own(host: str, path: str):
    assert _status(_development(), path, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "evillocalhost", "127.0.0.1.evil.example"),
        *("localhost:80@evil.example", "[::1]evil", "[evil.example]", "", ":80", "flags"),
    ],
)
def test_names_that_only_look_like_them_are_not(host: str):
    assert _status(_development(), PAGE, host) == 403


def test_further_names_are_a_setting():
    bench = _development(allowed_hosts=("Flags.Test", "*.example.com"))
    statuses = {
        host: _status(bench, EVENTS, host)
        for host in ("flags.test", "FLAGS.test.:80", "a.b.example.com", "example.com", "a.test")
    }
    assert list(statuses.values()) == [200, 200, 200, 403, 403]
    assert _status(_development(allowed_hosts=("*",)), EVENTS, "evil.example") == 200


@pytest.mark.parametrize("wrong", ["http://flags.test", "flags.test:80", "a..b", "*a", "*.", "*.*"])
def test_a_setting_that_is_no_name_is_refused(wrong: str):
    with pytest.raises(ValueError, match=r"allowed_hosts\[0\] must be the name of a host such as"):
        _development(allowed_hosts=(wrong,))


@pytest.mark.parametrize("path", ["/_health", "/_ready", "/metrics"])
def test_probes_and_scrapers_may_use_any_name(path: str):
    assert _status(_development(), path, "flags-7d9f.flags.svc") == 200


def test_sdks_may_use_any_name_and_so_may_their_pages():
    page = {"host": "shop.example", "origin": "https://elsewhere.example"}
    bench = _development()
    assert bench.flags(headers=page)["flags"]["beta"]["enabled"] is True
    assert bench("POST", "/ofrep/v1/evaluate/flags/beta", {}, {**page, "x-api-key": "phc_project"})
    sent = {"api_key": "phc_project", "batch": []}
    assert bench("POST", "/batch", sent, page).status != 403


def test_a_relay_with_a_control_key_may_be_asked_by_any_name():
    relay = Bench(control_key=CONTROL)
    assert _status(relay, FORCED, "flags.default.svc") == 200


def test_a_request_without_a_name_is_of_no_browser():
    bench = _development()
    application = bench.application

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        headers = [each for each in scope["headers"] if each[0] != b"host"]
        await application({**scope, "headers": headers}, receive, send)

    bench.application = bare
    assert bench("GET", EVENTS).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1"},
    ],
)
@pytest.mark.parametrize("path", [OVERVIEW, CHANGES, EVENTS, STREAM])
def test_pages_of_other_sites_may_not_read(path: str, headers: dict[str, str]):
    bench = _development()
    answer = bench("GET", path, headers=headers)
    assert answer.status == 403
    assert (
        answer.text
        == "only the pages of this server itself may read this, not those of other sites"
    )
    assert bench("GET", PAGE, headers=headers).status == 200, "it may be a link"
    assert bench("GET", FORCED, headers={**headers, **WITH_KEY}).status == 200, "it has the key"


def test_the_page_itself_and_programs_may_read():
    own = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    for path in (OVERVIEW, EVENTS):
        assert _development()("GET", path, headers=own).status == 200
        assert _development()("GET", path).status == 200


def test_guarded_addresses_are_below_the_prefix_too():
    assert _status(_development(prefix="/ph"), "/ph/_events", "evil.example") == 403


# At real sockets.

_LOOK_UP = socket.getaddrinfo


def _server(**settings: object) -> Server:
    project = ProjectSettings(source=MemoryDefinitions({"flags": []}), poll_interval=3600.0)
    return Server(
        ServerSettings(projects=(project,), is_development=True, shutdown_timeout=1.0, **settings)
    )


def _ask(port: int, host: str) -> int:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/_events", headers={"Host": host})
    try:
        with urllib.request.urlopen(asked) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_name_that_it_listens_at_is_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.getaddrinfo", _of_this_machine)
    with BackgroundServer(_server(), host="flags.test") as running:
        assert _ask(running.port, "flags.test") == 200
        assert _ask(running.port, "evil.example") == 403


def test_so_is_the_name_that_the_command_is_given(monkeypatch: pytest.MonkeyPatch):
    asked: list[bool] = []

    class _Stopped(Exception):  # noqa: N818 - no error
        pass

    def opened(_host: str, _port: int) -> None:
        asked.append(server.hosts.allow("flags.test:80"))
        raise _Stopped

    server = _server()
    monkeypatch.setattr("flagengine.transports.server.run.opened_sockets", opened)
    with pytest.raises(_Stopped):
        run(server, host="flags.test", port=0)
    assert asked == [True]


def _of_this_machine(host: str, *arguments: object, **named: object) -> object:
    return _LOOK_UP("127.0.0.1" if host == "flags.test" else host, *arguments, **named)


DEFINITIONS = (
    "/flags/definitions",
    "/api/feature_flag/local_evaluation/",
    "/api/projects/@current/feature_flags",
    "/api/projects/@current/feature_flags/beta/remote_config",
    "/openfeature/v0/manifest",
)
WITHOUT_KEYS = {"project_key": None, "secret_keys": ()}
SECRET = {"authorization": "Bearer phx_any", "host": "flags:8765"}


@pytest.mark.parametrize("path", DEFINITIONS)
@pytest.mark.parametrize(
    "page", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_page_of_another_site_reads_no_definitions(path: str, page: dict[str, str]):
    bench = Bench(project=WITHOUT_KEYS, is_development=True)
    answer = bench("GET", path, headers={**SECRET, **page})
    assert (answer.status, answer.text) == (
        403,
        "only the pages of this server itself may read this, not those of other sites",
    )
    assert bench("GET", path, headers=SECRET).status == 200


def test_a_page_of_another_site_asks_for_flags():
    page = {"origin": "https://shop.example", "sec-fetch-site": "cross-site"}
    body = {"token": "phc_any", "distinct_id": "ann"}
    bench = Bench(project=WITHOUT_KEYS, is_development=True)
    assert bench("POST", "/flags", body, page).status == 200
