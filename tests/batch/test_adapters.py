"""The tables of other engines have the answers of the local kernel, row by row."""

import pickle
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from flagengine import Snapshot
from flagengine.batch.adapters.columns_added import FlagColumns

_PRO = {"key": "plan", "type": "person", "value": "pro"}
_VARIANTS = [{"key": key, "rollout_percentage": 50} for key in ("a", "b")]
DOCUMENT = {
    "flags": [
        {"key": "pro", "active": True, "filters": {"groups": [{"properties": [_PRO]}]}},
        {
            "key": "ab",
            "active": True,
            "filters": {
                "groups": [{"rollout_percentage": 60}],
                "multivariate": {"variants": _VARIANTS},
            },
        },
    ]
}
SNAPSHOT = Snapshot.parse(DOCUMENT)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
PEOPLE = pa.table(
    {
        "distinct_id": [f"id-{n}" for n in range(1_000)],
        "plan": ["pro", "free", None, "pro"] * 250,
    }
)
FIELDS = ("distinct_id", "plan", "pro", "ab")


def _sorted(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    found = ([row[name] for name in FIELDS] for row in rows)
    return sorted((tuple(map(_plain, row)) for row in found), key=str)


def _plain(value: Any) -> Any:
    missing = value is None or str(value) in ("<NA>", "nan", "None")
    return None if missing else bool(value) if str(value) in ("True", "False") else str(value)


@pytest.fixture(scope="module")
def expected() -> list[tuple[Any, ...]]:
    return _sorted(FlagColumns(SNAPSHOT, {"now": NOW}).table(PEOPLE).to_pylist())


def test_what_is_sent_to_workers_can_be_pickled(expected: list[tuple[Any, ...]]):
    columns = pickle.loads(pickle.dumps(FlagColumns(SNAPSHOT, {"now": NOW})))
    assert _sorted(columns.table(PEOPLE).to_pylist()) == expected


def test_polars_frames_lazy_and_not(expected: list[tuple[Any, ...]]):
    from flagengine.batch.adapters.polars import with_flags  # noqa: PLC0415

    frame = pl.DataFrame(PEOPLE)
    assert _sorted(with_flags(frame, SNAPSHOT, now=NOW).to_dicts()) == expected
    lazy = with_flags(frame.lazy(), SNAPSHOT, now=NOW)
    assert lazy.collect_schema()["pro"] == pl.Boolean
    assert _sorted(lazy.collect().to_dicts()) == expected
    some = lazy.filter(pl.col("ab") == "a").select("distinct_id", "ab").collect()
    assert some.height == sum(row[3] == "a" for row in expected)


def test_duckdb_relations(expected: list[tuple[Any, ...]]):
    import duckdb  # noqa: PLC0415

    from flagengine.batch.adapters.duckdb import with_flags  # noqa: PLC0415

    people = duckdb.connect().from_arrow(PEOPLE)
    result = with_flags(people, SNAPSHOT, now=NOW)
    assert _sorted([dict(zip(FIELDS, row, strict=True)) for row in result.fetchall()]) == expected


def test_dask_partitions(expected: list[tuple[Any, ...]]):
    dd = pytest.importorskip("dask.dataframe")
    from flagengine.batch.adapters.dask import with_flags  # noqa: PLC0415

    frame = dd.from_pandas(PEOPLE.to_pandas(), npartitions=3)
    result = with_flags(frame, SNAPSHOT, now=NOW)
    assert str(result.dtypes["pro"]) == "boolean"
    rows = result.compute(scheduler="synchronous").to_dict("records")
    assert _sorted(rows) == expected


@pytest.mark.filterwarnings("ignore")
def test_ray_data_sets(expected: list[tuple[Any, ...]]):
    ray = pytest.importorskip("ray")
    from flagengine.batch.adapters.ray import with_flags  # noqa: PLC0415

    ray.init(num_cpus=1, include_dashboard=False, configure_logging=False, log_to_driver=False)
    try:
        people = ray.data.from_arrow([PEOPLE.slice(0, 400), PEOPLE.slice(400)])
        assert _sorted(with_flags(people, SNAPSHOT, now=NOW).take_all()) == expected
    finally:
        ray.shutdown()
