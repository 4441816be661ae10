"""Spark in local mode, with partitions and Python workers, has the answers of the local kernel."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from flagengine.batch import TableError, evaluate_table
from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.cli.app import cli
from tests.batch.test_adapters import DOCUMENT, FIELDS, NOW, PEOPLE, SNAPSHOT

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql")
    patch = pytest.MonkeyPatch()
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "64")
        .config("spark.driver.host", "localhost")
        # Not snappy: snappy-java takes its library for musl wherever musl is installed beside glibc.
        .config("spark.sql.parquet.compression.codec", "zstd")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
    patch.undo()


def _people(spark: Any) -> Any:
    return spark.createDataFrame(PEOPLE.to_pylist(), "distinct_id string, plan string")


def _with_flags(*args: Any, **more: Any) -> Any:
    from flagengine.batch.adapters.spark import with_flags  # noqa: PLC0415

    return with_flags(*args, **more)


def test_every_row_of_every_partition_has_the_local_answers(spark: Any):
    df = _with_flags(_people(spark).repartition(5), SNAPSHOT, now=NOW, batch_rows=100)
    assert [(field.name, field.dataType.simpleString()) for field in df.schema.fields] == [
        ("distinct_id", "string"),
        ("plan", "string"),
        ("pro", "boolean"),
        ("ab", "string"),
    ]
    found = sorted(tuple(row[name] for name in FIELDS) for row in df.collect())
    local = FlagColumns(SNAPSHOT, {"now": NOW}).table(PEOPLE).to_pylist()
    assert found == sorted(tuple(row[name] for name in FIELDS) for row in local)


def test_flags_are_columns_like_any_other(spark: Any):
    df = _with_flags(_people(spark), SNAPSHOT, now=NOW, carry=["distinct_id"], prefix="flag_")
    local = FlagColumns(SNAPSHOT, {"now": NOW}).table(PEOPLE).column("ab").to_pylist()
    assert df.columns == ["distinct_id", "flag_pro", "flag_ab"]
    assert df.filter("flag_ab = 'a'").count() == local.count("a")
    assert df.limit(0).collect() == []


def test_a_missing_column_is_an_error_before_anything_runs(spark: Any):
    with pytest.raises(TableError, match="column 'user'"):
        _with_flags(_people(spark), SNAPSHOT, distinct_id="user")


def test_only_the_columns_that_matter_are_sent(spark: Any):
    wide = _people(spark).selectExpr("*", "plan as `other.plan`", "1 as n", "array(1) as list")
    df = _with_flags(wide, SNAPSHOT, now=NOW, carry=["distinct_id"])
    plan = df._jdf.queryExecution().optimizedPlan().toString()
    assert "other.plan" not in plan
    assert "array(" not in plan
    both = _with_flags(wide, SNAPSHOT, now=NOW, carry=["distinct_id", "other.plan"])
    found = [tuple(row[name] for name in df.columns) for row in both.collect()]
    assert sorted(map(tuple, df.collect())) == sorted(found)


def _row(row: dict[str, Any]) -> str:
    return repr(sorted(row.items()))


class TestFiles:
    """``flagengine batch --engine spark``."""

    @pytest.fixture
    def folder(self, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "flags.json").write_text(json.dumps(DOCUMENT))
        pyarrow.parquet.write_table(PEOPLE, tmp_path / "people.parquet", compression="zstd")
        pyarrow.csv.write_csv(PEOPLE, tmp_path / "people.csv")
        (tmp_path / "broken.parquet").write_text("PAR1 and then nothing")
        lines = (json.dumps(row) for row in PEOPLE.to_pylist())
        (tmp_path / "people.jsonl").write_text("\n".join(lines))
        return tmp_path

    def _run(self, *arguments: str) -> Any:
        fixed = ("--now", NOW.isoformat(), "--engine", "spark")
        return CliRunner().invoke(cli, ["batch", "flags.json", *arguments, *fixed])

    @pytest.mark.parametrize("shape", ["wide", "long"])
    @pytest.mark.parametrize("source", ["people.parquet", "people.csv", "people.jsonl"])
    def test_it_writes_and_counts_what_the_local_engine_does(
        self, folder: Path, source: str, shape: str
    ):
        result = self._run(source, "-o", "out", "--shape", shape, "--json")
        assert result.exit_code == 0, result.output
        found = pyarrow.parquet.read_table(folder / "out").to_pylist()
        local = evaluate_table(SNAPSHOT, PEOPLE, now=NOW, output=shape)  # type: ignore[arg-type]
        expected = local.read_all().to_pylist()
        assert sorted(map(repr, found)) == sorted(map(repr, expected))
        summary = json.loads(result.stdout)
        assert summary["rows"] == 1_000
        assert summary["flags"]["pro"]["values"]["true"] == 500

    def test_folders_are_read_by_row_groups_partitions_included(self, folder: Path):
        table = PEOPLE.append_column("region", pa.array(["eu", "us"] * 500))
        pyarrow.dataset.write_dataset(
            table, folder / "people", format="parquet", partitioning=["region"],
            partitioning_flavor="hive", max_rows_per_group=100, max_rows_per_file=200,
        )  # fmt: skip
        result = self._run("people", "-o", "out", "--carry-all", "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["rows"] == 1_000
        found = pyarrow.parquet.read_table(folder / "out").to_pylist()
        local = evaluate_table(SNAPSHOT, table, now=NOW, carry="all").read_all().to_pylist()
        assert sorted(map(_row, found)) == sorted(map(_row, local))

    def test_no_rows_make_a_part_without_rows(self, folder: Path):
        pyarrow.parquet.write_table(PEOPLE.slice(0, 0), folder / "nobody.parquet")
        result = self._run("nobody.parquet", "-o", "out", "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["flags"]["pro"]["values"] == {}
        found = pyarrow.parquet.read_table(folder / "out")
        assert (found.num_rows, found.column_names) == (0, ["distinct_id", "pro", "ab"])

    def test_parts_may_be_text_as_well(self, folder: Path):
        assert self._run("people.parquet", "-o", "out.csv", "--flag", "pro").exit_code == 0
        parts = [*(folder / "out.csv").glob("part-*.csv")]
        assert parts
        assert parts[0].read_text().startswith("distinct_id,pro\nid-0,true\n")

    def test_ids_of_csv_are_the_text_in_the_file_whatever_the_lines(self, folder: Path):
        rows = ["distinct_id,org,plan", '007,12e34567,"pro\n1,""x"""', "008,9,free", ""]
        (folder / "ids.csv").write_text("\n".join(rows))
        arguments = ("ids.csv", "-o", "out", "--carry-all", "--group", "company=org")
        assert self._run(*arguments).exit_code == 0
        found = pyarrow.parquet.read_table(folder / "out").select(["distinct_id", "org", "plan"])
        assert sorted(map(tuple, map(dict.values, found.to_pylist()))) == [
            ("007", "12e34567", 'pro\n1,"x"'),
            ("008", "9", "free"),
        ]
        (folder / "ids.csv").write_text("distinct_id\n7.0\n8.0\n")
        result = self._run("ids.csv", "-o", "out")
        assert (result.exit_code, "ids must be integers or text" in result.stderr) == (2, True)

    def test_only_an_earlier_result_is_replaced(self, folder: Path):
        (folder / "out.csv").mkdir()
        for _ in range(2):
            assert self._run("people.parquet", "-o", "out.csv").exit_code == 0
        (folder / "out.csv" / "thesis.txt").touch()
        for target in ("out.csv", f"file://{folder}/people", "people.parquet"):
            (folder / "people").mkdir(exist_ok=True)
            before = sorted(folder.rglob("*"))
            assert self._run("people.parquet", "-o", target).exit_code == 2
            assert sorted(folder.rglob("*")) == before

    def test_the_innermost_cause_is_named(self, folder: Path):
        table = bytearray((folder / "people.parquet").read_bytes())
        table[4:200] = bytes(196)  # the first page; the columns' list stands at the end
        (folder / "damaged.parquet").write_bytes(table)
        result = self._run("damaged.parquet", "-o", "out.csv")
        assert result.exit_code == 2
        said = r"Error: out\.csv: cannot be written: \[\w.* \(.*parquet.*Required field .*\)\n"
        assert re.fullmatch(said, result.stderr)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("none.parquet", "-o", "out"), "none.parquet: cannot be read: [PATH_NOT_FOUND]"),
            (("broken.parquet", "-o", "out"), "broken.parquet: cannot be read: "),
            (("people.arrow", "-o", "out"), "people.arrow: unknown file suffix"),
            (("people.parquet", "-o", "out.arrow"), "out.arrow: unknown file suffix"),
            (("people.parquet", "-o", "out", "--distinct-id", "user"), "column 'user'"),
            (("people.parquet", "-o", "out", "--properties-json", "plan"), "column 'plan', row 0"),
            (("people.parquet", "-o", "flags.json/out"), "flags.json is no folder"),
        ],
    )
    def test_what_is_wrong_is_said_in_a_line_and_nothing_is_left(
        self, folder: Path, arguments: tuple[str, ...], message: str
    ):
        before = sorted(folder.iterdir())
        result = self._run(*arguments)
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
        assert sorted(folder.iterdir()) == before
