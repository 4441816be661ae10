"""Columns of any Arrow type have the values that the scalar engine reads, or none (SPEC R19.2)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate, evaluate_flag
from flagengine.batch import TableError, evaluate_table
from flagengine.batch.adapters.duckdb import with_flags as with_duckdb_flags
from flagengine.batch.adapters.polars import with_flags as with_polars_flags
from flagengine.columnar.json_values import GONE, json_cases
from flagengine.values.json_values import NOT_GIVEN


def _flag(key: str, operator: str, value: Any) -> dict[str, Any]:
    filters = [{"key": "p", "type": "person", "operator": operator, "value": value}]
    return {"key": key, "active": True, "filters": {"groups": [{"properties": filters}]}}


HALF = {"key": "half", "active": True, "filters": {"groups": [{"rollout_percentage": 50}]}}
SNAPSHOT = Snapshot.parse(
    {
        "flags": [
            _flag("set", "is_set", "is_set"),
            _flag("exact", "exact", ["a", "1", "true", "2.5"]),
            _flag("more", "gt", 0),
            _flag("has", "icontains", "a"),
            _flag("late", "is_date_after", "2019-01-01"),
            HALF,
        ]
    }
)
NS = pa.timestamp("ns")
FAR = 10**15
"""Seconds until a year that Python's dates do not have."""
U7 = UUID(int=7)


def _dictionary(values: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), values)


def _runs(values: pa.Array) -> pa.Array:
    """Return a slice that begins within a run: the first, second and third value, each once."""
    return pa.RunEndEncodedArray.from_arrays([2, 3, 5], values).slice(1, 3)


def _latin(values: list[bytes | None]) -> pa.Array:
    return pa.array(values, pa.binary()).view(pa.string())


def _extended(kind: pa.DataType, storage: pa.Array) -> pa.Array:
    return pa.ExtensionArray.from_storage(kind, storage)


