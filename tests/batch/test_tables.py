"""Valid and invalid tables, and reading the results."""

import gc
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from flagengine import Snapshot, SnapshotError, evaluate_flag
from flagengine.batch import TableError, TableEvaluation, evaluate_table


def snapshot(*conditions: dict[str, Any], **filters: Any) -> Snapshot:
    flag = {"key": "f", "active": True, "filters": {"groups": list(conditions), **filters}}
    return Snapshot.parse({"flags": [flag], "group_type_mapping": {"0": "company"}})


def having(key: str, value: Any, operator: str = "exact", **more: Any) -> dict[str, Any]:
    filter_ = {"key": key, "type": "person", "operator": operator, "value": value, **more}
    return {"properties": [filter_]}


PRO = snapshot(having("plan", "pro"))
HALF = snapshot({"rollout_percentage": 50})
PEOPLE = pa.table({"distinct_id": ["a", "b", "c"], "plan": ["pro", "free", None]})


def column(result: TableEvaluation, name: str = "f") -> list[Any]:
    return result.read_all().column(name).to_pylist()


class TestInputs:
    @pytest.mark.parametrize(
        "table",
        [
            PEOPLE,
            PEOPLE.to_batches()[0],
            PEOPLE.to_reader(),
            iter(PEOPLE.to_batches(max_chunksize=1)),
            pl.from_arrow(PEOPLE),
            pl.from_arrow(PEOPLE).lazy().collect(),
            pd.DataFrame({"distinct_id": ["a", "b", "c"], "plan": ["pro", "free", None]}),
            duckdb.sql(
                "select * from (values ('a','pro'),('b','free'),('c',null)) t(distinct_id, plan)"
            ),
        ],
        ids=lambda table: type(table).__module__ + "." + type(table).__name__,
    )
    def test_whatever_speaks_arrow_is_a_table(self, table: Any):
        assert column(evaluate_table(PRO, table)) == [True, False, None]

    @pytest.mark.parametrize("table", ["people.parquet", {"distinct_id": ["a"]}, 7, [], [1]])
    def test_anything_else_is_a_type_error(self, table: Any):
        with pytest.raises(TypeError):
            evaluate_table(PRO, table).read_all()

    def test_batches_of_another_schema_are_refused(self):
        other = pa.table({"distinct_id": [1]}).to_batches()[0]
        with pytest.raises(TypeError, match="must have the schema"):
            evaluate_table(PRO, [PEOPLE.to_batches()[0], other], threads=1).read_all()

    def test_a_document_is_parsed_and_refused_when_it_is_none(self):
        assert column(evaluate_table({"flags": []}, PEOPLE), "distinct_id") == ["a", "b", "c"]
        with pytest.raises(SnapshotError):
            evaluate_table({}, PEOPLE)

    def test_a_table_without_rows_has_a_result_without_rows(self):
        result = evaluate_table(PRO, PEOPLE.slice(0, 0))
        assert result.read_all().schema == result.schema
        assert result.stats.rows == 0


