"""The gate of instruction counts: what it says about invented counts, and its loops uncounted."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import instructions
from benchmarks.instruction_counts import CASES, prepared
from benchmarks.instructions import CountError, UnavailableError, compare, environment, main

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_COUNTS = {"w1": 10_000, "capture": 50_000}


@pytest.fixture
def baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A baseline that has these counts for this Python."""
    path = tmp_path / "instructions.json"
    entry = {"python": sys.version, "instructions": _COUNTS}
    path.write_text(json.dumps({environment(): entry, "another": entry}), encoding="utf-8")
    monkeypatch.setattr(instructions, "_BASELINE", path)
    monkeypatch.setattr(instructions, "accelerator", object())
    return path


def _found(monkeypatch: pytest.MonkeyPatch, **counts: int) -> None:
    def count(names: Iterable[str]) -> dict[str, int]:
        return {name: counts[name] for name in names}

    monkeypatch.setattr(instructions, "count", count)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [(10_300, "within"), (9_700, "within"), (10_301, "slower"), (9_699, "faster")],
)
def test_three_percent_are_tolerated_on_both_sides(found: int, verdict: str) -> None:
    text, beyond = compare({"w1": found}, _COUNTS)
    assert f"| {verdict}" in text
    assert beyond == (verdict != "within")


def test_a_call_that_the_baseline_lacks_is_beyond_it() -> None:
    text, beyond = compare({"w3": 1}, _COUNTS)
    assert beyond
    assert "new: python -m benchmarks.instructions --update" in text


@pytest.mark.usefixtures("baseline")
def test_the_exit_code_says_whether_all_are_within(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _found(monkeypatch, w1=10_100, capture=50_000)
    assert main(["--only", "w1,capture"]) == 0
    assert "2 of 2 calls within 3% of the baseline" in capsys.readouterr().out
    _found(monkeypatch, w1=10_100, capture=60_000)
    assert main(["--only", "w1,capture"]) == 1
    assert "1 of 2 calls within" in capsys.readouterr().out


def test_an_update_changes_the_counted_calls_alone(
    baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _found(monkeypatch, w1=7)
    assert main(["--update", "--only", "w1"]) == 0
    entries = json.loads(baseline.read_text(encoding="utf-8"))
    assert entries[environment()]["instructions"] == {"w1": 7, "capture": 50_000}
    assert entries["another"]["instructions"] == _COUNTS


def test_a_python_without_entry_is_skipped_with_a_reason(
    baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    baseline.write_text("{}", encoding="utf-8")
    assert main([]) == 0
    assert f"skipped, the baseline has no entry for {environment()}" in capsys.readouterr().out


@pytest.mark.usefixtures("baseline")
def test_without_valgrind_the_gate_is_skipped_and_an_update_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instructions.shutil, "which", lambda _: None)
    assert main([]) == 0
    assert "skipped, there is no valgrind" in capsys.readouterr().out
    assert main(["--update"]) == 1


@pytest.mark.usefixtures("baseline")
def test_a_call_that_fails_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def count(_: Iterable[str]) -> dict[str, int]:
        message = "w1 ended with 1"
        raise CountError(message)

    monkeypatch.setattr(instructions, "count", count)
    assert main([]) == 1
    assert "failed, w1 ended with 1" in capsys.readouterr().out


def test_without_a_compiler_nothing_can_be_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(instructions.sysconfig, "get_config_var", lambda _: "no-such-compiler")
    with pytest.raises(UnavailableError, match="no C compiler"):
        instructions._library(tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_every_counted_loop_gives_the_expected_answers(name: str) -> None:
    slot, calls = prepared(CASES[name])
    assert calls == CASES[name].persons
    assert slot(1) == 0