VIEWS = pa.array(["a", "b"], pa.string_view())
TYPES: dict[str, tuple[pa.Array, list[Any]]] = {
    "string view": (pa.array(["a", None, "b"], pa.string_view()), ["a", None, "b"]),
    "binary view": (pa.array([b"a", b"\xff", None], pa.binary_view()), ["a", NOT_GIVEN, None]),
    "decimal32": (pa.array([Decimal("2.5"), None], pa.decimal32(5, 1)), [2.5, None]),
    "decimal64": (pa.array([Decimal("2.5"), None], pa.decimal64(9, 1)), [2.5, None]),
    "dictionary of views": (_dictionary(VIEWS), ["a", "b", None]),
    "dictionary of binary views": (
        _dictionary(pa.array([b"a", b"\xff"], pa.binary_view())),
        ["a", NOT_GIVEN, None],
    ),
    "larger dictionary of views": (_dictionary(pa.array(list("abcd"), pa.string_view())), ["a", "b", None]),
    "larger dictionary of lists of views": (
        _dictionary(pa.array([["a"], [], [], []], pa.list_(pa.string_view()))),
        [["a"], [], None],
    ),
    "dictionary of a dictionary": (_dictionary(pa.array(["a", "b"]).dictionary_encode()), ["a", "b", None]),
    "dictionary of runs": (
        _dictionary(pa.RunEndEncodedArray.from_arrays([1, 2], ["a", "b"])),
        ["a", "b", None],
    ),
    "dictionary of UUIDs": (
        _dictionary(_extended(pa.uuid(), pa.array([U7.bytes, None], pa.binary(16)))),
        [str(U7), None, None],
    ),
    "runs": (_runs(pa.array(["a", None, "b"])), ["a", None, "b"]),
    "runs of views": (_runs(pa.array(["a", None, "b"], pa.string_view())), ["a", None, "b"]),
    "runs of a dictionary": (_runs(pa.array(["a", None, "b"]).dictionary_encode()), ["a", None, "b"]),
    "runs of lists": (_runs(pa.array([["a"], None, []])), [["a"], None, []]),
    "bool8": (_extended(pa.bool8(), pa.array([1, 0, None], pa.int8())), [True, False, None]),
    "JSON": (_extended(pa.json_(), pa.array(['{"a": 1}', None])), ['{"a": 1}', None]),
    "UUID": (_extended(pa.uuid(), pa.array([U7.bytes, None], pa.binary(16))), [str(U7), None]),
    "opaque": (
        _extended(pa.opaque(pa.string(), "x", "y"), pa.array(["a", None])),
        [NOT_GIVEN, None],
    ),
    "tensor": (
        pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(2).reshape(1, 2)),
        [NOT_GIVEN],
    ),
    "duration": (pa.array([1, None], pa.duration("s")), [NOT_GIVEN, None]),
    "text that is not UTF-8": (_latin([b"\xff", b"a", None]), [NOT_GIVEN, "a", None]),
    "dictionary of text that is not UTF-8": (
        _dictionary(_latin([b"\xff", b"a"])),
        [NOT_GIVEN, "a", None],
    ),
    "list of text that is not UTF-8": (
        pa.ListArray.from_arrays(pa.array([0, 1, 2]), _latin([b"\xff", b"a"])),
        [NOT_GIVEN, ["a"]],
    ),
    "unknown zone": (pa.array([1, None], pa.timestamp("s", "Mars/Phobos")), [NOT_GIVEN, None]),
    "far date": (pa.array([10**8, 1, None], pa.int32()).view(pa.date32()), [NOT_GIVEN, "1970-01-02", None]),
    "far time": (pa.array([FAR, None], pa.timestamp("s")), [NOT_GIVEN, None]),
    "list of far times": (pa.array([[FAR], [0], None], pa.list_(pa.timestamp("s"))), [NOT_GIVEN, ["1970-01-01T00:00:00"], None]),
    "list of dictionaries of views": (
        pa.ListArray.from_arrays(pa.array([0, 1, 1, 3]), _dictionary(VIEWS)),
        [["a"], [], ["b", None]],
    ),
    "list of runs": (
        pa.ListArray.from_arrays(pa.array([0, 1, 2]), pa.RunEndEncodedArray.from_arrays([2], ["a"])),
        [["a"], ["a"]],
    ),
    "fixed list": (pa.array([["a", None], None], pa.list_(pa.string_view(), 2)), [["a", None], None]),
    "list view": (pa.array([["a"], None], pa.list_view(pa.string())), [["a"], None]),
    "large list": (pa.array([["a"], None], pa.large_list(pa.string_view())), [["a"], None]),
    "struct of views": (
        pa.array([{"a": "x"}, None], pa.struct([("a", pa.string_view())])),
        [{"a": "x"}, None],
    ),
    "map of far times": (
        pa.array([[("a", FAR)], [("a", 0)], None, []], pa.map_(pa.string(), pa.timestamp("s"))),
        [NOT_GIVEN, {"a": "1970-01-01T00:00:00"}, None, {}],
    ),
    "map of nanoseconds": (
        pa.array([[("a", 1)]], pa.map_(pa.string(), NS)),
        [{"a": "1970-01-01T00:00:00.000000001"}],
    ),
    "map of integers": (pa.array([[(1, 2)], None], pa.map_(pa.int64(), pa.int64())), [{"1": 2}, None]),
    "map of durations": (pa.array([[(1, 2)]], pa.map_(pa.duration("s"), pa.int64())), [NOT_GIVEN]),
}  # fmt: skip
"""Columns, and the JSON value of each row; None is no value."""


@pytest.fixture(params=TYPES.values(), ids=TYPES)
def column(request: pytest.FixtureRequest) -> tuple[pa.Array, list[Any]]:
    found: tuple[pa.Array, list[Any]] = request.param
    return found


@pytest.mark.rule("R19.2")
def test_a_cell_has_the_value_of_its_type(column: tuple[pa.Array, list[Any]]) -> None:
    array, values = column
    cases = json_cases(array)
    found = [cases.label_of(row) for row in range(len(array))]
    assert [None if label is GONE else label for label in found] == values
    assert [type(label) for label in found if label is not GONE] == [
        type(value) for value in values if value is not None
    ]


@pytest.mark.rule("R19.2", "R19.3")
@pytest.mark.parametrize("batch_rows", [1, 100])
def test_a_column_of_any_type_has_the_answers_of_the_scalar_engine(
    column: tuple[pa.Array, list[Any]], batch_rows: int
) -> None:
    array, values = column
    ids = [f"u{row}" for row in range(len(array))]
    table = pa.table({"distinct_id": ids, "p": array})
    found = evaluate_table(SNAPSHOT, table, carry=[], batch_rows=batch_rows).read_all().to_pylist()
    for row, name, value in zip(found, ids, values, strict=True):
        given = {} if value is None else {"p": object() if value is NOT_GIVEN else value}
        answers = evaluate(SNAPSHOT, name, given)
        assert row == {key: answer.value for key, answer in answers.items()}


