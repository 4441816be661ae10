"""Tables have the answers of the scalar engine, row by row, for all kinds of input."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagengine import Snapshot
from tests.batch.people import exported_people
from tests.batch.typed_people import typed_people
from tests.properties.strategies import Doc, documents

_SIZES = st.sampled_from([1, 2, 3, 1_000])


class TestEqualsScalar:
    """R19.3: batch evaluation never differs from the scalar engine."""

    @pytest.mark.rule("R19.2", "R19.3", "R19.4", "R19.6")
    @pytest.mark.parametrize("people_of", [exported_people, typed_people])
    @given(st.data(), documents(), _SIZES)
    def test_people_as_json_or_in_columns_have_the_scalar_answers(
        self, people_of: Any, data: st.DataObject, document: Doc, batch_rows: int
    ):
        people = data.draw(people_of(document))
        snapshot = Snapshot.parse(document)
        result = people.evaluated(
            snapshot, output="long", carry=[], batch_rows=batch_rows, threads=1
        )
        assert result.read_all().to_pylist() == people.expected(snapshot)

    @pytest.mark.rule("R19.5")
    @settings(max_examples=50)
    @given(st.data(), documents())
    def test_a_column_per_flag_holds_the_values_of_the_rows(
        self, data: st.DataObject, document: Doc
    ):
        people = data.draw(exported_people(document))
        snapshot = Snapshot.parse(document)
        wide = people.evaluated(snapshot, carry=[], prefix="flag ", threads=2).read_all()
        rows = people.evaluated(snapshot, output="long", carry=[], batch_rows=2).read_all()
        keys = [name.removeprefix("flag ") for name in wide.column_names]
        for position, key in enumerate(keys):
            values = rows.column("value").to_pylist()[position :: len(keys)]
            column = wide.column(f"flag {key}")
            if pa.types.is_floating(column.type):
                values = [None if value is None else float(value) for value in values]
            assert [_text(cell) for cell in column.to_pylist()] == values


def _text(value: object) -> object:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value
