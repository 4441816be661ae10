"""The command as a process: help, version, colours, imports."""

import os
import pty
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

COMMAND = [sys.executable, "-m", "flagengine"]


def call(*arguments, **environment):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | environment,
        check=False,
    )


def on_a_terminal(*arguments, **environment):
    """Return the output of the command on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "80"} | environment
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | settings
    with subprocess.Popen([*COMMAND, *arguments], stdout=theirs, env=env) as process:
        os.close(theirs)
        written = b""
        while chunk := _read(ours):
            written += chunk
    os.close(ours)
    assert process.returncode == 0
    return written.decode()


def _read(descriptor):
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # the other end is closed
        return b""


def test_the_version_names_the_hash_accelerator():
    # Determined in another process, because the accelerator may be blocked in this process.
    asked = [
        sys.executable,
        "-c",
        "from flagengine.hashing.buckets import ACCELERATOR as a; print(a)",
    ]
    accelerator = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    said = call("--version").stdout
    assert said == f"flagengine {version('flagengine')}, hash accelerator: {accelerator}"


def test_without_arguments_the_help_is_shown():
    done = call()
    assert done.returncode == 2
    assert (done.stdout + done.stderr).strip() == call("--help").stdout.strip()


@pytest.mark.parametrize("command", ["evaluate", "explain", "requirements", "validate"])
def test_every_command_documents_its_exit_codes(command):
    assert command in call("--help").stdout
    said = " ".join(call(command, "--help").stdout.split())
    assert "Exit codes: 0 success; 1 findings; 2 wrong usage or unreadable input." in said


def test_colour_is_for_terminals_that_want_it(definitions):
    colour = re.compile(r"\x1b\[3\dm")
    assert colour.search(on_a_terminal("evaluate", definitions))
    assert not colour.search(on_a_terminal("evaluate", definitions, NO_COLOR="1"))
    assert "\x1b" not in call("evaluate", definitions).stdout
    assert "\x1b" not in on_a_terminal("evaluate", definitions, "--json")


def test_a_table_fits_the_terminal(definitions):
    lines = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal("evaluate", definitions)).splitlines()
    assert max(map(len, lines)) <= 80


def test_output_without_unicode_is_drawn_in_ascii(definitions):
    result = call("explain", definitions, "beta", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert result.stdout.splitlines()[1].startswith("|- condition 1")


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import flagengine", {"click", "rich", "jsonschema", "re2"}),
        ("import flagengine.analysis.lint", {"click", "rich", "jsonschema"}),
        ("import flagengine.analysis.lint.validation", {"click", "rich", "jsonschema"}),
    ],
)
def test_the_engine_imports_nothing_of_the_command_line(statement, absent):
    probe = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not absent & set(loaded)


@pytest.mark.parametrize(
    ("output", "why"),
    [(">&-", "standard output is closed"), (">/dev/full", "cannot print the output: No space")],
)
@pytest.mark.parametrize("arguments", [["evaluate"], ["evaluate", "--json"], ["--help"]])
def test_an_output_that_takes_nothing_is_one_line(definitions, arguments, output, why):
    files = [] if arguments == ["--help"] else [definitions]
    command = [*COMMAND, *arguments, *files]
    shell = ["sh", "-c", f'exec "$@" {output}', "sh", *command]
    found = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert found.stderr.startswith(f"flagengine: {why}")
    assert found.stderr.count("\n") == 1
