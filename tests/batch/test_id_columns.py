"""Columns of ids name the people that the scalar engine takes them for, or are refused (SPEC R19.8)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

from flagengine import Snapshot, evaluate
from flagengine.batch import TableError, evaluate_table
from flagengine.batch.adapters.columns_added import FlagColumns
from flagengine.cli.app import cli

HALF = {"groups": [{"rollout_percentage": 50}]}
FLAGS = [{"key": f"flag-{n}", "active": True, "filters": HALF} for n in range(20)]
GROUPED = {"key": "g", "active": True, "filters": {**HALF, "aggregation_group_type_index": 0}}
DEVICE = {"key": "d", "active": True, "filters": HALF, "bucketing_identifier": "device_id"}
SNAPSHOT = Snapshot.parse(
    {"flags": [*FLAGS, GROUPED, DEVICE], "group_type_mapping": {"0": "company"}}
)
REFUSED = r"column '{}': ids must be integers or text, got .*astype\(\"Int64\"\)"
INEXACT = [
    pa.array([7.0, 8.0, None]),
    pa.array([7.0, None], pa.float32()),
    pa.array([7.0, None], pa.float16()),
    pa.array([7.0, None]).dictionary_encode(),
    pa.array([Decimal(7), None], pa.decimal128(38, 0)),
    pa.compute.run_end_encode(pa.array([7.0, 7.0])),
]


@pytest.mark.rule("R19.8")
@pytest.mark.parametrize("ids", INEXACT, ids=lambda ids: str(ids.type))
def test_floats_are_no_ids_in_any_column(ids: pa.Array) -> None:
    table = pa.table({"distinct_id": ids})
    with pytest.raises(TableError, match=REFUSED.format("distinct_id")) as caught:
        evaluate_table(SNAPSHOT, table)
    assert caught.value.column == "distinct_id"
    table = pa.table({"distinct_id": ["u"] * len(ids), "x": ids})
    with pytest.raises(TableError, match=REFUSED.format("x")):
        evaluate_table(SNAPSHOT, table, groups={"company": "x"})
    with pytest.raises(TableError, match=REFUSED.format("x")):
        evaluate_table(SNAPSHOT, table, device_id="x")
    table = table.rename_columns(["distinct_id", "$device_id"])
    with pytest.raises(TableError, match=REFUSED.format(r"\$device_id")):
        evaluate_table(SNAPSHOT, table, flags=["d"]).read_all()
    evaluate_table(SNAPSHOT, table, flags=["flag-1"]).read_all()


@pytest.mark.rule("R19.8")
@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"distinct_id": [7, 8, None]}),
        pd.DataFrame({"distinct_id": [2**53 + 1, float("nan")]}),
        pl.DataFrame({"distinct_id": [7.0, 8.0]}),
    ],
    ids=["pandas", "large integers", "polars"],
)
def test_data_frames_with_floats_as_ids_are_refused(frame: Any) -> None:
    with pytest.raises(TableError, match="distinct_id"):
        evaluate_table(SNAPSHOT, frame)
    with pytest.raises(TableError, match="distinct_id"):
        FlagColumns(SNAPSHOT, {}).table(frame)


@pytest.mark.rule("R19.3", "R19.8")
@pytest.mark.parametrize(
    ("column", "ids"),
    [
        (pd.array([7, 8, None], "Int64"), [7, 8, None]),
        (pa.array([2**63, 7], pa.uint64()), [2**63, 7]),
        (pa.array([True, None]), [True, None]),
        (pa.array([b"user-1", b"\xff"]), [b"user-1", b"\xff"]),
        (pa.array([date(2024, 6, 1)]), [date(2024, 6, 1)]),
        (
            pa.array([datetime(2024, 6, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")),
            [datetime(2024, 6, 1, tzinfo=UTC)],
        ),
        (
            pd.Series(pd.to_datetime(["2024-06-01T10:30:00.000000001"])),
            [pd.Timestamp("2024-06-01T10:30:00.000000001")],
        ),
        (
            pd.Series(pd.to_datetime(["2024-06-01T10:30:00"])).astype("datetime64[ns]"),
            pd.Series(pd.to_datetime(["2024-06-01T10:30:00"])).astype("datetime64[ns]").to_numpy(),
        ),
        (pa.array([[1]]), [[1]]),
        (pa.array([None]), [None]),
    ],
    ids=["Int64", "uint64", "bool", "binary", "date", "UTC", "ns", "np.ns", "list", "null"],
)
def test_a_column_of_another_type_is_of_the_same_people(column: Any, ids: Any) -> None:
    if isinstance(column, pa.Array):
        table: Any = pa.table({"distinct_id": column})
    else:
        table = pd.DataFrame({"distinct_id": column})
    rows = evaluate_table(SNAPSHOT, table, carry=[]).read_all().to_pylist()
    for row, given in zip(rows, ids, strict=True):
        answers = evaluate(SNAPSHOT, given)
        assert row == {key: answer.value for key, answer in answers.items()}


def test_uuids_are_ids() -> None:
    ids = pa.array([UUID(int=7).bytes], pa.uuid())
    (row,) = (
        evaluate_table(SNAPSHOT, pa.table({"distinct_id": ids}), carry=[]).read_all().to_pylist()
    )
    assert row == {key: value.value for key, value in evaluate(SNAPSHOT, UUID(int=7)).items()}


@pytest.mark.rule("R19.9")
def test_a_key_without_a_flag_is_an_error_that_names_it() -> None:
    table = pa.table({"distinct_id": ["u"]})
    for call in (
        lambda keys: evaluate_table(SNAPSHOT, table, flag_keys=keys),
        lambda keys: evaluate_table(SNAPSHOT, table, flags=iter(keys)),
        lambda keys: FlagColumns(SNAPSHOT, {"flag_keys": keys}),
    ):
        with pytest.raises(ValueError, match="got 'flag-100'; did you mean 'flag-10'"):
            call(["flag-1", "flag-100"])
        with pytest.raises(ValueError, match="got 'nope'; the snapshot has 22 flags"):
            call(["nope"])
    with pytest.raises(TypeError, match="the text 'flag-1'"):
        evaluate_table(SNAPSHOT, table, flag_keys="flag-1")
    added = evaluate_table(SNAPSHOT, table, flag_keys=["new"], overrides={"new": True}, carry=[])
    assert added.read_all().to_pylist() == [{"new": True}]
    assert FlagColumns(SNAPSHOT.with_overrides({"new": True}), {"flag_keys": ["new"]}).table(
        table
    ).column_names == ["distinct_id", "new"]


@pytest.mark.rule("R19.8")
@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
def test_floats_in_files_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d.json").write_text('{"flags": [{"key": "f", "active": true}]}', "utf-8")
    rows = "distinct_id\n7.0\n8.0\n" if name.endswith("csv") else '{"distinct_id": 7.0}\n'
    Path(name).write_text(rows, "utf-8")
    for command in (["batch", "d.json", name, "-o", "out.csv"], ["balance", "d.json", name]):
        found = CliRunner().invoke(cli, command)
        assert found.exit_code == 2
        assert "column 'distinct_id': ids must be integers or text" in found.output


@pytest.mark.rule("R19.8")
def test_the_ids_of_csv_are_the_text_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d.json").write_text('{"flags": [{"key": "f", "active": true}]}', "utf-8")
    Path("people.csv").write_text("distinct_id,org\n007,true\n08,false\n", "utf-8")
    options = ["--group", "company=org", "--json", "-o", "out.csv"]
    found = CliRunner().invoke(cli, ["batch", "d.json", "people.csv", *options])
    assert found.exit_code == 0, found.output
    assert [line.split(",")[0].strip('"') for line in Path("out.csv").read_text().splitlines()] == [
        "distinct_id",
        "007",
        "08",
    ]
