"""A real table has the answers of the scalar engine, and its flags have the right shares."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.flights import definitions, flights
from flagengine import Snapshot, evaluate
from flagengine.batch import evaluate_table
from tests.batch.people import long_row

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    try:
        return flights()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("complete", [False, True])
def test_flights_have_the_scalar_answers(table: pa.Table, complete: Any):
    snapshot = Snapshot.parse(definitions())
    some = table.take(list(range(0, table.num_rows, 400)))
    result = evaluate_table(
        snapshot, some, now=NOW, complete=complete, output="long", carry=[], batch_rows=300
    )
    wanted = [
        long_row(resolution)
        for row in some.to_pylist()
        for resolution in evaluate(
            snapshot,
            row["distinct_id"],
            {key: value for key, value in row.items() if value is not None},
            now=NOW,
            complete=complete,
        ).values()
    ]
    assert result.read_all().to_pylist() == wanted


def test_every_flight_is_counted_once(table: pa.Table):
    result = evaluate_table(Snapshot.parse(definitions()), table, now=NOW, complete=True)
    result.read_all()
    for counts in result.stats.answers.values():
        assert counts.total() == table.num_rows == 336_776
    late = {answer.value: count for answer, count in result.stats.answers["late"].items()}
    assert late[True] == 26_581
    assert sum(result.stats.fallback_rows.values()) < 200
