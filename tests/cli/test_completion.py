"""What shells complete, asked as the shells ask."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from flagengine.cli.app import cli


def completed(*words, incomplete=""):
    """Return the completions of a word after other words, as types and values."""
    found = ShellComplete(cli, {}, "flagengine", "_FLAGENGINE_COMPLETE").get_completions(
        list(words), incomplete
    )
    return [each.value for each in found if each.type == "plain"], {each.type for each in found}


def names(*words, incomplete=""):
    return completed(*words, incomplete=incomplete)[0]


def test_commands_are_completed():
    assert "evaluate" in names(incomplete="e")
    assert names("schema", incomplete="req") == ["requirements"]


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate"],
        ["validate", "a.json"],
        ["diff", "a.json"],
        ["diff", "a.json", "b.json"],
        ["batch", "a.json", "people.csv", "-o"],
        ["evaluate", "a.json", "--properties"],
        ["generate", "a.json", "--check"],
    ],
)
def test_files_are_left_to_the_shell(words):
    assert completed(*words)[1] == {"file"}


@pytest.mark.parametrize(
    ("words", "incomplete", "wanted"),
    [
        (["explain"], "", ["new-checkout", "beta", "gold", "loyal", "on-device", "off"]),
        (["plan"], "be", ["beta"]),
        (["evaluate", "--flag"], "o", ["on-device", "off"]),
        (["evaluate", "--property"], "", ["email=", "plan=", "joined="]),
        (["evaluate", "--group"], "", ["company="]),
        (["evaluate", "--group-property"], "company.", ["company.tier="]),
        (["evaluate", "--override"], "new-", [f"new-checkout={x}" for x in ("true", "false", "control", "test")]),
        (["evaluate", "--context"], "", ["app"]),
        (["requirements", "--flag"], "gol", ["gold"]),
        (["generate", "--flag"], "gol", ["gold"]),
        (["batch", "people.csv", "--flag"], "gol", ["gold"]),
    ],
)  # fmt: skip
def test_names_of_the_definitions_are_completed(definitions, words, incomplete, wanted):
    command, *others = words
    assert names(command, definitions, *others, incomplete=incomplete) == wanted


def test_both_documents_of_a_diff_have_names(definitions, save):
    other = save({"flags": [{"key": "other", "filters": {}}]})
    assert names("diff", other, definitions, "--flag", incomplete="o") == [
        "other",
        "on-device",
        "off",
    ]


@pytest.mark.parametrize("content", ["{nope", "[]", b"\xff"])
def test_a_file_that_cannot_be_read_completes_nothing(save, content):
    assert names("explain", save(content)) == []
    assert names("explain", "nowhere.json") == []
    assert names("explain", "-") == []


def test_names_that_a_shell_would_obey_are_not_offered(save):
    keys = [
        "$(reboot)",
        "`x`",
        "a b",
        "a;b",
        "a\nb",
        "*",
        "~root",
        "-rf",
        "a'b",
        "é",
        "\u202e",
        "good-1",
    ]
    path = save({"flags": [{"key": key, "filters": {}} for key in keys]})
    assert names("explain", path) == ["good-1"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_printed(run, shell):
    script = run("completion", shell).stdout
    assert f"_FLAGENGINE_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_another_shell_is_refused(run):
    assert "'tcsh'" in run("completion", "tcsh", exits=2).stderr


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_completes_and_sets_no_space_before_a_value(definitions, run, tmp_path):
    program = tmp_path / "flagengine"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m flagengine "$@"\n')
    program.chmod(0o755)
    script = run("completion", "bash").stdout + (
        'compopt() { echo "compopt $1 $2"; }\n'
        f"COMP_WORDS=(flagengine evaluate {definitions} --property p); COMP_CWORD=4\n"
        f"_flagengine_completion {program}\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines() == ["compopt -o nospace", "plan="]
    assert done.stderr == ""
