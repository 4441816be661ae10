"""Definitions on disk: saves, symlink swaps, half-written files."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock, SystemClock
from flagengine.transports.polling import DefinitionLoader, LoadError
from flagengine.transports.polling.fetch_results import Failed, FailureKind, Loaded, Unchanged
from flagengine.transports.polling.sources.file import FileDefinitions

LONG_AGO = 1_600_000_000
NOW = 1_700_000_000.0


def text(key: str, **extra: Any) -> str:
    return json.dumps({"flags": [{"key": key}], **extra})


def write(path: Path, content: str, at: float = LONG_AGO) -> None:
    path.write_text(content)
    os.utime(path, (at, at))


def version(source: FileDefinitions, known: str | None = None) -> str:
    answer = source.fetch(known)
    assert isinstance(answer, Loaded | Unchanged)
    assert answer.version is not None
    return answer.version


def failure(source: FileDefinitions) -> LoadError:
    loader = DefinitionLoader(source)
    loader.tick()
    error = loader.health().last_error
    assert error is not None
    return error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flags.json"


@pytest.fixture
def source(path: Path) -> FileDefinitions:
    return FileDefinitions(path, clock=ManualClock(wall=NOW))


def test_a_file_is_read_once_and_unchanged_after(path: Path, source: FileDefinitions) -> None:
    write(path, text("a"))
    answer = source.fetch(None)
    assert isinstance(answer, Loaded)
    assert answer.document == text("a").encode()
    assert source.fetch(answer.version) == Unchanged(answer.version)


def test_a_save_is_noticed_by_time_or_by_size(path: Path, source: FileDefinitions) -> None:
    write(path, text("a"))
    first = version(source)
    write(path, text("b"), at=LONG_AGO + 1)
    second = source.fetch(first)
    assert isinstance(second, Loaded)
    write(path, text("longer"), at=LONG_AGO + 1)
    assert isinstance(source.fetch(second.version), Loaded)


def test_a_replacement_of_equal_time_and_size_is_noticed_by_its_inode(
    path: Path, source: FileDefinitions, tmp_path: Path
) -> None:
    write(path, text("a"))
    first = version(source)
    write(tmp_path / "new", text("b"))
    (tmp_path / "new").replace(path)
    assert isinstance(source.fetch(first), Loaded)


def test_a_config_map_swap_of_symlinks_is_noticed(tmp_path: Path) -> None:
    """A mounted ConfigMap: ``flags.json -> ..data/flags.json``, ``..data -> ..<time stamp>``."""
    for name in ("..1", "..2"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "flags.json", text(f"in{name}"))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "flags.json").symlink_to("..data/flags.json")
    source = FileDefinitions(tmp_path / "flags.json", clock=ManualClock(wall=NOW))
    first = version(source)
    (tmp_path / "..tmp").symlink_to("..2")
    (tmp_path / "..tmp").replace(tmp_path / "..data")
    answer = source.fetch(first)
    assert isinstance(answer, Loaded)
    assert answer.document == text("in..2").encode()


def test_two_writes_within_one_tick_of_the_file_systems_clock_are_distinguished(
    path: Path, source: FileDefinitions
) -> None:
    write(path, text("a"), at=NOW)
    first = version(source)
    write(path, text("b"), at=NOW)
    answer = source.fetch(first)
    assert isinstance(answer, Loaded)
    assert answer.document == text("b").encode()


def test_a_file_that_was_just_written_is_compared_by_content_until_it_settles(path: Path) -> None:
    clock = ManualClock(wall=NOW)
    source = FileDefinitions(path, clock=clock)
    write(path, text("a"), at=NOW)
    young = version(source)
    clock.advance(10)
    settled = source.fetch(young)
    assert isinstance(settled, Unchanged)
    assert settled.version != young
    assert source.fetch(settled.version) == Unchanged(settled.version)


def test_a_missing_a_broken_and_a_forbidden_file_are_failures(
    path: Path, source: FileDefinitions, tmp_path: Path
) -> None:
    missing = failure(source)
    path.write_text('{"flags": [')
    broken = failure(source)
    folder = failure(FileDefinitions(tmp_path))
    kinds = [error.kind for error in (missing, broken, folder)]
    assert kinds == [FailureKind.UNREADABLE, FailureKind.MALFORMED, FailureKind.UNREADABLE]
    assert broken.message.startswith("flags.json: a definitions document must be")


@pytest.mark.contract("flag-definition-loader")
def test_a_half_written_file_keeps_the_last_good_one_and_warns_once_a_mistake(
    path: Path, source: FileDefinitions, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(wall=NOW)
    loader = DefinitionLoader(source, clock=clock)

    def poll(content: str | None, at: float) -> list[str]:
        path.unlink() if content is None else write(path, content, at)
        clock.advance(30)
        loader.tick()
        snapshot = loader.current.snapshot
        return [] if snapshot is None else list(snapshot.flags)

    with caplog.at_level(logging.WARNING):
        seen = [poll(text("good"), 1), poll(text("good")[:-4], 2), poll("", 3), poll(None, 4)]
        assert seen == [["good"]] * 4
        assert len(caplog.records) == 1
        assert poll(text("better"), 5) == ["better"]
        assert poll("{", 6) == ["better"]
        # The recovery and another mistake are news, and so is its end; the same mistake again is not.
        assert len(caplog.records) == 3
        assert [poll(text("better"), 7), poll("{", 8)] == [["better"]] * 2
    assert len(caplog.records) == 4
    assert loader.health().consecutive_failures == 1


def test_the_file_is_found_again_after_it_was_restored_as_it_was(
    path: Path, source: FileDefinitions
) -> None:
    write(path, text("a"))
    first = version(source)
    path.rename(path.with_suffix(".aside"))
    assert isinstance(source.fetch(first), Failed)
    path.with_suffix(".aside").rename(path)
    assert source.fetch(first) == Unchanged(first)


def test_a_real_clock_sees_a_real_edit(path: Path) -> None:
    source = FileDefinitions(path, clock=SystemClock())
    path.write_text(text("a"))
    first = version(source)
    path.write_text(text("b"))
    assert isinstance(source.fetch(first), Loaded)
