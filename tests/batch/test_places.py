"""An output takes the place of an earlier result and of nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from flagengine.batch.files import FileError, write_file
from flagengine.batch.files.placing import OF_SPARK
from flagengine.cli.app import cli

PEOPLE = pa.table({"distinct_id": [f"id-{n}" for n in range(10)]})
FLAG = {"key": "half", "active": True, "filters": {"groups": [{"rollout_percentage": 50}]}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "project" / "work"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    (tmp_path / "project" / "thesis.txt").write_text("precious")
    (here / "flags.json").write_text(json.dumps({"flags": [FLAG]}))
    (here / "people").mkdir()
    pyarrow.parquet.write_table(PEOPLE, here / "people" / "part-00001.parquet")
    pyarrow.parquet.write_table(PEOPLE, here / "people.parquet")
    for name in ("results", "x.csv", "x.parquet", "deep"):
        (here / name).mkdir()
        (here / name / "thesis.txt").write_text("precious")
    (here / "deep" / "thesis.txt").rename(here / "deep" / "part-00001.parquet")
    (here / "deep" / "part-00002.parquet").mkdir()
    (here / "parts").mkdir()
    (here / "parts" / "part-00000-0b1f-c000.snappy.parquet").touch()
    (here / "name").write_text("a file")
    (here / "people-again").symlink_to("people")
    return here


def run(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [command, "flags.json", *arguments])


def _tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("command", ["batch", "exposures"])
@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (
            "people.parquet",
            "results",
            "results: the folder must be new, empty or an earlier result",
        ),
        ("people.parquet", "x.parquet", "but it holds 'thesis.txt'; nothing was changed"),
        ("people.parquet", "deep", "it holds 'part-00002.parquet'"),
        ("people.parquet", "parts", "it holds 'part-00000-0b1f-c000.snappy.parquet'"),
        ("people.parquet", "x.csv", "the output must be a file, but there is a folder"),
        ("people.parquet", "name", "without a suffix is a folder, but there is a file"),
        ("people.parquet", ".", "must not be the current folder or a folder above it"),
        ("people.parquet", "", "must not be the current folder or a folder above it"),
        ("people.parquet", "..", "must not be the current folder or a folder above it"),
        ("people.parquet", "../../project", "must not be the current folder or a folder above it"),
        ("people.parquet", "/", "must not be the current folder or a folder above it"),
        ("people.parquet", "people.parquet", "the output must not be the input"),
        ("people.parquet", "results/../people.parquet", "the output must not be the input"),
        ("people", "people", "the output must not be the input"),
        ("people", "people-again", "the output must not be the input"),
        ("people/part-00001.parquet", "people", "a folder that holds the input people/part-00001"),
        ("people", "people/flags.parquet", "must not be in the input folder people"),
    ],
)
def test_nothing_but_a_result_is_replaced(
    folder: Path, command: str, source: str, target: str, message: str
) -> None:
    before = _tree(folder.parent)
    found = run(command, source, "-o", target)
    assert found.exit_code == 2
    assert message in found.output.replace("\n", " ")
    assert _tree(folder.parent) == before


@pytest.mark.parametrize("command", ["batch", "exposures"])
@pytest.mark.parametrize("target", ["new", "new.parquet", "linked"])
def test_an_earlier_result_is_replaced(folder: Path, command: str, target: str) -> None:
    (folder / "far").mkdir()
    (folder / "linked").symlink_to("far")
    for _ in range(2):
        assert run(command, "people.parquet", "-o", target, "--flag", "half").exit_code == 0
    place = folder / ("far" if target == "linked" else target)
    assert pyarrow.parquet.read_table(place).num_rows == 10
    assert not place.is_symlink()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_spark_wrote_for_us_is_an_earlier_result(folder: Path) -> None:
    parts = folder / "parts"
    for name in (OF_SPARK, "_SUCCESS", "._SUCCESS.crc", "part-00000.parquet"):
        (parts / name).touch()
    write_file(parts, PEOPLE.schema, PEOPLE.to_batches())
    assert [path.name for path in parts.iterdir()] == ["part-00001.parquet"]


def test_what_comes_into_the_folder_while_the_work_lasts_is_kept(folder: Path) -> None:
    target = folder / "out"
    write_file(target, PEOPLE.schema, PEOPLE.to_batches())

    def batches() -> Iterator[pa.RecordBatch]:
        (target / "late.txt").touch()
        yield from PEOPLE.to_batches()

    with pytest.raises(FileError, match=r"it holds 'late\.txt'"):
        write_file(target, PEOPLE.schema, batches())
    assert sorted(path.name for path in target.iterdir()) == ["late.txt", "part-00001.parquet"]
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_an_earlier_result_is_back_when_the_new_one_cannot_be_moved(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder / "out"
    write_file(target, PEOPLE.schema, PEOPLE.to_batches())
    rename = Path.rename

    def failing(path: Path, place: Path) -> Path:
        if path.name.endswith(".part"):
            raise OSError(5, "Input/output error")
        return rename(path, place)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(FileError, match="out: cannot be written: Input/output error"):
        write_file(target, PEOPLE.schema, [])
    assert pyarrow.parquet.read_table(target).num_rows == 10
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs a device")
def test_a_device_is_no_place_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "o.csv").symlink_to("/dev/null")
    with pytest.raises(FileError, match=r"o\.csv: the output must be a file or a folder"):
        write_file(tmp_path / "o.csv", PEOPLE.schema, [])
    with pytest.raises(FileError, match="/dev/null: an output without a suffix is a folder"):
        write_file(Path("/dev/null"), PEOPLE.schema, [])