class TestColumns:
    @pytest.mark.rule("R19.1")
    @pytest.mark.parametrize(
        "names",
        [
            {"distinct_id": "id"},
            {"person_properties": {"plan": "plam"}},
            {"person_json": "props"},
            {"groups": {"company": "company"}},
            {"group_properties": {"company": ["tier"]}},
            {"group_json": {"company": "tier"}},
            {"device_id": "device"},
            {"json_nulls": ["plant"]},
            {"carry": ["plam"]},
        ],
    )
    def test_a_column_that_is_not_there_is_named(self, names: dict[str, Any]):
        with pytest.raises(TableError, match=r"column '\w+'.*no such column"):
            evaluate_table(PRO, PEOPLE, **names)

    @pytest.mark.rule("R19.1")
    def test_a_column_that_is_there_twice_is_named(self):
        twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["plan", "plan"])
        twice = twice.append_column("distinct_id", pa.array(["x"]))
        with pytest.raises(TableError, match=r"'plan'.*several"):
            evaluate_table(PRO, twice)

    @pytest.mark.rule("R19.1")
    @pytest.mark.parametrize("text", ["{", "[]", "7", '"{}"', ""])
    def test_text_that_is_no_json_object_is_named_with_its_row(self, text: str):
        table = pa.table({"distinct_id": ["a"] * 5, "props": ["{}"] * 3 + [text, "{}"]})
        with pytest.raises(TableError, match="column 'props', row 3") as caught:
            evaluate_table(PRO, table, person_json="props", batch_rows=2).read_all()
        assert (caught.value.column, caught.value.row) == ("props", 3)

    @pytest.mark.rule("R19.1")
    def test_json_text_that_is_null_holds_no_properties(self):
        table = pa.table({"distinct_id": ["a", "b"], "props": [None, "null"]})
        assert column(evaluate_table(PRO, table, person_json="props", complete=True)) == [False] * 2

    @pytest.mark.rule("R19.1")
    def test_a_column_of_its_own_comes_before_the_one_that_holds_all(self):
        props = [json.dumps({"plan": "pro"})] * 3
        table = PEOPLE.append_column("props", pa.array(props))
        result = evaluate_table(PRO, table, person_json="props")
        assert column(result) == [True, False, True]

    @pytest.mark.rule("R19.1")
    def test_properties_may_be_a_struct_or_a_map(self):
        struct = pa.array([{"plan": "pro"}, {"plan": None}, None])
        entries = pa.array([[("plan", "pro")], [], None], pa.map_(pa.string(), pa.string()))
        for kind in (struct, entries):
            table = pa.table({"distinct_id": ["a", "b", "c"], "props": kind})
            assert column(evaluate_table(PRO, table, person_json="props")) == [True, None, None]

    @pytest.mark.rule("R19.4")
    def test_a_null_is_absent_or_null_as_the_caller_says(self):
        is_set = snapshot(having("plan", None, "is_set"))
        assert column(evaluate_table(is_set, PEOPLE)) == [True, True, None]
        assert column(evaluate_table(is_set, PEOPLE, complete=True)) == [True, True, False]
        for nulls in (True, ["plan"]):
            assert column(evaluate_table(is_set, PEOPLE, json_nulls=nulls)) == [True] * 3

    @pytest.mark.rule("R19.4")
    def test_the_null_of_an_id_is_no_id(self):
        table = pa.table({"distinct_id": ["a", None, ""]})
        for nulls in (False, True):
            values = column(evaluate_table(HALF, table, json_nulls=nulls))
            assert values == [evaluate_flag(HALF, "f", "a").value, None, True]

    @pytest.mark.parametrize("complete", [False, True])
    def test_the_property_distinct_id_is_unknown_where_there_is_no_id(self, complete: bool):
        known = snapshot(having("distinct_id", "a"))
        table = pa.table({"distinct_id": ["a", "b", "", None]})
        found = column(evaluate_table(known, table, complete=complete))
        assert found == [True, False, False, None]
        for value, answer in zip(["a", "b", "", None], found, strict=True):
            assert evaluate_flag(known, "f", value, {}, complete=complete).value == answer

    def test_a_group_that_is_not_passed_is_named_with_the_property_that_is_unknown_too(self):
        tier = having("tier", "gold", type="group", group_type_index=0)
        table = pa.table(
            {"distinct_id": ["a"] * 3, "g": [None, None, "acme"], "t": ["x", None, None]}
        )
        result = evaluate_table(
            snapshot(tier), table, person_properties={}, groups={"company": "g"},
            group_properties={"company": {"tier": "t"}}, missing_group="unresolved", output="long",
        )  # fmt: skip
        assert [json.loads(cell) for cell in column(result, "missing")] == [
            {"groups": ["company"]},
            {"groups": ["company"], "group_properties": {"company": ["tier"]}},
            {"group_properties": {"company": ["tier"]}},
        ]

    @pytest.mark.rule("R6.6", "R19.3")
    def test_the_properties_of_rows_without_their_group_are_read(self):
        rows = [
            {"distinct_id": "a", "g": "acme", "p": '{"tier": 1}'},
            {"distinct_id": "b", "g": None, "p": '{"tier": 1}'},
            {"distinct_id": "c", "g": "", "p": '{"tier": true}'},
            {"distinct_id": "d", "g": None, "p": '{"tier": 1.0}'},
            {"distinct_id": "e", "g": None, "p": '{"tier": [1]}'},
            {"distinct_id": "f", "g": None, "p": "{}"},
            {"distinct_id": "g", "g": "acme", "p": "{}"},
        ]
        one = snapshot(having("tier", "1", type="group", group_type_index=0))
        reading: dict[str, Any] = {"groups": {"company": "g"}, "group_json": {"company": "p"}}
        found = column(evaluate_table(one, pa.Table.from_pylist(rows), **reading))
        assert found == [True, True, False, False, False, False, None]

    def test_groups_and_their_properties_come_from_named_columns(self):
        gold = having("tier", "gold", type="group", group_type_index=0)
        grouped = snapshot(gold, aggregation_group_type_index=0)
        table = pa.table(
            {"distinct_id": ["a", "b", "c"], "org": ["x", "y", None], "t": ["gold", "tin", "gold"]}
        )
        reading = {"groups": {"company": "org"}, "group_properties": {"company": {"tier": "t"}}}
        assert column(evaluate_table(grouped, table, **reading)) == [True, False, False]


