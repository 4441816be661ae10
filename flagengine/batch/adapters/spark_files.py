"""Evaluation from files to files by Spark, as ``flagengine batch --engine spark`` runs it.

Parquet files that workers can open are split by row groups: a task reads its row groups, evaluates
them and writes a part. No row passes through the JVM, because that costs more than the evaluation.
All other tables go through a DataFrame.

EDGE: start a Spark session if none is active; read and write files.
"""

import os
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark import AccumulatorParam, TaskContext
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType, StructField, StructType

from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.batch.adapters.spark import with_flags
from flagengine.batch.evaluation import Stats
from flagengine.batch.files import FileError, placed, write_file
from flagengine.batch.files.pieces import Piece, pieces_of
from flagengine.batch.files.placing import OF_SPARK
from flagengine.batch.files.reading import unreadable
from flagengine.columnar.errors import TableError
from flagengine.definitions.document import Document
from flagengine.inputs.arguments import renamed
from flagengine.snapshot import Snapshot

__all__ = ["evaluate_files"]

_FORMATS: Final = {".parquet": "parquet", "": "parquet", ".csv": "csv", ".jsonl": "json"}
_CSV: Final = {"header": True, "escape": '"'}
"""Quotes are doubled, as all other programs write them."""


@renamed(snapshot="flag_defs", flags="flag_keys")
def evaluate_files(
    flag_defs: Snapshot | Document,
    source: str,
    target: str,
    *,
    cores: int | None = None,
    batch_rows: int = 1 << 16,
    **arguments: Any,
) -> Stats:
    """Evaluate flags for the rows of ``source`` and write them to ``target``, a folder of parts.

    Both are paths or URIs that Spark can open. The suffix gives the format: ``.parquet`` or none,
    ``.csv`` or ``.jsonl``. An active session is reused. Otherwise ``cores`` starts a session on
    this machine; without ``cores``, ``spark-defaults.conf`` and ``PYSPARK_SUBMIT_ARGS`` configure
    the session. ``arguments`` are the arguments of :func:`~flagengine.batch.evaluate_table`. A path
    without a scheme must be the same place for all workers.

    Raises:
        FileError: A file or folder cannot be read or written; an earlier ``target`` is kept.
        TableError: See ``evaluate_table``. Rows are counted within a part of the table.
    """
    formats = _format_of(source), _format_of(target)
    given = {"carry": None, "threads": 1, "batch_rows": batch_rows, **arguments}
    columns = FlagColumns(flag_defs, given)
    by_row_groups = (
        Path(source).exists() and "://" not in target and formats == ("parquet", "parquet")
    )
    with _session(cores, batch_rows) as session, _destination(target, source) as draft:
        if by_row_groups:
            _make(Path(draft), target)
            return _by_row_groups(session, columns, Path(source), Path(draft), batch_rows)
        return _by_data_frame(session, flag_defs, (source, target), draft, formats, given)


def _format_of(path: str) -> str:
    name = path.rstrip("/").rpartition("/")[2]
    suffix = Path(name).suffix.lower()
    if suffix not in _FORMATS:
        raise FileError(
            f"{path}: unknown file suffix; expected .parquet, .csv, .jsonl, or none for a folder of Parquet"
        )
    return _FORMATS[suffix]


@contextmanager
def _session(cores: int | None, batch_rows: int) -> Iterator[SparkSession]:
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("flagengine batch")
    if cores is not None:
        builder = builder.master(f"local[{cores}]").config("spark.driver.host", "localhost")
    settings = {
        "spark.log.level": "OFF",  # Spark also raises errors as exceptions
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(batch_rows),
    }
    session = builder.config(map=settings).getOrCreate()
    try:
        yield session
    finally:
        session.stop()


@contextmanager
def _destination(target: str, source: str) -> Iterator[str]:
    """Yield the path to write to; for a URI ``target`` itself, which Spark commits atomically."""
    if "://" in target:
        yield target
        return
    if Path(target).is_file():
        raise FileError(f"{target}: the output must be a folder, but there is a file of that name")
    with placed(Path(target), [Path(source)]) as draft:
        yield str(draft.absolute())


# By row groups.


def _by_row_groups(
    session: SparkSession, columns: FlagColumns, source: Path, draft: Path, batch_rows: int
) -> Stats:
    try:
        schema, pieces = pieces_of(source.absolute())
    except (pa.ArrowException, OSError) as error:
        raise unreadable(source, error) from None
    names, columns = columns.narrowed(schema)
    given = pa.schema([schema.field(name) for name in names])
    shared = session.sparkContext.broadcast(columns)

    def work(numbered: tuple[int, Piece]) -> Stats:
        number, piece = numbered
        batches = piece.batches(names, batch_rows)
        return _part(shared.value, given, batches, draft / f"part-{number:05}.parquet")

    if not pieces:
        return _part(columns, given, (), draft / "part-00000.parquet")
    tasks = session.sparkContext.parallelize(list(enumerate(pieces)), len(pieces))
    with _spark_errors(str(source), "cannot be evaluated"):
        return _total(tasks.map(work).collect())


