"""The public functions on tables of people: what they count equals what single calls answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate_flag
from flagengine.batch import (
    Impact,
    Sample,
    TableError,
    balance,
    diff,
    evaluate_table,
    exposures,
    overlaps,
    what_if,
)

_PRO = {"key": "plan", "type": "person", "value": "pro"}
_VARIANTS = [{"key": key, "rollout_percentage": 50} for key in ("a", "b")]
_ON_CHILD = {"key": "half", "type": "flag", "value": True, "dependency_chain": ["half"]}
_DOCUMENT: dict[str, Any] = {
    "flags": [
        {"key": "half", "active": True, "filters": {"groups": [{"rollout_percentage": 50}]}},
        {
            "key": "ab",
            "active": True,
            "filters": {
                "groups": [
                    {"properties": [_PRO], "rollout_percentage": 80},
                    {"rollout_percentage": 5},
                ],
                "multivariate": {"variants": _VARIANTS},
            },
        },
        {
            "key": "child",
            "active": True,
            "filters": {
                "groups": [{"properties": [{**_ON_CHILD, "operator": "flag_evaluates_to"}]}]
            },
        },
    ]
}
_SNAPSHOT = Snapshot.parse(_DOCUMENT)
_AFTER = _SNAPSHOT.with_rollout("half", 70).with_rollout("ab", 40, 0)
_ROWS = [
    {"distinct_id": f"id-{n}", "plan": ["pro", "free", None][n % 3], "company": f"c-{n % 7}"}
    for n in range(900)
]
_PEOPLE = pa.Table.from_pylist(_ROWS)


def _value(snapshot: Snapshot, key: str, row: dict[str, Any]) -> Any:
    props = {name: value for name, value in row.items() if value is not None}
    return evaluate_flag(snapshot, key, row["distinct_id"], props).value


def _batches() -> Iterator[pa.RecordBatch]:
    yield from _PEOPLE.to_batches(max_chunksize=100)


TABLES = {
    "arrow": lambda: _PEOPLE,
    "reader": lambda: pa.RecordBatchReader.from_batches(_PEOPLE.schema, _batches()),
    "batches": _batches,
    "pandas": _PEOPLE.to_pandas,
    "polars": lambda: pl.DataFrame(_PEOPLE),
    "duckdb": lambda: duckdb.from_arrow(_PEOPLE),
}


@pytest.mark.parametrize("made", TABLES.values(), ids=TABLES)
def test_every_function_takes_any_table(made: Any):
    assert diff(_SNAPSHOT, _AFTER, made()).to_dict() == diff(_DOCUMENT, _AFTER, _PEOPLE).to_dict()
    assert balance(_SNAPSHOT, made()).to_dict() == balance(_DOCUMENT, _PEOPLE).to_dict()
    assert overlaps(_SNAPSHOT, made()).to_dict() == overlaps(_DOCUMENT, _PEOPLE).to_dict()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = exposures(_SNAPSHOT, made(), now=now).read_all().to_pylist()
    single = exposures(_DOCUMENT, _PEOPLE, now=now, threads=1, batch_rows=70)
    assert found == single.read_all().to_pylist()
    assert len(found) > 1_000
    ramp = what_if(_SNAPSHOT, made(), "half", [0, 100])
    assert [step.on for step in ramp.steps] == [0, 900]


class TestDiff:
    """``diff``."""

    @pytest.mark.parametrize("batch_rows", [50, 1 << 16])
    def test_the_counts_are_those_of_single_calls(self, batch_rows: int):
        found = diff(_SNAPSHOT, _AFTER, _PEOPLE, batch_rows=batch_rows, threads=2)
        assert (found.rows, found.seen) == (900, 900)
        for key, flag in found.flags.items():
            pairs = [(_value(_SNAPSHOT, key, row), _value(_AFTER, key, row)) for row in _ROWS]
            assert flag.changed == sum(before != after for before, after in pairs)
            assert flag.turned_on == sum(bool(after) and not before for before, after in pairs)
            assert flag.turned_off == sum(bool(before) and not after for before, after in pairs)
            assert flag.on_before == sum(bool(before) for before, _ in pairs)
            assert flag.on_after == sum(bool(after) for _, after in pairs)
            assert flag.rows == 900
            assert flag.share == flag.changed / 900
        assert found.flags["half"].turned_on > 0
        assert found.flags["ab"].turned_off > 0
        assert found.fingerprints == (_SNAPSHOT.fingerprint, _AFTER.fingerprint)

    def test_the_table_has_a_row_per_change_the_largest_first(self):
        found = diff(_SNAPSHOT, _AFTER, _PEOPLE)
        rows = found.to_arrow().to_pylist()
        assert next(row["flag"] for row in rows) == found.changed_keys[0]
        assert (
            sum(row["people"] for row in rows if row["flag"] == "half")
            == found.flags["half"].changed
        )
        (row,) = (row for row in rows if row["flag"] == "half")
        assert (row["before"], row["after"]) == ("false", "true")
        assert row["share"] == row["share_low"] == row["share_high"] == row["people"] / 900
        assert row["causes"] == ["condition 1: rollout 50 % → 70 %"]
        assert row["examples"]
        assert found.to_pandas()["people"].tolist() == [row["people"] for row in rows]
        assert found.to_polars()["people"].to_list() == [row["people"] for row in rows]
        assert pl.DataFrame(found).shape == found.to_polars().shape

    def test_without_changes_the_table_is_empty_and_has_its_columns(self):
        found = diff(_SNAPSHOT, _SNAPSHOT, _PEOPLE).to_arrow()
        assert found.num_rows == 0
        assert "share_low" in found.column_names

    def test_a_sample_has_bounds_around_its_shares(self):
        found = diff(_SNAPSHOT, _AFTER, _PEOPLE, sample=0.5, batch_rows=100)
        assert found.rows < found.seen == 900
        assert found.sample == Sample(0.5)
        assert found.rows != diff(_SNAPSHOT, _AFTER, _PEOPLE, sample=Sample(0.5, seed=2)).rows
        (row,) = (row for row in found.to_arrow().to_pylist() if row["flag"] == "half")
        assert row["share_low"] < row["share"] < row["share_high"]
        written = found.to_dict()["flags"]["half"]
        assert written["share_95"] == [row["share_low"], row["share_high"]]

    def test_its_dict_is_json(self):
        written = json.loads(json.dumps(diff(_SNAPSHOT, _AFTER, _PEOPLE).to_dict()))
        (transition,) = written["flags"]["half"]["transitions"]
        (cause,) = transition["causes"]
        assert (cause["text"], cause["rows"]) == (
            "condition 1: rollout 50 % → 70 %",
            transition["rows"],
        )

    def test_flags_of_either_snapshot_can_be_named(self):
        before = {"flags": _DOCUMENT["flags"][:1]}
        assert set(diff(before, _SNAPSHOT, _PEOPLE).flags) == set(_SNAPSHOT.keys)
        assert set(diff(_SNAPSHOT, before, _PEOPLE, flag_keys=["ab"]).flags) == {"ab"}
        with pytest.raises(ValueError, match=r"got 'halv'; did you mean 'half'\?"):
            diff(before, _SNAPSHOT, _PEOPLE, flag_keys=["halv"])

    def test_overrides_are_flags_too(self):
        found = diff(_SNAPSHOT, _SNAPSHOT.with_overrides({"mine": True}), _PEOPLE)
        assert found.flags["mine"].turned_on == 900

    @pytest.mark.parametrize("sample", [0, 1.5, -1])
    def test_a_sample_is_a_share(self, sample: float):
        for call in (
            lambda: diff(_SNAPSHOT, _AFTER, _PEOPLE, sample=sample),
            lambda: what_if(_SNAPSHOT, _PEOPLE, "half", [1], sample=sample),
            lambda: diff(_SNAPSHOT, _AFTER, _PEOPLE, sample=Sample(sample)),
        ):
            with pytest.raises(ValueError, match="sample must be a share above 0 and at most 1"):
                call()

    @pytest.mark.parametrize("sample", ["half", True, float("nan")])
    def test_a_sample_is_a_number(self, sample: Any):
        with pytest.raises(TypeError, match=r"sample must be a share such as 0\.05"):
            diff(_SNAPSHOT, _AFTER, _PEOPLE, sample=sample)

    def test_date_filters_of_both_snapshots_are_asked_at_one_moment(self):
        leaf = {"key": "day", "type": "person", "operator": "is_date_before", "value": "-1d"}
        flag = {"key": "f", "active": True, "filters": {"groups": [{"properties": [leaf]}]}}
        people = pa.table({"distinct_id": ["a"], "day": ["2026-01-05"]})
        for day, on in ((5, False), (8, True)):
            now = datetime(2026, 1, day, tzinfo=UTC)
            found = diff({"flags": []}, {"flags": [flag]}, people, now=now)
            assert found.flags["f"].after == {str(on).lower(): 1}


class TestWhatIf:
    """``what_if``."""

    @pytest.mark.parametrize(
        ("batch_rows", "shares"), [(70, [10, 40, 20]), (1 << 16, [0, 100, 50])]
    )
    def test_each_step_counts_as_a_diff_does(self, batch_rows: int, shares: list[float]):
        ramp = what_if(_SNAPSHOT, _PEOPLE, "half", shares, batch_rows=batch_rows, threads=2)
        snapshots = [_SNAPSHOT, *(_SNAPSHOT.with_rollout("half", share) for share in shares)]
        for step, (before, after) in zip(ramp.steps, pairwise(snapshots), strict=True):
            assert step.from_previous.changed == diff(before, after, _PEOPLE).flags["half"].changed
            whole = diff(_SNAPSHOT, after, _PEOPLE)
            assert {key: flag.changed for key, flag in step.from_now.flags.items()} == {
                key: whole.flags[key].changed for key in ("half", "child")
            }
            assert step.on == sum(bool(_value(after, "half", row)) for row in _ROWS)
        assert ramp.on_now == sum(bool(_value(_SNAPSHOT, "half", row)) for row in _ROWS)
        assert [step.percentage for step in ramp.steps] == shares
        assert ramp.steps[2].from_previous.turned_on == 0 < ramp.steps[2].from_previous.turned_off

    def test_the_table_has_a_row_per_step(self):
        ramp = what_if(_SNAPSHOT, _PEOPLE, "ab", [0, 100], condition=0, complete=True)
        frame = ramp.to_pandas()
        assert frame["percentage"].tolist() == [0.0, 100.0]
        assert frame["on"].tolist() == [step.on for step in ramp.steps]
        assert frame["share"].tolist() == [step.on / 900 for step in ramp.steps]
        assert ramp.to_dict()["steps"] == ramp.to_arrow().to_pylist()

    def test_nobody_and_a_sample_are_no_error(self):
        nobody = what_if(_SNAPSHOT, _PEOPLE.slice(0, 0), "half", [50])
        assert (nobody.rows, nobody.steps[0].share) == (0, 0.0)
        part = what_if(_SNAPSHOT, _PEOPLE, "half", [50, 60], sample=0.5)
        assert 0 < part.rows < 900
        assert part.steps[1].from_now.seen == 900

    @pytest.mark.parametrize(
        ("key", "percentages", "error", "message"),
        [
            ("halv", [1], ValueError, "did you mean 'half'?"),
            ("ab", [1], ValueError, "flag 'ab' has 2 conditions with a rollout"),
            ("half", [], ValueError, "percentages must name at least one percentage"),
            ("half", [10, 200], ValueError, "percentage must be a number from 0 to 100, got 200"),
            ("half", "10", TypeError, "percentages must be a collection of numbers, got '10'"),
            ("half", 10, TypeError, "percentages must be a collection of numbers, got 10"),
        ],
    )
    def test_what_cannot_be_tried_is_an_error(
        self, key: str, percentages: Any, error: Any, message: str
    ):
        with pytest.raises(error, match=message):
            what_if(_SNAPSHOT, _PEOPLE, key, percentages)


class TestOverlaps:
    """``overlaps``."""

    @pytest.mark.parametrize("batch_rows", [70, 1 << 16])
    def test_the_counts_are_those_of_single_calls(self, batch_rows: int):
        found = overlaps(_SNAPSHOT, _PEOPLE, batch_rows=batch_rows, threads=2)
        on = {
            key: {row["distinct_id"] for row in _ROWS if _value(_SNAPSHOT, key, row)}
            for key in _SNAPSHOT.keys
        }
        for key in found.keys:
            for other in found.keys:
                assert found.people(key, other) == len(on[key] & on[other])
                assert found.share(key, other) == len(on[key] & on[other]) / len(on[key])
        assert found.rows == 900
        assert found.share("child", "half") == 1.0

    def test_the_table_has_a_row_per_two_flags(self):
        found = overlaps(_SNAPSHOT, _PEOPLE, flag_keys=["half", "child"])
        half, child = found.to_arrow().to_pylist()
        assert (half["flag"], half["other"], half["people"]) == ("half", "child", child["people"])
        assert half["share"] == half["people"] / 900
        assert half["share_of_flag"] == 1.0

    def test_another_flag_is_a_key_error_and_nobody_has_no_share(self):
        found = overlaps(_SNAPSHOT, _PEOPLE.slice(0, 0), flag_keys=["half"])
        assert found.share("half", "half") == 0.0
        with pytest.raises(KeyError):
            found.people("half", "ab")
        assert overlaps({"flags": []}, _PEOPLE).to_arrow().num_rows == 0


class TestExposures:
    """``exposures``."""

    def test_events_are_lines_with_the_ids_of_the_table(self):
        table = exposures(_SNAPSHOT, _PEOPLE, flag_keys=["half"], enabled_only=True)
        ids = table.to_polars()["uuid"].to_list()
        lines = list(exposures(_SNAPSHOT, _PEOPLE, flag_keys=["half"], enabled_only=True).events())
        assert [json.loads(line)["uuid"] for line in lines] == ids
        assert (
            table.rows == len(ids) == diff({"flags": []}, _SNAPSHOT, _PEOPLE).flags["half"].on_after
        )

    def test_a_stream_is_read_once(self):
        stream = exposures(_SNAPSHOT, _PEOPLE)
        assert sum(1 for _ in stream.events()) == stream.rows > 0
        for read in (stream.read_all, stream.to_reader, lambda: list(stream.events())):
            with pytest.raises(RuntimeError, match="a stream can be read once"):
                read()

    def test_closing_ends_it(self):
        with exposures(_SNAPSHOT, _PEOPLE) as stream:
            pass
        with pytest.raises(RuntimeError, match="a stream can be read once"):
            stream.to_arrow()

    def test_a_flag_that_is_not_there_is_an_error(self):
        for function in (exposures, balance, overlaps):
            with pytest.raises(ValueError, match=r"did you mean 'half'\?"):
                function(_SNAPSHOT, _PEOPLE, flag_keys=["halv"])


class TestBalance:
    """``balance``."""

    def test_tests_are_numbers_by_flag_and_part(self):
        found = balance(_SNAPSHOT, _PEOPLE, complete=True)
        rows = found.to_arrow().to_pylist()
        assert {row["test"] for row in rows if row["flag"] == "ab"} == {
            "buckets",
            "rollout 5 %",
            "rollout 80 %",
            "draw",
            "given",
        }
        draws = [row for row in rows if (row["flag"], row["test"]) == ("ab", "draw")]
        assert {row["part"]: row["wanted"] for row in draws} == {"a": 0.5, "b": 0.5}
        assert sum(row["people"] for row in draws) == 900
        assert all(0 <= row["p"] <= 1 for row in rows)
        assert [test.to_dict() for test in found.flags["half"].tests()] == (
            found.to_dict()["flags"]["half"]["tests"]
        )
        assert found.unlikely() == []

    def test_a_person_who_counts_often_makes_the_result_unlikely(self):
        people = pa.table({"distinct_id": ["id-1"] * 500 + [f"id-{n}" for n in range(500)]})
        found = balance(_SNAPSHOT, people)
        worst, *_ = found.unlikely()
        assert worst.is_unlikely
        assert worst.p == min(test.p for test in found.tests())

    def test_nobody_has_no_tests(self):
        found = balance(_SNAPSHOT, _PEOPLE.slice(0, 0))
        assert (found.tests(), found.unlikely(), found.to_arrow().num_rows) == ([], [], 0)


class TestPandasAndPolars:
    """Results for pandas and polars."""

    def test_ids_and_flags_keep_their_values_where_some_are_missing(self):
        people = pa.table(
            {"distinct_id": pa.array([7, None, 2**60 + 1]), "plan": ["pro", "x", None]}
        )
        document = {"flags": [_DOCUMENT["flags"][0]]}
        leaf = {"key": "pro", "active": True, "filters": {"groups": [{"properties": [_PRO]}]}}
        frame = evaluate_table({"flags": [*document["flags"], leaf]}, people).to_pandas()
        assert str(frame["distinct_id"].dtype) == "Int64"
        assert frame["distinct_id"].tolist()[::2] == [7, 2**60 + 1]
        assert str(frame["pro"].dtype) == "boolean"
        assert frame["pro"].tolist()[:2] == [True, False]
        assert frame["pro"].isna().tolist() == [False, False, True]
        assert len(frame[frame["pro"]]) == 1

    def test_a_long_result_of_polars_has_the_same_rows(self):
        found = evaluate_table(_SNAPSHOT, _PEOPLE, output="long").to_polars()
        assert found.shape == (2_700, 13)
        assert found["flag"].to_list()[:3] == list(_SNAPSHOT.keys)

    def test_a_result_that_was_read_says_so_instead_of_being_empty(self):
        result = evaluate_table(_SNAPSHOT, _PEOPLE)
        assert len(result.to_pandas()) == 900
        for read in (result.to_pandas, result.to_polars, result.read_all, result.to_reader):
            with pytest.raises(RuntimeError, match="the results were read before"):
                read()
        with pytest.raises(RuntimeError, match="the results were read before"):
            pl.DataFrame(result)

    def test_what_is_left_of_a_result_can_be_read(self):
        result = evaluate_table(_SNAPSHOT, _PEOPLE, batch_rows=300)
        assert next(iter(result)).num_rows == 300
        assert result.to_arrow().num_rows == 600


@pytest.mark.parametrize("function", [balance, overlaps, exposures])
class TestArguments:
    """The arguments that all functions take."""

    def test_a_misspelt_argument_is_an_error(self, function: Any):
        with pytest.raises(TypeError, match="unexpected keyword argument 'compelte'; did you mean"):
            function(_SNAPSHOT, _PEOPLE, compelte=True)

    def test_columns_are_named_as_for_evaluate_table(self, function: Any):
        with pytest.raises(TableError, match=r"did you mean 'distinct_id'\?"):
            function(_SNAPSHOT, _PEOPLE, distinct_id="distinct")
        people = _PEOPLE.rename_columns(["who", "plan", "company"])
        assert function(_SNAPSHOT, people, distinct_id="who", person_properties=["plan"])

    def test_ids_that_are_floats_are_refused(self, function: Any):
        frame = pd.DataFrame({"distinct_id": [7, None]})
        with pytest.raises(TableError, match=r"column 'distinct_id'.*Int64"):
            function(_SNAPSHOT, frame)

    @pytest.mark.parametrize(
        ("more", "error"),
        [
            ({"threads": 0}, ValueError),
            ({"batch_rows": "1"}, TypeError),
            ({"progress": 1}, TypeError),
        ],
    )
    def test_numbers_are_checked(self, function: Any, more: Any, error: Any):
        with pytest.raises(error, match=next(iter(more))):
            function(_SNAPSHOT, _PEOPLE, **more)


class TestProgress:
    """``progress``."""

    @pytest.mark.parametrize(
        ("people", "rows"),
        [
            (_PEOPLE, 900),
            (_PEOPLE.to_pandas(), 900),
            (pl.DataFrame(_PEOPLE), 900),
            (_PEOPLE.to_batches(max_chunksize=100), None),
        ],
        ids=["arrow", "pandas", "polars", "list"],
    )
    def test_a_function_is_called_with_the_rows_done_and_in_all(self, people: Any, rows: Any):
        told: list[tuple[int, int | None]] = []
        options = {"batch_rows": 300, "progress": lambda *numbers: told.append(numbers)}
        diff(_SNAPSHOT, _AFTER, people, **options)  # type: ignore[arg-type]
        assert told == [(300, rows), (600, rows), (900, rows)]
        evaluate_table(_SNAPSHOT, _PEOPLE, **options).read_all()  # type: ignore[arg-type]
        assert told[3:] == [(300, 900), (600, 900), (900, 900)]

    def test_true_shows_a_bar(self, capsys: pytest.CaptureFixture[str]):
        pytest.importorskip("tqdm")
        assert isinstance(diff(_SNAPSHOT, _AFTER, _PEOPLE, progress=True), Impact)
        assert "900" in capsys.readouterr().err