class TestTypes:
    @pytest.mark.rule("R19.2")
    @pytest.mark.parametrize(
        ("kind", "value", "written"),
        [
            (pa.timestamp("ns"), 1_717_245_000_000_000_001, "2024-06-01T12:30:00.000000001"),
            (
                pa.timestamp("ns", "UTC"),
                1_717_245_000_000_000_001,
                "2024-06-01T12:30:00.000000001+00:00",
            ),
            (
                pa.timestamp("ms", "Europe/Berlin"),
                1_717_245_000_500,
                "2024-06-01T14:30:00.500000+02:00",
            ),
            (pa.timestamp("s"), 1_717_245_000, "2024-06-01T12:30:00"),
            (pa.time64("ns"), 45_000_000_000_001, "12:30:00.000000001"),
            (pa.date32(), 19_875, "2024-06-01"),
            (pa.decimal128(10, 2), 5, "5.0"),
            (pa.float64(), -0.0, "-0.0"),
            (pa.binary(), b"pro", "pro"),
            (pa.list_(pa.timestamp("s")), [0], '["1970-01-01T00:00:00"]'),
            (
                pa.struct([("b", pa.int8()), ("a", pa.null())]),
                {"b": 1, "a": None},
                '{"a":null,"b":1}',
            ),
            (pa.map_(pa.int8(), pa.bool_()), [(1, True)], '{"1":true}'),
        ],
    )
    def test_a_cell_renders_as_the_value_that_a_client_would_send(
        self, kind: pa.DataType, value: Any, written: str
    ):
        table = pa.table({"distinct_id": ["a"], "p": pa.array([value], kind)})
        assert column(evaluate_table(snapshot(having("p", [written])), table)) == [True]

    @pytest.mark.rule("R19.2")
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (pa.duration("ns"), 1),
            (pa.month_day_nano_interval(), (1, 2, 3)),
            (pa.binary(), b"\xff"),
            (pa.timestamp("s"), 10**12),
            (pa.date32(), 10**7),
        ],
    )
    def test_what_no_client_can_send_is_not_given(self, kind: pa.DataType, value: Any):
        table = pa.table({"distinct_id": ["a"], "p": pa.array([value], kind)})
        result = evaluate_table(snapshot(having("p", "x")), table, output="long").read_all()
        assert result.column("missing").to_pylist() == ['{"person_properties": ["p"]}']


