"""Configurations: what a file may say, and the sentence for each mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flagengine.transports import FileDefinitions, HostFlagCache, HttpDefinitions, RedisFlagCache
from flagengine.transports.server import (
    ProjectSettings,
    ServerSettings,
    configuration_of,
    read_configuration,
)

ENVIRONMENT = {
    "WEB_SECRET": "phs_0123456789abcdef",
    "OTHER_SECRET": "phx_0123456789abcdef",
    "CONTROL": "0123456789abcdef",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "EMPTY": "",
    "WEB": "short",
}
FILE = {"definitions": "flags.json"}
RELAY = {
    "project_key": "phc_web",
    "secret_key_env": ["WEB_SECRET", "OTHER_SECRET"],
    "upstream": "https://eu.i.posthog.com",
}


def _of(project: dict[str, Any], **server: Any) -> Any:
    document = {"server": server, "projects": [project]}
    return configuration_of(document, ENVIRONMENT, Path("/etc/flags"))


def test_a_file_project_needs_nothing_else():
    found = _of(FILE)
    (project,) = found.settings.projects
    assert (found.host, found.port) == ("127.0.0.1", 8765)
    assert repr(project.source) == repr(FileDefinitions("/etc/flags/flags.json"))
    assert (project.project_key, project.upstream, project.complete) == (None, None, True)
    assert project.poll_interval == 1.0


def test_a_relay_polls_with_the_first_key_and_serves_all_of_them():
    (project,) = _of({**RELAY, "events": "spool", "poll_interval": 60}).settings.projects
    assert isinstance(project.source, HttpDefinitions)
    assert project.secret_keys == (ENVIRONMENT["WEB_SECRET"], ENVIRONMENT["OTHER_SECRET"])
    assert project.name == "phc_web"
    assert project.complete is False
    assert project.events == Path("/etc/flags/spool")
    assert project.staleness.stale_after == 180
    assert project.upstream.host == "https://eu.i.posthog.com"
    assert "phs_" not in repr(project)


def test_a_relay_that_asks_no_flags_upstream_takes_properties_for_all_there_are():
    (project,) = _of({**RELAY, "upstream_flags": False}).settings.projects
    assert project.complete is True
    assert project.upstream.answers_flags is False


def test_definitions_are_shared_through_redis_or_a_folder(tmp_path: Path):
    (project,) = _of({**RELAY, "redis_url_env": "REDIS_URL"}).settings.projects
    assert isinstance(project.cache, RedisFlagCache)
    (project,) = _of({"project_key": "phc_web", "shared_folder": str(tmp_path)}).settings.projects
    assert isinstance(project.cache, HostFlagCache)
    assert project.source is None


def test_the_server_has_settings_of_its_own():
    found = _of(
        FILE,
        host="0.0.0.0",
        port=80,
        prefix="ph/",
        origins=["https://A.example:443/", "capacitor://localhost", "http://[::1]:8080", "null"],
        allowed_hosts=["Flags.Test.", "*.bücher.example", "*"],
        control_key_env="CONTROL",
        access_log="JSON",
        development=True,
        max_body=2048,
        request_timeout=2,
        compare_with="next.json",
    )
    settings = found.settings
    assert (found.host, found.port, settings.prefix) == ("0.0.0.0", 80, "/ph")
    assert settings.control_key == ENVIRONMENT["CONTROL"]
    assert (settings.access_log, settings.is_development) == ("json", True)
    assert (settings.max_body, settings.request_timeout) == (2048, 2.0)
    assert settings.compare_with == Path("/etc/flags/next.json")
    assert settings.origins == (
        "https://a.example",
        "capacitor://localhost",
        "http://[::1]:8080",
        "null",
    )
    assert settings.allowed_hosts == ("flags.test", "*.xn--bcher-kva.example", "*")


@pytest.mark.parametrize(
    ("project", "server", "words"),
    [
        ({}, {}, r"projects\[0\] must have definitions, a file, or upstream"),
        (
            {"definition": "a"},
            {},
            r"no setting projects\[0\]\.definition; did you mean 'definitions'",
        ),
        (FILE, {"prot": 1}, r"no setting server\.prot; did you mean 'port'"),
        (FILE, {"port": "80x"}, r"server\.port must be an integer"),
        (FILE, {"port": 70_000}, r"server\.port must be at most 65535"),
        (FILE, {"access_log": "xml"}, r"server\.access_log must be 'json', 'text' or 'none'"),
        (
            FILE,
            {"control_key_env": "WEB"},
            r"server\.control_key_env must name a key of at least 16 characters, got 5",
        ),
        (FILE, {"control_key_env": "EMPTY"}, r"control_key_env names EMPTY, which is not set"),
        (FILE, {"origins": ["a.example"]}, r"server\.origins\[0\] must be an origin such as"),
        (FILE, {"origins": ["https://a.example/shop"]}, r"server\.origins\[0\] must be an origin"),
        (FILE, {"prefix": "https://a.example/ph"}, r"server\.prefix must be a path such as /ph"),
        (FILE, {"prefix": "/a?b"}, r"server\.prefix must be a path such as /ph"),
        (
            FILE,
            {"control_key_env": "A", "control_key_file": "b"},
            "either in a variable or in a file",
        ),
        ({**FILE, "upstream_timeout": 3}, {}, r"upstream_timeout needs projects\[0\]\.upstream"),
        ({**RELAY, "project_key": None}, {}, r"upstream needs projects\[0\]\.project_key"),
        ({**RELAY, "secret_key_env": []}, {}, r"upstream needs projects\[0\]\.secret_key_env"),
        ({**RELAY, "secret_key_env": "NOT_SET"}, {}, "names NOT_SET, which is not set"),
        ({**RELAY, "secret_key_env": "phs_0123"}, {}, "must be the name of a variable"),
        ({**RELAY, "secret_key_file": "nope"}, {}, "cannot read /etc/flags/nope: No such file"),
        ({**RELAY, "upstream": "ftp://x"}, {}, r"projects\[0\]\.upstream must be"),
        ({**RELAY, "redis_url_env": "EMPTY"}, {}, "names EMPTY, which is not set"),
        ({**RELAY, "redis_url_env": "CONTROL"}, {}, "an address such as redis://"),
        (
            {**RELAY, "redis_url_env": "A", "shared_folder": "b"},
            {},
            "either redis_url_env or shared",
        ),
        ({**FILE, "timezone": "Mars"}, {}, r"projects\[0\]\.timezone must be an IANA time zone"),
        (
            {**FILE, "expired_after": 1},
            {},
            r"projects\[0\]\.expired_after must be at least stale_after",
        ),
        ({**FILE, "poll_interval": 0.01}, {}, r"poll_interval must be at least 0\.1"),
    ],
)
def test_a_mistake_is_named_with_its_place(project: Any, server: Any, words: str):
    with pytest.raises((ValueError, TypeError), match=words) as raised:
        _of(project, **server)
    assert "phs_0123" not in str(raised.value)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "projects must be a list of at least one project"),
        ({"projects": {}}, "projects must be a list"),
        ({"projects": [3]}, r"projects\[0\] must be a table of settings, got int"),
        ({"server": 3, "projects": [FILE]}, "server must be a table"),
        ({"project": [FILE]}, "no setting project; did you mean 'projects'"),
        ({"projects": [FILE, FILE]}, "a name of its own"),
    ],
)
def test_a_document_of_another_form_is_refused(document: Any, words: str):
    with pytest.raises((ValueError, TypeError), match=words):
        configuration_of(document, ENVIRONMENT)


def test_a_file_of_toml_is_read_and_its_name_is_in_every_message(tmp_path: Path):
    file = tmp_path / "server.toml"
    (tmp_path / "secret").write_text("phs_0123456789abcdef\n")
    (tmp_path / "control").write_text("fedcba9876543210\n")
    file.write_text(
        """
        [server]
        port = 0
        control_key_file = "control"
        [[projects]]
        name = "web"
        project_key = "phc_web"
        secret_key_file = "secret"
        definitions = "flags.json"
        """
    )
    settings = read_configuration(file).settings
    (project,) = settings.projects
    assert project.secret_keys == ("phs_0123456789abcdef",)
    assert settings.control_key == "fedcba9876543210"
    for text, words in (("[", "must be TOML"), ("[server]\nport = -1", "server.port must be")):
        file.write_text(text)
        with pytest.raises(ValueError, match=words) as raised:
            read_configuration(file)
        assert str(raised.value).startswith(str(file))
    with pytest.raises(ValueError, match="No such file"):
        read_configuration(tmp_path / "nope.toml")


PROJECT = ProjectSettings(source=FileDefinitions("flags.json"))


def test_a_prefix_may_be_written_in_any_way():
    for prefix in ("ph", "/ph", "ph/", "/ph/"):
        assert ServerSettings(projects=(PROJECT,), prefix=prefix).prefix == "/ph"
    assert [ServerSettings(projects=(PROJECT,), prefix=each).prefix for each in ("", "/")] == [
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"prefix": 5}, "prefix must be text"),
        ({"max_body": 10}, "max_body must be at least 1024"),
        ({"max_events_body": "much"}, "max_events_body must be an integer"),
        ({"request_timeout": 0}, "request_timeout must be greater than 0"),
        ({"shutdown_timeout": None}, "shutdown_timeout must be a number of seconds"),
        ({"captured_events": -1}, "captured_events must be at least 0"),
    ],
)
def test_settings_that_are_made_in_code_are_checked_as_those_of_a_file(
    settings: dict[str, Any], words: str
):
    with pytest.raises((ValueError, TypeError), match=words):
        ServerSettings(projects=(PROJECT,), **settings)
    with pytest.raises((ValueError, TypeError), match=rf"server\.{words}"):
        _of(FILE, **settings)


def test_a_limit_of_requests_must_be_above_nothing():
    with pytest.raises(ValueError, match="requests_per_second must be greater than 0"):
        ProjectSettings(requests_per_second=0)
    assert ProjectSettings().requests_per_second is None


def test_a_relay_may_limit_its_folder_and_keep_addresses_to_itself():
    (project,) = _of(
        {
            **RELAY,
            "events": "spool",
            "max_spool_bytes": 2_000_000,
            "spool_fsync": True,
            "client_addresses": False,
        }
    ).settings.projects
    assert project.max_spool_bytes == 2_000_000
    assert project.spool_fsync is True
    assert project.client_addresses is False


@pytest.mark.parametrize(
    "project", [{**FILE, "events": "spool"}, {**RELAY, "upstream_events": False, "events": "spool"}]
)
def test_a_folder_for_events_needs_a_server_that_takes_them(project: dict[str, Any]):
    with pytest.raises(ValueError, match=r"projects\[0\]\.events is about events that wait for"):
        _of(project)
