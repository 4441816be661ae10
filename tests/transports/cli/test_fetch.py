"""``flagengine fetch`` against a server on this machine."""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from flagengine.cli import added_commands
from flagengine.cli.app import cli
from flagengine.transports.cli.fetch import command

pytestmark = pytest.mark.contract("flag-definition-loader")

ROOT = Path(__file__).parents[3]
SECRET = "phs_very_secret"
DOCUMENT = {"flags": [{"key": "beta", "filters": {}}], "cohorts": {"1": {}, "2": {}}}
BODY = json.dumps(DOCUMENT).encode()


@dataclass
class Server:
    """What the server answers, and what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = BODY
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            state.asked.append((self.path, dict(self.headers)))
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{listening.server_port}"
    yield state
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.fixture
def fetch(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("POSTHOG_API_KEY", "POSTHOG_PERSONAL_API_KEY", "POSTHOG_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POSTHOG_PROJECT_KEY", "phc_project")
    monkeypatch.setenv("POSTHOG_SECRET_KEY", SECRET)

    def call(*arguments: str, exits: int = 0, stdin: str | None = None) -> Result:
        found = CliRunner().invoke(command, ["--host", server.url, *arguments], input=stdin)
        assert found.exit_code == exits, found.output
        assert SECRET not in found.output
        return found

    return call


def refused(fetch: Any, *arguments: str) -> str:
    said = fetch(*arguments, exits=2).stderr
    assert said.count("\n") == 1
    return str(said)


def test_the_document_is_written_as_it_was_sent(fetch, server, tmp_path):
    found = fetch("-o", "definitions.json")
    assert found.stderr == "definitions.json: 1 flag, 2 cohorts\n"
    assert (tmp_path / "definitions.json").read_bytes() == BODY
    ((path, headers),) = server.asked
    assert path == "/flags/definitions?token=phc_project&send_cohorts"
    assert headers["Authorization"] == f"Bearer {SECRET}"


def test_a_part_that_cannot_be_read_is_told_of(fetch, server):
    server.body = b'{"flags": [{"key": null}, {"key": "a", "filters": []}]}'
    said = "d.json: 1 flag, 0 cohorts, 2 problems: see flagengine validate d.json\n"
    assert fetch("-o", "d.json").stderr == said


def test_without_a_file_the_document_is_printed(fetch):
    assert fetch().stdout_bytes == BODY
    assert fetch("-o", "-").stdout_bytes == BODY


def test_quiet_says_nothing(fetch):
    assert fetch("-o", "d.json", "--quiet").output == ""


def test_a_file_that_would_be_the_same_is_left_alone(fetch, tmp_path):
    fetch("-o", "d.json")
    before = (tmp_path / "d.json").stat()
    assert fetch("-o", "d.json").stderr == "d.json is unchanged\n"
    after = (tmp_path / "d.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_version_is_kept_and_asked_about(fetch, server, tmp_path):
    server.headers = {"ETag": 'W/"abc"'}
    fetch("-o", "d.json", "--etag-file", "d.etag")
    assert (tmp_path / "d.etag").read_text() == 'W/"abc"\n'
    server.status, server.body = 304, b""
    assert fetch("-o", "d.json", "--etag-file", "d.etag").stderr == "d.json is unchanged\n"
    assert server.asked[-1][1]["If-None-Match"] == 'W/"abc"'
    assert (tmp_path / "d.json").read_bytes() == BODY


@pytest.mark.parametrize("kept", [None, b"", b"two words", b"\xff", b"x" * 2_000, b"a\x1bb"])
def test_a_version_that_is_none_is_not_sent(fetch, server, tmp_path, kept):
    (tmp_path / "d.json").write_text("{}")
    if kept is not None:
        (tmp_path / "d.etag").write_bytes(kept)
    fetch("-o", "d.json", "--etag-file", "d.etag")
    assert "If-None-Match" not in server.asked[-1][1]


def test_the_version_of_a_file_that_is_gone_is_not_sent(fetch, server, tmp_path):
    (tmp_path / "d.etag").write_text("abc")
    fetch("-o", "d.json", "--etag-file", "d.etag")
    assert "If-None-Match" not in server.asked[-1][1]


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (401, {}, "HTTP 401: the secret key was refused; is it of this project and host?"),
        (402, {}, "HTTP 402: the quota for local evaluation is used up"),
        (403, {}, "HTTP 403: the secret key may not read flag definitions"),
        (404, {}, "HTTP 404: the host has no flag definitions"),
        (429, {"Retry-After": "7"}, "HTTP 429: too many requests; the server asks to wait 7 s"),
        (429, {}, "HTTP 429: too many requests"),
        (500, {}, "HTTP 500: the server failed; try again later"),
        (503, {"Retry-After": "30"}, "try again later; the server asks to wait 30 s"),
        (418, {}, "HTTP 418"),
        (304, {}, "HTTP 304 to a request without an ETag"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_do(fetch, server, tmp_path, status, headers, message):
    (tmp_path / "d.json").write_text("old")
    server.status, server.headers = status, headers
    server.body = b"" if status == 304 else b'{"detail": "no"}'
    said = refused(fetch, "-o", "d.json")
    assert message in said
    assert server.url in said
    assert (tmp_path / "d.json").read_text() == "old"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!doctype html><title>Log in</title>", "looks like an HTML page, perhaps an error or a login page"),
        (b"not json", "invalid JSON"),
        (b"", "must be JSON, got an empty file"),
        (b'{"detail": "x"}', "this looks like the server's error response"),
        (b"[]", "must be an object"),
    ],
)  # fmt: skip
def test_what_is_no_definitions_document_is_not_written(fetch, server, tmp_path, body, message):
    (tmp_path / "d.json").write_text("old")
    server.body = body
    said = refused(fetch, "-o", "d.json")
    assert message in said
    assert "/flags/definitions" in said
    assert (tmp_path / "d.json").read_text() == "old"


def test_no_server_is_one_line(fetch):
    said = refused(fetch, "--host", "http://127.0.0.1:1")
    assert said.startswith("Error: http://127.0.0.1:1: no answer: ")


class TestKeys:
    def test_the_key_may_be_in_another_variable(self, fetch, server, monkeypatch):
        monkeypatch.setenv("OTHER", '"phx_other"')
        fetch("--secret-key-env", "OTHER")
        assert server.asked[-1][1]["Authorization"] == "Bearer phx_other"

    def test_the_key_may_be_in_a_file_or_on_standard_input(self, fetch, server, tmp_path):
        (tmp_path / "key").write_text("phs_file\n")
        fetch("--secret-key-file", "key")
        fetch("--secret-key-file", "-", stdin="phs_stdin\n")
        sent = [headers["Authorization"] for _, headers in server.asked]
        assert sent == ["Bearer phs_file", "Bearer phs_stdin"]

    def test_the_second_variable_is_for_personal_keys(self, fetch, server, monkeypatch):
        monkeypatch.setenv("POSTHOG_SECRET_KEY", " ")
        monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", "phx_personal")
        fetch()
        assert server.asked[-1][1]["Authorization"] == "Bearer phx_personal"

    @pytest.mark.parametrize("given", ["phs_key_as_a_name", "phx_1", "xyz-1", "PHS_KEY"])
    def test_a_key_in_place_of_a_name_is_not_repeated(self, fetch, given):
        said = refused(fetch, "--secret-key-env", given)
        assert "must be the name of a variable" in said
        assert given not in said

    @pytest.mark.parametrize(
        ("variables", "arguments", "message"),
        [
            ({"POSTHOG_SECRET_KEY": ""}, [], "the secret key is missing: POSTHOG_SECRET_KEY or"),
            ({}, ["--secret-key-env", "NONE"], "the secret key is missing: NONE is not set"),
            (
                {"NONE": ""},
                ["--secret-key-env", "NONE"],
                "the secret key is missing: NONE is empty",
            ),
            ({}, ["--secret-key-file", "nope"], "nope: no such file"),
            ({}, ["--secret-key-file", "x", "--secret-key-env", "Y"], "only one of"),
            ({"POSTHOG_SECRET_KEY": "phc_x"}, [], "POSTHOG_SECRET_KEY must be a secret key"),
            ({"POSTHOG_PROJECT_KEY": ""}, [], "the project key is missing: give --project-key"),
            ({}, ["--project-key", "phs_x"], "which goes into the variable POSTHOG_SECRET_KEY"),
            ({}, ["--host", "eu"], "--host must be a URL such as"),
            ({}, ["--etag-file", "x"], "--etag-file needs an --output"),
            ({}, ["-o", "nope/d.json"], "cannot write 'nope/d.json'"),
        ],
    )
    def test_what_is_missing_or_wrong_is_named(
        self, fetch, monkeypatch, variables, arguments, message
    ):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert message in refused(fetch, *arguments)


class Entry:
    """An entry point of another package."""

    def __init__(self, name: str, loaded: Any) -> None:
        self.name, self.value, self._loaded = name, f"other:{name}", loaded

    def load(self) -> Any:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


class TestCommandsOfOtherPackages:
    @pytest.fixture
    def added(self, monkeypatch):
        @click.command("greet", short_help="Say hello.")
        def greet() -> None:
            click.echo("hello")

        entries = [
            Entry("greet", greet),
            Entry("greet", None),
            Entry("evaluate", greet),
            Entry("broken", ImportError("no module named x")),
            Entry("odd", 7),
        ]
        monkeypatch.setattr(added_commands, "entry_points", lambda *, group: entries)

    @pytest.mark.usefixtures("added")
    def test_they_are_commands_like_the_others(self):
        assert CliRunner().invoke(cli, ["greet"]).stdout == "hello\n"
        help_text = CliRunner().invoke(cli, ["--help"]).stdout
        assert "Say hello." in help_text
        assert "(cannot be loaded)" in help_text

    @pytest.mark.usefixtures("added")
    def test_they_replace_none_of_the_engine(self):
        assert "Evaluate flags for one person" in CliRunner().invoke(cli, ["evaluate", "-h"]).stdout

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("broken", "other:broken cannot be loaded: ImportError: no module named x"),
            ("odd", "other:odd must be a command of click, got int"),
        ],
    )
    @pytest.mark.usefixtures("added")
    def test_what_cannot_be_loaded_says_so_when_it_is_called(self, name, why):
        found = CliRunner().invoke(cli, [name, "--option", "x"])
        assert found.exit_code == 2
        assert found.stderr == f"Error: command {name}: {why}\n"

    @pytest.mark.usefixtures("added")
    def test_a_misspelt_one_is_suggested(self):
        assert "did you mean greet?" in CliRunner().invoke(cli, ["gret"]).stderr

    def test_fetch_is_one_of_them(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        declared = project["entry-points"][added_commands.GROUP]
        assert declared["fetch"] == f"{command.callback.__module__}:command"
        assert "fetch" in added_commands.added_commands(), (
            "install the project again: pip install -e ."
        )