class TestResults:
    @pytest.mark.parametrize("output", ["wide", "long"])
    def test_flags_of_hundreds_of_answers_lie_side_by_side(self, output: Any):
        share = 100 / 512
        variants = [{"key": f"v{place}", "rollout_percentage": share} for place in range(512)]
        flag = {"active": True, "filters": {"groups": [{}], "multivariate": {"variants": variants}}}
        both = Snapshot.parse({"flags": [{"key": "a", **flag}, {"key": "b", **flag}]})
        ids = [f"user-{number}" for number in range(4_000)]
        table = pa.table({"distinct_id": ids})
        result = evaluate_table(both, table, output=output, batch_rows=3_000).read_all().to_pylist()
        expected = {key: [evaluate_flag(both, key, id_).value for id_ in ids] for key in "ab"}
        for key in "ab":
            rows = [row for row in result if output == "wide" or row["flag"] == key]
            assert [row[key if output == "wide" else "value"] for row in rows] == expected[key]
        assert len(set(expected["a"])) > 256

    @pytest.mark.rule("R19.5")
    def test_the_schema_is_known_before_the_rows_and_depends_on_the_flag_alone(self):
        drawn = [{"key": "x", "rollout_percentage": 100}]
        both = Snapshot.parse(
            {
                "flags": [
                    {"key": "b", "active": True, "filters": {"groups": [{}]}},
                    {
                        "key": "m",
                        "active": True,
                        "filters": {"groups": [{}], "multivariate": {"variants": drawn}},
                    },
                ]
            }
        )
        result = evaluate_table(both, PEOPLE, prefix="flag/", carry="all")
        names = ["distinct_id", "plan", "flag/b", "flag/m"]
        assert result.schema.names == names
        assert result.schema.field("flag/b").type == pa.bool_()
        assert result.schema.field("flag/m").type == pa.dictionary(pa.int32(), pa.string())
        assert result.read_all().schema == result.schema

    def test_two_columns_of_one_name_are_refused(self):
        table = PEOPLE.append_column("f", pa.array([1, 2, 3]))
        with pytest.raises(TableError, match="'f'"):
            evaluate_table(PRO, table, carry="all")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"output": "tall"},
            {"batch_rows": 0},
            {"complete": 3},
            {"project_timezone": "Mars"},
            {"now": datetime(2024, 1, 1)},
            {"flags": "f"},
            {"carry": "plan"},
            {"completely": 1},
        ],
    )
    def test_wrong_arguments_raise_at_once(self, wrong: dict[str, Any]):
        with pytest.raises((TypeError, ValueError)):
            evaluate_table(PRO, PEOPLE, **wrong)

    def test_polars_and_duckdb_read_the_result(self):
        assert pl.DataFrame(evaluate_table(PRO, PEOPLE))["f"].to_list() == [True, False, None]
        result = evaluate_table(PRO, PEOPLE).to_reader()  # noqa: F841 found by its name
        assert duckdb.sql("select count(*) from result where f").fetchall() == [(1,)]

    @pytest.mark.rule("R19.3")
    @pytest.mark.parametrize("threads", [1, 3])
    @pytest.mark.parametrize("batch_rows", [1, 7, 100])
    def test_batches_and_threads_change_no_answer_and_no_order(self, batch_rows: int, threads: int):
        table = pa.table({"distinct_id": [f"id-{n}" for n in range(100)]})
        result = evaluate_table(HALF, table, batch_rows=batch_rows, threads=threads)
        assert column(result) == [evaluate_flag(HALF, "f", f"id-{n}").value for n in range(100)]

    @pytest.mark.rule("R19.6")
    def test_all_rows_are_evaluated_at_one_moment(self):
        dated = snapshot(having("at", "-1d", "is_date_before"))
        moment = datetime(2024, 6, 8, 12, tzinfo=UTC)
        table = pa.table({"distinct_id": ["a"] * 4, "at": ["2024-06-07T11:59:59Z"] * 4})
        assert column(evaluate_table(dated, table, now=moment, batch_rows=1)) == [True] * 4
        assert len(set(column(evaluate_table(dated, table, batch_rows=1)))) == 1

    @pytest.mark.rule("R19.7")
    def test_a_rollout_of_nothing_lets_nobody_in(self):
        nobody = snapshot({"rollout_percentage": 0})
        assert column(evaluate_table(nobody, PEOPLE)) == [False] * 3

    def test_statistics_count_answers_and_the_rows_that_the_scalar_engine_saw(self):
        table = pa.table({"distinct_id": [f"id-{n}" for n in range(1_000)]})
        result = evaluate_table(HALF, table, batch_rows=100)
        result.read_all()
        counts = {answer.value: count for answer, count in result.stats.answers["f"].items()}
        assert sum(counts.values()) == result.stats.rows == 1_000
        assert result.stats.fallback_rows["f"] <= 6


class TestStreaming:
    @pytest.mark.parametrize("threads", [1, 2])
    def test_no_more_is_read_than_is_worked_on(self, threads: int):
        read = 0

        def batches() -> Iterator[pa.RecordBatch]:
            nonlocal read
            for _ in range(50):
                read += 1
                yield PEOPLE.to_batches()[0]

        result = evaluate_table(PRO, batches(), batch_rows=3, threads=threads)
        next(iter(result))
        assert read <= threads + 2
        result.close()
        assert list(result) == []

    def test_leaving_early_ends_every_thread(self):
        with evaluate_table(PRO, [PEOPLE.to_batches()[0]] * 50, batch_rows=3, threads=4) as result:
            next(iter(result))
        names = [thread.name for thread in threading.enumerate()]
        assert not [name for name in names if name.startswith("flagengine-batch")]

    def test_an_error_in_a_thread_is_the_callers(self):
        def batches() -> Iterator[pa.RecordBatch]:
            yield PEOPLE.to_batches()[0]
            message = "the disk is gone"
            raise OSError(message)

        with pytest.raises(OSError, match="the disk is gone"):
            evaluate_table(PRO, batches(), batch_rows=3, threads=2).read_all()

    def test_a_batch_is_let_go_of_when_its_result_is(self):
        gc.collect()
        gc.disable()
        try:
            arrays = pa.total_allocated_bytes()
            table = pa.table({"distinct_id": [f"id-{n}" for n in range(10_000)]})
            evaluate_table(HALF, table, batch_rows=1_000, carry=[]).read_all()
            del table
            assert pa.total_allocated_bytes() == arrays
        finally:
            gc.enable()
