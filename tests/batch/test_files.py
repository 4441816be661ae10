"""Tables in files: each format is read as it was written, and files appear whole or not at all."""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from flagengine import Snapshot
from flagengine.batch import TableError, evaluate_table
from flagengine.batch.files import FileError, open_file, write_file, write_lines
from flagengine.batch.files.pieces import pieces_of

_FLAG = {"key": "f", "active": True, "filters": {"groups": [{"rollout_percentage": 50}]}}
_SNAPSHOT = Snapshot.parse({"flags": [_FLAG]})
_PEOPLE = pa.table({"distinct_id": [f"id-{n}" for n in range(10)], "n": list(range(10))})
_NAMES = ["p.parquet", "p.csv", "p.jsonl", "p.arrow", "p.arrows", "folder"]


def _read(path: Path) -> pa.Table:
    opened = open_file(path, 3)
    return pa.Table.from_batches(list(opened.batches), opened.batches.schema)


@pytest.mark.parametrize("shape", ["wide", "long"])
@pytest.mark.parametrize("name", _NAMES)
def test_results_come_back_from_every_format(tmp_path: Path, name: str, shape: Any):
    path = tmp_path / name
    result = evaluate_table(_SNAPSHOT, _PEOPLE, output=shape, batch_rows=4)
    assert write_file(path, result.schema, result) == 10
    wanted = evaluate_table(_SNAPSHOT, _PEOPLE, output=shape).read_all().to_pylist()
    found = [{k: _plain(v) for k, v in row.items()} for row in _read(path).to_pylist()]
    assert found == [{k: _plain(v) for k, v in row.items()} for row in wanted]
    assert [file.name for file in tmp_path.iterdir()] == [name]


def _plain(value: object) -> object:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


@pytest.mark.parametrize("name", _NAMES)
def test_a_failure_leaves_what_was_there(tmp_path: Path, name: str):
    path = tmp_path / name
    write_file(path, _PEOPLE.schema, _PEOPLE.to_batches())

    def failing() -> Iterator[pa.RecordBatch]:
        yield _PEOPLE.to_batches()[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(path, _PEOPLE.schema, failing())
    assert _read(path).num_rows == 10
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_folder_of_partitions_is_one_table(tmp_path: Path):
    for day in ("2024-06-01", "2024-06-02"):
        folder = tmp_path / "people" / f"day={day}"
        folder.mkdir(parents=True)
        pyarrow.parquet.write_table(_PEOPLE, folder / "part.parquet")
    opened = open_file(tmp_path / "people", 100)
    assert opened.rows == 20
    assert opened.batches.schema.names == ["distinct_id", "n", "day"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.parquet", b"PAR1 and then nothing", "cannot be read"),
        ("p.arrow", b"", "cannot be read"),
        ("p.csv", b"", "cannot be read"),
        ("p.csv", b"a,b\n1\n", "cannot be read"),
        ("p.jsonl", b'{"a": 1}\n{"a"\n', "line 2"),
        ("p.jsonl", b'{"a": 1}\n' + b"[" * 100_000, "line 2: invalid JSON"),
        ("p.jsonl", b'{"a": 1}\n[]\n', "line 2: must be a JSON object"),
        ("p.xls", b"", "suffix"),
        (
            "p.csv",
            "distinct_id\nm\u00fcller\n".encode("latin-1"),
            "column 'distinct_id': must be UTF-8",
        ),
        ("p.csv", "distinct_id,gr\u00f6\u00dfe\na,1\n".encode("latin-1"), "must be UTF-8"),
        ("p.csv", "distinct_id\na\n".encode("utf-16"), "must be UTF-8"),
        ("p.jsonl", b'{"a": 1}\n' + '{"a": "\u00fc"}\n'.encode("latin-1"), "line 2: must be UTF-8"),
        ("p.jsonl", '{"a": 1}\n'.encode("utf-16"), "line 1: must be UTF-8"),
        (
            "p.jsonl",
            b'{"a": "x"}\n{"a": "\\ud800"}\n',
            "column 'a', row 1: must be text without lone",
        ),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path: Path, name: str, content: bytes, message: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileError, match=f"{name}.*{message}"):
        _read(path)


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, name: str):
    content = {"p.csv": b"distinct_id\nu1\n", "p.jsonl": b'{"distinct_id": "u1"}\n'}[name]
    path = tmp_path / name
    path.write_bytes(BOM_UTF8 + content)
    assert _read(path).to_pylist() == [{"distinct_id": "u1"}]


def test_a_json_line_of_another_type_is_named_with_its_row(tmp_path: Path):
    lines = ['{"distinct_id": "a", "n": 1}\n'] * 20_000 + ['{"distinct_id": "b", "n": "x"}\n']
    path = tmp_path / "p.jsonl"
    path.write_text("".join(lines))
    with pytest.raises(FileError, match=r'column .n., row 20000: must be int64.*got "x"'):
        _read(path)