@pytest.mark.rule("R19.2", "R19.8")
def test_ids_of_any_type_are_people_or_refused(column: tuple[pa.Array, list[Any]]) -> None:
    array, values = column
    table = pa.table({"distinct_id": array})
    is_unknown = isinstance(array.type, pa.BaseExtensionType) and NOT_GIVEN in values
    if is_unknown or pa.types.is_decimal(array.type):
        with pytest.raises(TableError, match="column 'distinct_id': ids must be integers or text"):
            evaluate_table(SNAPSHOT, table)
        return
    found = evaluate_table(SNAPSHOT, table, flag_keys=["half"], carry=[]).read_all()["half"]
    ids = [object() if value is NOT_GIVEN else value for value in values]
    assert found.to_pylist() == [evaluate_flag(SNAPSHOT, "half", name).value for name in ids]


@pytest.mark.rule("R19.5")
@pytest.mark.parametrize("output", ["wide", "long"])
def test_a_column_of_any_type_can_be_carried(
    column: tuple[pa.Array, list[Any]], output: Any
) -> None:
    array, _ = column
    table = pa.table({"distinct_id": ["u"] * len(array), "p": array})
    result = evaluate_table(SNAPSHOT, table, carry=["p"], output=output)
    times = len(SNAPSHOT.keys) if output == "long" else 1
    has_runs = any(map(pa.types.is_run_end_encoded, _types_in(array.type)[1:]))
    if output == "long" and has_runs and pa.types.is_list(array.type):
        with pytest.raises(TableError, match=r"column 'p': cannot be repeated.*do not carry it"):
            result.read_all()
        return
    found = result.read_all()["p"].combine_chunks()
    assert found.type == array.type or pa.types.is_run_end_encoded(array.type)
    assert _labels(found) == [label for label in _labels(array) for _ in range(times)]


def _types_in(kind: pa.DataType) -> list[pa.DataType]:
    members = [kind.field(place).type for place in range(kind.num_fields)]
    return [kind, *(found for member in members for found in _types_in(member))]


def _labels(array: pa.Array) -> list[Any]:
    cases = json_cases(array)
    return [cases.label_of(row) for row in range(len(array))]


@pytest.mark.rule("R19.3")
@pytest.mark.parametrize("place", [0, 500, 1_000])
def test_text_that_is_not_utf_8_changes_no_other_row(place: int) -> None:
    given: list[bytes | None] = [f"\u00fcser-{n}".encode() for n in range(1_001)]
    given[place] = b"\xff"
    ids = _latin(given)
    table = pa.table({"distinct_id": ids, "p": ids})
    found = evaluate_table(SNAPSHOT, table, carry=[]).read_all().to_pylist()
    for row, name in zip(found, given, strict=True):
        text = object() if name == b"\xff" else name.decode()  # type: ignore[union-attr]
        answers = evaluate(SNAPSHOT, text, {"p": text})
        assert row == {key: answer.value for key, answer in answers.items()}


@pytest.mark.rule("R19.1", "R19.2")
@pytest.mark.parametrize(
    ("properties", "values"),
    [
        (pa.array([[("p", 1)], []], pa.map_(pa.string(), pa.int64())), [1, None]),
        (pa.array([[(b"p", 1)], None], pa.map_(pa.binary(), pa.int64())), [1, None]),
        (_dictionary(pa.array([{"p": "a"}, {"p": None}])), ["a", None, None]),
        (pa.array([b'{"p": "a"}', None]), ["a", None]),
        (pa.array(['{"p": "a"}', None], pa.string_view()), ["a", None]),
        (pa.array(['\ufeff{"p": "a"}']), ["a"]),
        (pa.array([f'{{"p": {"9" * 5_000}}}', '{"p": "a"}']), [float("inf"), "a"]),
        (pa.array([f'{{"p": {"[" * 2_000 + "]" * 2_000}, "q": "]"}}', '{"p": "a"}']), [..., "a"]),
        (pa.array([f'{{"q": {"[" * 2_000 + "]" * 2_000}, "p": "a"}}']), ["a"]),
        (_extended(pa.json_(), pa.array(['{"p": "a"}'])), ["a"]),
    ],
    ids=["map", "bytes", "dictionary", "binary", "view", "BOM", "long", "deep", "beside", "JSON"],
)
def test_all_properties_may_be_in_a_column_of_any_type(
    properties: pa.Array, values: list[Any]
) -> None:
    table = pa.table({"distinct_id": ["u"] * len(properties), "all": properties})
    found = evaluate_table(SNAPSHOT, table, person_json="all", carry=[]).read_all().to_pylist()
    for row, value in zip(found, values, strict=True):
        given = {} if value is None else {"p": object() if value is ... else value}
        answers = evaluate(SNAPSHOT, "u", given)
        assert row == {key: answer.value for key, answer in answers.items()}


