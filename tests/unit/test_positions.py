"""Lines and columns of JSON pointers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine.analysis.lint.positions import Position, positions

TEXT = """\
{
  "flags": [
    {"key": "a", "x/y": {"~": [10, {"é": true}]}},
    {"key": "b, }", "x": null}
  ],
  "cohorts": {"1": -1.5e3}
}
"""


@pytest.mark.parametrize(
    ("pointer", "line", "column"),
    [
        ("", 1, 1),
        ("/flags", 2, 12),
        ("/flags/0", 3, 5),
        ("/flags/0/key", 3, 13),
        ("/flags/0/x~1y/~0/1/é", 3, 42),
        ("/flags/1/x", 4, 26),
        ("/cohorts/1", 6, 20),
        # What is missing is where it should be.
        ("/flags/1/filters/groups", 4, 5),
        ("/flags/7", 2, 12),
        ("/other", 1, 1),
        ("/flags/0/key/deeper", 3, 13),
    ],
)
def test_a_pointer_has_the_place_of_its_value(pointer: str, line: int, column: int):
    assert positions(TEXT, [pointer]) == {pointer: Position(line, column)}


def test_of_a_repeated_name_the_last_value_counts():
    text = '{"a": {"b": 1},\n "a": {"c": 2}}'
    assert positions(text, ["/a/c", "/a/b"]) == {"/a/c": Position(2, 13), "/a/b": Position(2, 7)}


def test_depth_is_no_matter():
    text = "[" * 100_000 + "]" * 100_000
    assert positions(text, ["/0" * 3]) == {"/0/0/0": Position(1, 4)}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=4), part, max_size=3)
    ),
    max_leaves=12,
)


def _pointers(value: Any, at: str) -> Any:
    yield at, value
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, part in parts:
        step = str(name).replace("~", "~0").replace("/", "~1")
        yield from _pointers(part, f"{at}/{step}")


@given(values, st.sampled_from([None, 1]))
def test_at_the_place_the_value_begins(value: Any, indent: int | None):
    text = json.dumps(value, indent=indent)
    lines = text.split("\n")
    wanted = dict(_pointers(value, ""))
    for pointer, place in positions(text, wanted).items():
        rest = "\n".join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
        found, _ = json.JSONDecoder().raw_decode(rest)
        assert found == wanted[pointer]
