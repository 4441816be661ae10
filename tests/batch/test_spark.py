"""Spark in local mode, several partitions and Python workers: the answers of the local kernel."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from flagengine.batch import TableError
from flagengine.batch.adapters.columns_added import FlagColumns
from tests.batch.test_adapters import FIELDS, NOW, PEOPLE, SNAPSHOT

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
    assert [(one.name, one.dataType.simpleString()) for one in df.schema.fields] == [
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
