"""The texts that a column has had are remembered from batch to batch, within bounds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate
from flagengine.batch import evaluate_table
from flagengine.columnar import vocabulary
from flagengine.columnar.json_values import GONE, json_cases
from flagengine.columnar.vocabulary import Vocabularies


def values_of(found: Any, rows: int) -> list[Any]:
    return [found.label_of(row) for row in range(rows)]


def random_texts(seed: int, most: int, rows: int = 300) -> list[str | None]:
    numbers = np.random.default_rng(seed).integers(0, most, rows).tolist()
    return [None if number % 7 == 3 else f"text {number}" for number in numbers]


def encodings(texts: list[str | None]) -> list[pa.Array]:
    plain = pa.array(texts, pa.string())
    reverse = pa.array(texts[::-1], pa.string()).dictionary_encode()
    return [
        plain,
        pa.array(["x", *texts, "x"]).slice(1, len(texts)),
        plain.cast(pa.large_string()),
        plain.dictionary_encode(),
        reverse.take(pa.array(range(len(texts) - 1, -1, -1))),
    ]


@pytest.mark.parametrize("most", [2, 40, 400])
@pytest.mark.parametrize("null", [GONE, None])
def test_every_batch_keeps_its_values(most: int, null: Any) -> None:
    known = Vocabularies()
    for seed in range(6):
        texts = random_texts(seed, most)
        for array in encodings(texts):
            found = known.cases(0, array, null)
            assert found is not None
            assert values_of(found, len(texts)) == [
                null if text is None else text for text in texts
            ]


def test_equal_batches_have_the_same_labels() -> None:
    known = Vocabularies()
    texts = random_texts(1, 40)
    first, *others = (known.cases(0, array, GONE) for array in encodings(texts))
    for other in others:
        assert other is not None
        assert first is not None
        assert other.labels is first.labels


def test_a_null_is_what_each_use_of_a_column_says() -> None:
    known = Vocabularies()
    array = pa.array(["a", None])
    for null in (GONE, None, GONE):
        found = known.cases(0, array, null)
        assert found is not None
        assert found.label_of(1) is null


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1, 2]),
        pa.array([True, False]),
        pa.array([1.0]),
        pa.array([], pa.string()),
        pa.array([None, None], pa.string()),
        pa.array([1, 1]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None])),
        pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")),
    ],
)
def test_other_columns_have_no_vocabulary(array: pa.Array) -> None:
    assert Vocabularies().cases(0, array, GONE) is None


@pytest.mark.parametrize(("most", "longest"), [(30, 1 << 20), (1 << 14, 200)])
def test_a_full_vocabulary_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, most: int, longest: int
) -> None:
    monkeypatch.setattr(vocabulary, "_MOST", most)
    monkeypatch.setattr(vocabulary, "_LONGEST", longest)
    known = Vocabularies()
    for batch in range(20):
        texts = [f"text {batch * 5 + i}" for i in range(10)]
        found = known.cases(0, pa.array(texts), GONE)
        assert found is not None
        assert values_of(found, 10) == texts
        assert len(found.labels) <= most + 1
        assert sum(len(label) for label in found.labels if label is not GONE) <= longest
    assert known.cases(0, pa.array([f"{i:20}" for i in range(40)]), GONE) is None


def test_threads_that_learn_at_the_same_time_agree() -> None:
    known = Vocabularies()

    def work(seed: int) -> bool:
        texts = random_texts(seed, 1_000)
        found = known.cases(0, pa.array(texts, pa.string()), None)
        return found is not None and values_of(found, len(texts)) == texts

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint8(), pa.int16(), pa.int64(), pa.uint64(), pa.bool_()]
)
@pytest.mark.parametrize("least", [0, -100, 100, -128, 2**62, 2**63, -(2**63)])
@pytest.mark.parametrize("width", [2, 150, 255, 300])
def test_numbers_keep_their_values(kind: pa.DataType, least: int, width: int) -> None:
    numbers = [least + number for number in range(width)]
    given: list[Any] = [None, *numbers, None] * (1 + 5_000 // width)
    try:
        array = pa.array(
            [value if value is None else value % 2 == 0 for value in given]
            if pa.types.is_boolean(kind)
            else given,
            kind,
        )
    except (pa.ArrowInvalid, OverflowError):
        pytest.skip("the type has no such numbers")
    for column in (array, array.drop_null()):
        found = values_of(json_cases(column, null=GONE), len(column))
        expected = [GONE if value is None else value for value in column.to_pylist()]
        assert found == expected
        assert [type(value) for value in found] == [type(value) for value in expected]


_FLAG = {
    "id": 1,
    "key": "new",
    "active": True,
    "filters": {
        "groups": [
            {
                "properties": [
                    {"key": "seen", "operator": "is_date_before", "value": "-7d", "type": "person"}
                ],
                "rollout_percentage": 100,
            },
            {
                "properties": [{"key": "n", "operator": "exact", "value": ["1"], "type": "person"}],
                "rollout_percentage": 100,
            },
        ]
    },
}


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_are_decided_as_their_rows(threads: int) -> None:
    snapshot = Snapshot.parse({"flags": [_FLAG]})
    days = [None if i % 11 == 0 else f"2026-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(600)]
    numbers = [("1", "1.0", "True", "true", None)[i % 5] for i in range(600)]
    table = pa.table({"distinct_id": [f"u{i}" for i in range(600)], "seen": days, "n": numbers})
    for month in (3, 9, 3):
        now = datetime(2026, month, 1, tzinfo=UTC)
        found = evaluate_table(snapshot, table, now=now, batch_rows=64, threads=threads).read_all()
        for row, value in zip(table.to_pylist(), found["new"].to_pylist(), strict=True):
            person = {key: value for key, value in row.items() if value is not None}
            assert value == evaluate(snapshot, row["distinct_id"], person, now=now)["new"].value


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.bool_(), pa.string()])
def test_values_of_other_types_in_another_table_are_not_confused(kind: pa.DataType) -> None:
    snapshot = Snapshot.parse({"flags": [_FLAG]})
    texts = {pa.string(): ["1", "0"], pa.bool_(): [True, False]}
    given = texts.get(kind, [1, 0])
    column = pa.array(given * 3_000, kind)
    table = pa.table({"distinct_id": ["a", "b"] * 3_000, "n": column})
    found = evaluate_table(snapshot, table, batch_rows=5_000).read_all()["new"].to_pylist()
    values = column.slice(0, 2).to_pylist()
    expected = [evaluate(snapshot, "a", {"n": value})["new"].value for value in values]
    assert found == expected * 3_000