@pytest.mark.rule("R19.2")
def test_the_keys_of_a_map_are_names_as_json_writes_them() -> None:
    test = {"key": "1", "type": "person", "value": "x"}
    flag = {"key": "f", "active": True, "filters": {"groups": [{"properties": [test]}]}}
    properties = pa.array([[(1, "x")], [(2, "x")]], pa.map_(pa.int64(), pa.string()))
    table = pa.table({"distinct_id": ["a", "b"], "all": properties})
    result = evaluate_table({"flags": [flag]}, table, person_json="all", carry=[])
    assert result.read_all()["f"].to_pylist() == [True, None]


@pytest.mark.rule("R19.1")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"p": "\xff"}', "invalid JSON: 'utf-8' codec"),
        (b"[" * 5_000, "invalid JSON"),
        (b'{"p": 1' + b"9" * 5_000, "invalid JSON"),
        (b'"a"', "must be a JSON object"),
    ],
)
def test_text_that_is_no_json_object_is_named_with_its_row(text: bytes, message: str) -> None:
    table = pa.table({"distinct_id": ["u", "v"], "all": pa.array([b"{}", text])})
    with pytest.raises(TableError, match=f"column 'all', row 1: {message}"):
        evaluate_table(SNAPSHOT, table, person_json="all").read_all()


def _categories() -> pl.DataFrame:
    plans = [f"plan{n % 50}" for n in range(100)]
    return pl.DataFrame(
        {
            "distinct_id": [f"u{n}" for n in range(100)],
            "p": pl.Series(plans, dtype=pl.Categorical),
            "kind": pl.Series(["x"] * 100, dtype=pl.Enum(["x", "y"])),
            "tags": pl.Series([[plan] for plan in plans], dtype=pl.List(pl.Categorical)),
        }
    )


@pytest.mark.parametrize("output", ["wide", "long"])
@pytest.mark.parametrize("batch_rows", [10, 100])
def test_categories_of_polars_are_text(batch_rows: int, output: Any) -> None:
    frame = _categories()
    text = frame.with_columns(pl.col("p").cast(pl.String), pl.col("tags").cast(pl.List(pl.String)))
    asked = {"carry": [], "batch_rows": batch_rows, "output": output}
    found = evaluate_table(SNAPSHOT, frame, **asked).read_all()
    assert found.to_pylist() == evaluate_table(SNAPSHOT, text, **asked).read_all().to_pylist()
    ids = evaluate_table(SNAPSHOT, frame, distinct_id="p", flag_keys=["half"], **asked).read_all()
    assert ids.num_rows == 100


def test_adapters_keep_the_types_of_the_columns_that_they_carry() -> None:
    frame = _categories()
    for found in (
        with_polars_flags(frame, SNAPSHOT),
        with_polars_flags(frame.lazy(), SNAPSHOT).collect(),
    ):
        assert found.select(frame.columns).schema == frame.schema
        assert found["half"].dtype == pl.Boolean
    relation = duckdb.sql("select 'u' as distinct_id, 'a'::enum('a', 'b') as p")
    assert with_duckdb_flags(relation, SNAPSHOT).fetchall()[0][:2] == ("u", "a")


def test_a_type_that_arrow_lacks_is_an_error_that_says_so() -> None:
    frame = pl.DataFrame({"distinct_id": ["u"], "p": pl.Series([1], dtype=pl.Int128)})
    with pytest.raises(TableError, match="cast integers of 128 bits"):
        evaluate_table(SNAPSHOT, frame)


