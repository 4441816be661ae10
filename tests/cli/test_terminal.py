"""What is printed on a terminal is harmless, whatever definitions, files and arguments hold."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from flagengine.cli.app import cli

# Clear the screen in both encodings of the control sequence, turn the direction, erase the line.
HOSTILE = "beta\x1b[2J\x9b2J\u202e\r\x7f"
DANGEROUS = ["\x1b[2J", "\x9b", "\u202e", "\r\x7f", "\x7f"]
DOCUMENT = {
    "flags": [
        {
            "key": HOSTILE,
            "active": True,
            "filters": {
                "groups": [{"properties": [{"key": HOSTILE, "type": "person", "value": HOSTILE}]}],
                "payloads": {"true": json.dumps(HOSTILE)},
            },
        }
    ]
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "d.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "e.json").write_text(json.dumps({"flags": []}))
    (tmp_path / "people.jsonl").write_text(json.dumps({"distinct_id": HOSTILE}) + "\n")
    return tmp_path


def on_terminal(folder: Path, *arguments: str) -> str:
    """Run the command line on a terminal of its own; return what the terminal gets."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flagengine", *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONUTF8": "1", "TERM": "xterm"},
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    process.wait()
    return b"".join(parts).decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "d.json", "--distinct-id", "u", "--property", f"{HOSTILE}={HOSTILE}"),
        ("evaluate", "d.json", "--distinct-id", "u", "--json"),
        ("explain", "d.json", HOSTILE, "--distinct-id", "u"),
        ("explain", "d.json", HOSTILE, "--distinct-id", "u", "--json"),
        ("plan", "d.json", HOSTILE),
        ("plan", "d.json", HOSTILE, "--source"),
        ("requirements", "d.json"),
        ("requirements", "d.json", "--json"),
        ("validate", "d.json"),
        ("validate", "d.json", "d.json"),
        ("validate", "d.json", "--format", "concise"),
        ("validate", "d.json", "--format", "github"),
        ("validate", "d.json", "--format", "sarif"),
        ("validate", "d.json", "--format", "junit"),
        ("diff", "d.json", "d.json", "people.jsonl", "--json"),
        ("diff", "d.json", "e.json"),
        ("diff", "d.json", "e.json", "--json"),
        ("generate", "d.json"),
        ("generate", "d.json", "--format", "openfeature"),
        ("generate", "d.json", "--check", "d.json"),
        ("batch", "d.json", "people.jsonl", "-o", "o.jsonl"),
        ("batch", "d.json", "people.jsonl", "-o", "o.jsonl", "--json"),
        # What is wrong is quoted, and hints quote the document.
        ("plan", "d.json", "beta"),
        ("explain", "d.json", "beta"),
        ("evaluate", "d.json", "--flag", "beta"),
        ("evaluate", "d.json", "--flag", HOSTILE + "x"),
        ("evaluate", HOSTILE),
        ("evaluate", "d.json", "--property", HOSTILE),
        ("evaluate", "d.json", "--timezone", HOSTILE),
        ("evaluate", "d.json", f"--{HOSTILE}"),
        ("validate", "d.json", "--severity", HOSTILE),
        ("batch", "d.json", "people.jsonl", "-o", HOSTILE),
        ("batch", "d.json", HOSTILE, "-o", "o.csv"),
        ("batch", "d.json", "people.jsonl", "-o", "o.csv", "--carry", HOSTILE),
        (HOSTILE,),
        (f"--{HOSTILE}",),
    ],
)
def test_nothing_reaches_the_terminal_raw(folder: Path, arguments: tuple[str, ...]):
    said = on_terminal(folder, *arguments)
    assert said
    assert [sign for sign in DANGEROUS if sign in said] == []


def test_escaped_json_is_the_same_value(run, save):
    key = "a\U000e0001\x7f\x9b\u2028é"
    path = save({"flags": [{"key": key, "active": True, "filters": {}}]})
    printed = run("evaluate", path, "--json").stdout
    assert all(text in printed for text in ("\\udb40\\udc01", "\\u007f", "\\u009b", "\\u2028é"))
    assert list(json.loads(printed)["flags"]) == [key]


def test_json_stays_json_where_the_output_is_ascii(tmp_path: Path):
    document = {"flags": [{"key": "é", "active": True, "filters": {"groups": [{}]}}]}
    (tmp_path / "d.json").write_text(json.dumps(document))
    done = subprocess.run(
        [sys.executable, "-m", "flagengine", "evaluate", "d.json", "--distinct-id", "u", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert "é" in str(json.loads(done.stdout.decode("ascii")))


def test_bars_and_arrows_are_drawn_in_ascii_where_the_output_is(tmp_path: Path):
    (tmp_path / "d.json").write_text(
        '{"flags": [{"key": "half", "active": true, "filters": {"groups": [{"rollout_percentage": 50}]}}]}'
    )
    (tmp_path / "none.json").write_text('{"flags": [], "group_type_mapping": {"0": "company"}}')
    (tmp_path / "people.csv").write_text("distinct_id\na\nb\n")
    for command in (["balance", "d.json", "people.csv"], ["diff", "d.json", "none.json"]):
        done = subprocess.run(
            [sys.executable, "-m", "flagengine", *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=True,
        )
        assert b"\\u" not in done.stdout, done.stdout


def test_the_list_of_commands_cuts_no_description_off():
    listed = CliRunner().invoke(cli, ["--help"], terminal_width=80).stdout
    assert "..." not in listed.split("Commands:")[1]