def test_members_of_several_types_and_nested_ones_are_text(tmp_path: Path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"a": 1, "b": {"c": [1]}}\n\n{"a": "x"}\n{"b": null, "d": 1.5}\n{"d": 2}\n')
    rows = _read(path).to_pylist()
    assert [row["a"] for row in rows] == ["1", "x", None, None]
    assert [row["b"] for row in rows] == ['{"c": [1]}', None, None, None]
    assert [row["d"] for row in rows] == [None, None, 1.5, 2.0]


def test_what_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(
        FileError, match=r"nowhere/p\.parquet: cannot be written: .*nowhere does not exist"
    ):
        write_file(tmp_path / "nowhere" / "p.parquet", _PEOPLE.schema, [])
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"file/p\.parquet: cannot be written: .*file is no folder"):
        write_file(tmp_path / "file" / "p.parquet", _PEOPLE.schema, [])
    with pytest.raises(FileError, match=r"\.jsonl"):
        write_lines(tmp_path / "p.parquet", [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("name", _NAMES[:-1])
def test_a_full_disk_is_named(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    monkeypatch.setattr(Path, "with_name", lambda *_: full)
    with pytest.raises(FileError, match=f"{name}: cannot be written: .*No space left"):
        write_file(tmp_path / name, _PEOPLE.schema, _PEOPLE.to_batches())
    assert list(tmp_path.iterdir()) == []


def test_a_line_break_in_quotes_ends_no_row_wherever_it_is(tmp_path: Path):
    path = tmp_path / "p.csv"
    notes = [f"line one\nv{n},two{'y' * (80 + n % 37)}" for n in range(60_000)]  # two blocks
    path.write_text(
        "distinct_id,note\n" + "".join(f'u{n},"{note}"\n' for n, note in enumerate(notes))
    )
    opened = open_file(path, 1 << 16, ids=["distinct_id"])
    found = pa.Table.from_batches(list(opened.batches), opened.batches.schema)
    assert found["distinct_id"].to_pylist() == [f"u{n}" for n in range(len(notes))]
    assert found["note"].to_pylist() == notes
    assert _read(path)["distinct_id"].to_pylist() == found["distinct_id"].to_pylist()


@pytest.mark.rule("R19.8")
@pytest.mark.parametrize(
    "ids", [["109876543210987654321", "11"], ["12e34567", "98e76543"], ["nan", "inf"]]
)
def test_an_id_that_reads_as_a_number_is_the_text_in_the_file(tmp_path: Path, ids: list[str]):
    path = tmp_path / "p.csv"
    path.write_text("\n".join(["distinct_id,n", *(f"{text},1.5" for text in ids), ""]))
    opened = open_file(path, 10, ids=["distinct_id"])
    found = pa.Table.from_batches(list(opened.batches), opened.batches.schema)
    assert found.to_pylist() == [{"distinct_id": text, "n": 1.5} for text in ids]


def test_a_folder_has_the_columns_of_all_its_files(tmp_path: Path):
    tables = [
        pa.table({"distinct_id": ["a"], "n": pa.array([1], pa.int32())}),
        pa.table({"distinct_id": ["b"], "plan": ["pro"], "n": pa.array([2], pa.int64())}),
        pa.table({"distinct_id": ["c"], "plan": pa.nulls(1), "n": [2.5]}),
    ]
    for place, table in enumerate(tables):
        pyarrow.parquet.write_table(table, tmp_path / f"{place}.parquet")
    assert sorted(_read(tmp_path).to_pylist(), key=lambda row: row["distinct_id"]) == [
        {"distinct_id": "a", "n": 1.0, "plan": None},
        {"distinct_id": "b", "n": 2.0, "plan": "pro"},
        {"distinct_id": "c", "n": 2.5, "plan": None},
    ]
    schema, pieces = pieces_of(tmp_path)
    assert schema.field("n").type == pa.float64()
    batches = [batch for piece in pieces for batch in piece.batches(schema.names, 10)]
    found = pa.Table.from_batches(batches, schema)
    assert sorted(found["plan"].to_pylist(), key=str) == [None, None, "pro"]


@pytest.mark.rule("R19.8")
def test_ids_that_are_floats_or_text_in_a_later_file_are_refused(tmp_path: Path):
    pyarrow.parquet.write_table(pa.table({"distinct_id": [1]}), tmp_path / "1.parquet")
    pyarrow.parquet.write_table(pa.table({"distinct_id": [2.0]}), tmp_path / "2.parquet")
    with pytest.raises(TableError, match="ids must be integers or text, got double"):
        evaluate_table(_SNAPSHOT, open_file(tmp_path, 10).batches)
    pyarrow.parquet.write_table(pa.table({"distinct_id": ["u"]}), tmp_path / "2.parquet")
    with pytest.raises(
        FileError, match=r"2\.parquet: differs from the files before it.*distinct_id"
    ):
        open_file(tmp_path, 10)


def test_a_member_that_only_later_lines_have_is_named(tmp_path: Path):
    path = tmp_path / "p.jsonl"
    lines = ['{"distinct_id": "u"}\n'] * 16_384
    path.write_text("".join([*lines, '{"distinct_id": "v", "plan": null}\n']))
    assert _read(path).num_rows == 16_385
    path.write_text("".join([*lines, '{"distinct_id": "v", "plan": "pro"}\n']))
    with pytest.raises(
        FileError, match=r"p\.jsonl, row 16384: the member 'plan' is in none of the"
    ):
        _read(path)
    path.write_text("".join(['{"plan": null}\n', *lines[1:], '{"plan": "pro"}\n']))
    assert _read(path)["plan"].to_pylist()[-1] == "pro"


def test_an_odd_value_in_a_json_line_is_no_more_than_its_own_matter(tmp_path: Path):
    path = tmp_path / "p.jsonl"
    deep = "[" * 2_000 + "]" * 2_000
    odd = f'{{"n": {"9" * 5_000}, "deep": {deep}, "nan": NaN, "big": 1{"0" * 20}}}\n'
    path.write_text('{"n": 1, "deep": [1], "nan": 1.5, "big": 1.5}\n' + odd)
    assert _read(path).to_pylist() == [
        {"n": 1, "deep": "[1]", "nan": 1.5, "big": 1.5},
        {"n": None, "deep": None, "nan": None, "big": 1e20},
    ]
    path.write_text('{"\\ud800": 1}\n')
    with pytest.raises(FileError, match=r"p\.jsonl: names must be text without lone surrogates"):
        _read(path)


@pytest.mark.rule("R19.2")
def test_json_lines_hold_the_json_values_of_cells(tmp_path: Path):
    table = pa.table(
        {
            "distinct_id": pa.array([b"u", b"\xff"]),
            "far": pa.array([10**15, 0], pa.timestamp("s")),
            "n": [float("nan"), 1.5],
            "days": pa.array([1, None], pa.duration("s")),
            "map": pa.array([[("a", 10**15)], [("a", 0)]], pa.map_(pa.string(), pa.timestamp("s"))),
            "list": [[float("inf")], []],
            "runs": pa.RunEndEncodedArray.from_arrays([2], ["x"]),
        }
    )
    path = tmp_path / "p.jsonl"
    result = evaluate_table(_SNAPSHOT, table, carry="all", flag_keys=[])
    assert write_file(path, result.schema, result) == 2
    assert [
        json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()
    ] == [
        {
            "distinct_id": "u",
            "far": None,
            "n": None,
            "days": None,
            "map": None,
            "list": [None],
            "runs": "x",
        },
        {
            "distinct_id": None,
            "far": "1970-01-01T00:00:00",
            "n": 1.5,
            "days": None,
            "map": {"a": "1970-01-01T00:00:00"},
            "list": [],
            "runs": "x",
        },
    ]
    plain = table.select(["far", "n", "runs"])
    write_file(tmp_path / "p.csv", plain.schema, plain.slice(1).to_batches())
    assert (tmp_path / "p.csv").read_text().splitlines()[1] == '1970-01-01 00:00:00,1.5,"x"'


def test_a_file_read_with_dictionaries_gives_the_same_results(tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    rows = 3_000
    people = pa.table(
        {
            "distinct_id": [f"{i * 7919:040}" for i in range(rows)],
            "plan": [("free", "pro", None)[i % 3] for i in range(rows)],
            "email": [None if i % 9 == 0 else f"{i // 2}@posthog.com" for i in range(rows)],
            "country": pa.array(["DE", "NL"] * (rows // 2)).dictionary_encode(),
            "age": list(range(rows)),
        }
    )
    pyarrow.parquet.write_table(people, path, row_group_size=700)
    plain, encoded = (open_file(path, 256, encoded=encoded) for encoded in (False, True))
    assert plain.batches.schema == encoded.batches.schema == people.schema
    batch = next(iter(open_file(path, 256, encoded=True).batches))
    assert pa.types.is_dictionary(batch.column("plan").type)
    for output in ("wide", "long"):
        results = [
            evaluate_table(
                _SNAPSHOT,
                open_file(path, 256, encoded=encoded).batches,
                carry="all",
                output=output,
                batch_rows=256,
            ).read_all()
            for encoded in (False, True)
        ]
        assert results[0].schema == results[1].schema
        assert results[0].to_pylist() == results[1].to_pylist()