def test_periods_and_intervals_of_pandas_are_not_given() -> None:
    frame = pd.DataFrame({"distinct_id": ["u"]})
    for values in (pd.period_range("2020-01", periods=1, freq="M"), pd.interval_range(0, 1)):
        found = evaluate_table(SNAPSHOT, frame.assign(p=values), carry=[]).read_all().to_pylist()
        answers = evaluate(SNAPSHOT, "u", {"p": values[0]})
        assert found == [{key: answer.value for key, answer in answers.items()}]
        assert found[0]["more"] is None
        with pytest.raises(TableError, match="column 'p': ids must be integers or text, got exten"):
            evaluate_table(SNAPSHOT, frame.assign(p=values), distinct_id="p")


@pytest.mark.rule("R7.8")
def test_masked_values_of_numpy_are_missing() -> None:
    ages = np.ma.array([30, 5], mask=[True, False])
    days = np.ma.array(np.array(["2020-01-01", "2020-01-01"], "M8[D]"), mask=[True, False])
    flag = Snapshot.parse({"flags": [_flag("f", "lt", 18), HALF]})
    assert [evaluate_flag(flag, "f", "u", {"p": age}).value for age in ages] == [None, True]
    assert evaluate_flag(flag, "f", "u", {"p": np.ma.array(5, mask=True)}).value is None
    assert evaluate_flag(SNAPSHOT, "late", "u", {"p": days[0]}).value is None
    assert evaluate_flag(SNAPSHOT, "late", "u", {"p": days[1]}).value is True
    assert evaluate_flag(flag, "half", np.ma.masked).value is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"groups": ["x"]}, "groups must be a mapping or None, got list"),
        ({"group_json": ["x"]}, "group_json must be a mapping or None, got list"),
        ({"group_properties": ["x"]}, "group_properties must be a mapping or None, got list"),
        (
            {"group_properties": {"x": 5}},
            "properties must be a mapping or a list of columns, got 5",
        ),
        (
            {"person_properties": b"p"},
            "properties must be a mapping or a list of columns, got b'p'",
        ),
        ({"json_nulls": "p"}, "json_nulls must be a bool or a collection of columns, got 'p'"),
        ({"json_nulls": 5}, "json_nulls must be a bool or a collection of columns, got 5"),
        ({"carry": b"p"}, "carry must be a list of columns or 'all', got b'p'"),
        ({"carry": 5}, "carry must be a list of columns or 'all', got 5"),
        ({"flag_keys": b"half"}, "flag_keys must be a collection of keys, got b'half'"),
        ({"flag_keys": 5}, "flag_keys must be a collection of keys, got 5"),
        ({"prefix": 5}, "prefix must be text, got 5"),
        ({"threads": 2.5}, "threads must be an integer, got 2.5"),
        ({"threads": -1}, "threads must be at least 1, got -1"),
        ({"batch_rows": "x"}, "batch_rows must be an integer, got 'x'"),
        ({"batch_rows": 0}, "batch_rows must be at least 1, got 0"),
    ],
)
def test_an_argument_of_another_type_is_named(arguments: Any, error: str) -> None:
    table = pa.table({"distinct_id": ["u"], "p": ["a"]})
    with pytest.raises((TypeError, ValueError)) as caught:
        evaluate_table(SNAPSHOT, table, **arguments)
    assert str(caught.value) == error


@pytest.mark.rule("R2.20", "R14.8")
@pytest.mark.parametrize("output", ["wide", "long"])
def test_text_that_no_column_can_hold_is_no_answer(output: Any) -> None:
    table, lone = pa.table({"distinct_id": ["u"]}), "\ud800"
    for overrides in ({"half": lone}, {"payloads": {"half": lone}}):
        with pytest.raises(TypeError, match="must have a UTF-8 form, got a lone surrogate"):
            evaluate_table(SNAPSHOT, table, overrides=overrides, output=output)
    variants = {"variants": [{"key": lone, "rollout_percentage": 100}]}
    flags = [
        {"key": "v", "active": True, "filters": {"groups": [{}], "multivariate": variants}},
        {"key": "p", "active": True, "filters": {"groups": [{}], "payloads": {"true": lone}}},
    ]
    rows = evaluate_table(Snapshot.parse({"flags": flags}), table, output=output).read_all()
    found = rows["value"].to_pylist() if output == "long" else [*rows.to_pylist()[0].values()][-2:]
    assert found == [None, None]
