"""``flagengine serve`` as a process: what it says, that it answers, and how it ends."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flagengine.transports.cli import serve
from flagengine.transports.cli.serve import command
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]
SMALL = str(ROOT / "fixtures/snapshots/small.json")
NAMES = ("POSTHOG_PROJECT_KEY", "POSTHOG_API_KEY", "POSTHOG_SECRET_KEY", "POSTHOG_PERSONAL_API_KEY")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@contextmanager
def serving(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command on a free port; give the process and its address."""
    line = [sys.executable, "-m", "flagengine", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(
        line,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stderr is not None
    try:
        said = ""
        while (found := re.search(r"http://\S+", said)) is None:
            said = process.stderr.readline()
            assert said, "the process has ended"
        yield process, found.group()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def _flags(url: str) -> dict[str, Any]:
    body = b'{"token": "phc_any", "distinct_id": "user-1"}'
    with urllib.request.urlopen(f"{url}/flags?v=1", body) as answer:
        found: dict[str, Any] = json.load(answer)["featureFlags"]
        return found


def test_a_file_is_served_and_read_again_when_it_changes(tmp_path: Path):
    file = tmp_path / "flags.json"
    document = {"flags": [{"key": "one", "active": True, "filters": {"groups": [{}]}}]}
    file.write_text(json.dumps(document))
    with serving(str(file)) as (process, url):
        assert _flags(url) == {"one": True}
        document["flags"][0]["key"] = "two"
        file.write_text(json.dumps(document))
        process.send_signal(signal.SIGHUP)
        eventually(lambda: _flags(url), {"two": True})


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_traceback(sent: signal.Signals):
    with serving(SMALL) as (process, url):
        assert _flags(url)
        process.send_signal(sent)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        assert process.wait(10) == 0


def _said(*arguments: str, exits: int = 2) -> str:
    found = CliRunner().invoke(command, arguments)
    assert found.exit_code == exits, found.output
    return found.output


def test_settings_can_be_checked_without_serving(tmp_path: Path):
    assert "the settings are good" in _said(SMALL, "--check", exits=0)
    file = tmp_path / "server.toml"
    file.write_text(f"[[projects]]\ndefinitions = {SMALL!r}\n")
    arguments = ["--config", str(file), "--check", "--host", "0.0.0.0", "--port", "1"]
    assert "the settings are good" in _said(*arguments, exits=0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "serve needs a definitions FILE, --upstream, or --config"),
        (["nope.json"], "nope.json: no such file"),
        (["--upstream", "https://a.example"], "the project key is missing"),
        (
            ["--upstream", "https://a.example", "--project-key", "phc_a"],
            "the secret key is missing: set POSTHOG_SECRET_KEY or POSTHOG_PERSONAL_API_KEY",
        ),
        ([SMALL, "--poll-interval", "0"], "--poll-interval must be at least 0.1"),
        (
            [SMALL, "--control-key-env", "NOT_SET"],
            "--control-key-env names NOT_SET, which is not set",
        ),
        ([SMALL, "--prefix", "a b"], "--prefix must be a path such as /ph, got 'a b'"),
        ([SMALL, "--origin", "a.example"], "--origin[0] must be an origin such as https://"),
        ([SMALL, "--config", "a.toml"], "these cannot be given beside it: FILE"),
        (["--config", "a.toml", "--prefix", "/a"], "these cannot be given beside it: --prefix"),
        (["--config", "nope.toml"], "nope.toml: No such file or directory"),
        ([SMALL, "--overrides", "nope.json"], "nope.json must be a file that can be read"),
        (
            ["--upstream", "a b", "--project-key", "phc_a", "--secret-key-env", "NOT_SET"],
            "--upstream must be",
        ),
        ([SMALL, "--allowed-host", "http://a"], "--allowed-host[0] must be the name of a host"),
        ([SMALL, "--host", ""], "--host must be"),
        (
            [SMALL, "--requests-per-second", "0"],
            "--requests-per-second must be greater than 0 (requests)",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_option(arguments: list[str], words: str):
    said = _said(*arguments)
    assert words in said
    assert "Traceback" not in said


def test_a_mistake_in_a_file_names_the_setting(tmp_path: Path):
    file = tmp_path / "server.toml"
    file.write_text(f"[[projects]]\ndefinitions = {SMALL!r}\nrequests_per_second = 0\n")
    said = _said("--config", str(file), "--check")
    assert "server.toml: projects[0].requests_per_second must be greater than 0" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot read flags.json: No such file"),
        ('{"flagz": []}', "flags.json: a definitions"),
    ],
)
def test_a_check_reads_the_definitions_of_each_project(
    tmp_path: Path, content: str | None, words: str
):
    file = tmp_path / "server.toml"
    projects = [
        f"[[projects]]\nname = '{name}'\nproject_key = 'phc_{name}'\ndefinitions = '{definitions}'\n"
        for name, definitions in (("a", SMALL), ("b", "flags.json"))
    ]
    file.write_text("".join(projects))
    if content is not None:
        (tmp_path / "flags.json").write_text(content)
    said = _said("--config", str(file), "--check")
    assert f"server.toml: projects[1].definitions: {words}" in said


@pytest.fixture
def never_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        pytest.fail("it serves")

    monkeypatch.setattr(serve, "_serve", fail)


RELAY = ("--upstream", "http://127.0.0.1:1", "--project-key", "phc_a", "--secret-key-env", "PATH")


@pytest.mark.usefixtures("never_serves")
@pytest.mark.parametrize("only_check", [True, False])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*RELAY, "--events", "FILE"), "--events must be a folder that can be written, got FILE: it is not a folder"),
        ((*RELAY, "--events", "FILE/a/b"), "--events must be a folder that can be written, got FILE/a/b: FILE is not a folder"),
        ((*RELAY, "--shared-folder", "FILE"), "--shared-folder must be a folder that can be written, got FILE: it is not a folder"),
        ((SMALL, "--compare-with", "NONE"), "--compare-with must be a definitions file, got NONE: No such file"),
        ((SMALL, "--compare-with", "FILE"), "--compare-with must be a definitions file, got FILE: a definitions document must"),
    ],
)  # fmt: skip
def test_a_path_that_cannot_be_used_is_one_line_before_anything_runs(
    tmp_path: Path, arguments: tuple[str, ...], words: str, *, only_check: bool
):
    (tmp_path / "file").write_text("no definitions")
    paths = {"FILE": str(tmp_path / "file"), "NONE": str(tmp_path / "none")}

    def placed(text: str) -> str:
        for name, path in paths.items():
            text = text.replace(name, path)
        return text

    said = _said(*map(placed, arguments), *(["--check"] if only_check else ["--port", "0"]))
    assert placed(words) in said
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.usefixtures("never_serves")
@pytest.mark.parametrize("option", ["--events", "--shared-folder"])
def test_a_start_tries_to_write_into_its_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
):
    def fail(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    said = _said(*RELAY, option, str(tmp_path / "a"), "--port", "0")
    assert f"{option} must be a folder that can be written, got {tmp_path / 'a'}: No space" in said


def test_a_path_in_a_file_is_named_by_its_setting(tmp_path: Path):
    file = tmp_path / "server.toml"
    file.write_text(
        f"[server]\ncompare_with = 'nope.json'\n[[projects]]\ndefinitions = {SMALL!r}\n"
    )
    said = _said("--config", str(file), "--check")
    missing = tmp_path / "nope.json"
    assert f"server.toml: server.compare_with must be a definitions file, got {missing}: " in said


def test_a_check_leaves_nothing_behind(tmp_path: Path):
    folders = ("--events", str(tmp_path / "a/b"), "--shared-folder", str(tmp_path / "c"))
    assert "the settings are good" in _said(*RELAY, *folders, "--check", exits=0)
    assert list(tmp_path.iterdir()) == []


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POSTHOG_API_KEY", "phc_of_environment")
    monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", "phx_0123456789abcdef")
    said = _said("--upstream", "https://a.example", "--check", exits=0)
    assert "phx_" not in said