def _part(
    columns: FlagColumns, given: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path
) -> Stats:
    """Write a part atomically; a retried task overwrites the part."""
    found: list[Stats] = []
    write_file(path, columns.schema(given), columns.batches(given, batches, found.append))
    return found[0]


def _make(folder: Path, target: str) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise FileError(f"cannot write {target}: {error.strerror}") from None


# By a DataFrame.


def _by_data_frame(
    session: SparkSession,
    snapshot: Snapshot | Document,
    names: tuple[str, str],
    draft: str,
    formats: tuple[str, str],
    given: dict[str, Any],
) -> Stats:
    counted = session.sparkContext.accumulator({}, _ByPartition())

    def count(stats: Stats) -> None:
        # The partition is the key, so a partition that Spark retries counts once.
        counted.add({TaskContext.get().partitionId(): stats})

    source, target = names
    with _spark_errors(source, "cannot be read"):
        if formats[0] == "csv":
            people = _csv(session, _absolute(source), _ids(given))
        else:
            people = session.read.load(_absolute(source), formats[0])
    df = with_flags(people, snapshot, on_stats=count, **given)
    with _spark_errors(target, "cannot be written"):
        # A folder is never overwritten where this process cannot see what is in it.
        df.write.save(
            draft, formats[1], mode="errorifexists", **(_CSV if formats[1] == "csv" else {})
        )
    if "://" not in target:
        (Path(draft) / OF_SPARK).touch()
    return _total(counted.value.values())


def _ids(given: Mapping[str, Any]) -> set[str | None]:
    """Return the columns of ids among the arguments of ``evaluate_table``."""
    groups = given.get("groups") or {}
    return {given.get("distinct_id", "distinct_id"), given.get("device_id"), *groups.values()}


def _csv(session: SparkSession, path: str, ids: Collection[str | None]) -> DataFrame:
    """Read CSV as the local engine does: ids are the text in the file, unless it has floats there."""
    options = {**_CSV, "multiLine": True}
    found = session.read.load(path, "csv", inferSchema=True, **options)
    text = session.read.load(path, "csv", **options)
    kinds = dict(found.dtypes)
    as_written = [
        name
        for name, kind in kinds.items()
        if name in ids
        and not (kind == "double" and text.where(text[name].contains(".")).limit(1).count())
    ]
    fields = [
        StructField(field.name, StringType() if field.name in as_written else field.dataType)
        for field in found.schema.fields
    ]
    return session.read.load(path, "csv", schema=StructType(fields), **options)


def _absolute(path: str) -> str:
    """Return the absolute path, because Spark may run in another working directory."""
    return str(Path(path).absolute()) if Path(path).exists() else path


class _ByPartition(AccumulatorParam[dict[int, Stats]]):  # type: ignore[misc]
    def zero(self, value: dict[int, Stats]) -> dict[int, Stats]:
        return dict(value)

    def addInPlace(  # noqa: N802 (Spark's name)
        self, value1: dict[int, Stats], value2: dict[int, Stats]
    ) -> dict[int, Stats]:
        return {**value1, **value2}


# Both.


@contextmanager
def _spark_errors(path: str, what: str) -> Iterator[None]:
    """Turn Spark's errors, which are pages long, into one line."""
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        java = isinstance(error, Py4JJavaError)
        text = str(error.java_exception.getMessage() if java else error)
        for own in (TableError, FileError):
            name = f"{own.__module__}.{own.__name__}: "
            if name in text:
                raise own(text.partition(name)[2].splitlines()[0]) from None
        first, cause = _first_line(text), _cause(error)
        why = f"{first} ({cause})" if cause and cause not in first else first
        raise FileError(f"{path}: {what}: {why}") from None


def _cause(error: PySparkException | Py4JJavaError) -> str:
    """Return the innermost cause in the JVM: the outermost often says only that a task failed."""
    cause = error.java_exception if isinstance(error, Py4JJavaError) else _origin(error)
    while cause is not None and (deeper := cause.getCause()) is not None:
        cause = deeper
    return "" if cause is None else _first_line(cause.toString())


def _origin(error: PySparkException) -> Any:
    return getattr(error, "_origin", None)  # PySpark has no public name for the JVM's exception


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "unknown error")


def _total(parts: Iterable[Stats]) -> Stats:
    total = Stats()
    for part in parts:
        total.rows += part.rows
        total.batches += part.batches
        for key, counts in part.answers.items():
            total.answers.setdefault(key, Counter()).update(counts)
        for key, rows in part.fallback_rows.items():
            total.fallback_rows[key] = total.fallback_rows.get(key, 0) + rows
    return total
