"""Native tests of text columns without repetition have the results of the scalar engine."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagengine import Snapshot, evaluate_flag
from flagengine.batch import evaluate_table
from tests.properties.strategies.vocabulary import NUMBERS, OPERANDS, PATTERNS, TEXTS

_OPERATORS = [
    "exact",
    "is_not",
    "icontains",
    "icontains_multi",
    "not_icontains_multi",
    "not_icontains",
    "starts_with",
    "not_starts_with",
    "ends_with",
    "not_ends_with",
    "regex",
    "not_regex",
]
_MORE_PATTERNS = [
    *PATTERNS,
    r"^.+@(acme|globex)\.example$",
    r"\w+@",
    "[^a]$",
    "\u017f",
    "(?i)s",
    ".",
]
_ENDS = ["", "a", "\n", "é", "K", "\u017f", "ΑΣ", "\x00", " ", "🙂", "ß", "İ"]


def _snapshot(operator: str, operand: object, version: int) -> Snapshot:
    filter_ = {"key": "p", "type": "person", "operator": operator, "value": operand}
    filters = {"groups": [{"properties": [filter_]}]}
    flag = {"key": "f", "active": True, "filters": filters}
    return Snapshot.parse({"flags": [flag], "property_matching_version": version})


class TestNativeText:
    """R19.3: a native test equals the scalar engine's test."""

    @pytest.mark.rule("R19.3")
    @settings(max_examples=150)
    @given(st.data(), st.sampled_from(_OPERATORS), st.sampled_from([1, 2]), st.booleans())
    def test_columns_of_different_texts_have_the_scalar_answers(
        self, data: st.DataObject, operator: str, version: int, null: bool
    ):
        operands = _MORE_PATTERNS if "regex" in operator else OPERANDS[operator]
        snapshot = _snapshot(operator, data.draw(st.sampled_from(operands)), version)
        ascii_only = data.draw(st.booleans())
        words = [word for word in TEXTS if not ascii_only or word.isascii()]
        ends = [end for end in _ENDS if not ascii_only or end.isascii()]
        texts = [
            f"{word}{end}{n if n % 3 else ''}" for n in range(40) for word in words for end in ends
        ]
        varied = [*texts, *map(str, range(1_024)), None][::-1]
        table = pa.table({"distinct_id": ["x"] * len(varied), "p": varied})
        result = evaluate_table(snapshot, table, json_nulls=null, carry=[]).read_all()
        wanted = {
            text: evaluate_flag(
                snapshot, "f", "x", {"p": text} if text is not None or null else {}
            ).value
            for text in set(varied)
        }
        assert result.column("f").to_pylist() == [wanted[text] for text in varied]


class TestNativeNumbers:
    """R19.3: a native comparison equals the scalar engine's comparison."""

    @pytest.mark.rule("R19.3")
    @settings(max_examples=100)
    @given(
        st.sampled_from(["gt", "gte", "lt", "lte", "min", "max", "between"]),
        st.sampled_from([*NUMBERS, "512", 2**63 - 1, [0, 10]]),
        st.sampled_from([pa.int64(), pa.uint64(), pa.int16(), pa.float64(), pa.float32()]),
        st.booleans(),
    )
    def test_columns_of_different_numbers_have_the_scalar_answers(
        self, operator: str, operand: object, kind: pa.DataType, null: bool
    ):
        snapshot = _snapshot(operator, operand, 1)
        special: list[object] = [0, 1, 5, None]
        if pa.types.is_floating(kind):
            special += [-1.5, 2.5, float("nan"), float("inf"), float("-inf"), -0.0]
        elif kind != pa.int16():
            special += [2**53 + 1, 2**63 - 1]
        column = pa.array([*range(1_024), *special][::-1], kind)
        table = pa.table({"distinct_id": ["x"] * len(column), "p": column})
        result = evaluate_table(snapshot, table, json_nulls=null, carry=[]).read_all()
        wanted = [
            evaluate_flag(
                snapshot, "f", "x", {"p": value} if value is not None or null else {}
            ).value
            for value in column.to_pylist()
        ]
        assert result.column("f").to_pylist() == wanted
