"""Tables and lines in a width: no word breaks in the middle."""

import random
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from flagengine.cli.layout import GAP, column_widths, stacked, wrapped

ROOT = Path(__file__).parents[2]
SMALL = str(ROOT / "fixtures" / "snapshots" / "small.json")
PERSON = ["--distinct-id", "user-8", "--property", "country=DE"]


def plain(lines):
    return [line.plain for line in lines]


words = st.text("abcdef", min_size=1, max_size=12)
cells = st.lists(words, max_size=8).map(" ".join)
tables = st.integers(1, 5).flatmap(
    lambda columns: st.lists(st.lists(cells, min_size=columns, max_size=columns), min_size=1)
)


@given(tables, st.integers(1, 120))
def test_columns_hold_every_word_and_fit(rows, width):
    texts = [[Text(cell) for cell in row] for row in rows]
    widths = column_widths(texts, width)
    longest = [max(max(map(len, cell.split()), default=0) for cell in column) for column in zip(*rows)]  # fmt: skip  # noqa: B905
    least = sum(longest) + GAP * (len(longest) - 1)
    if widths is None:
        assert least > width
    else:
        assert sum(widths) + GAP * (len(widths) - 1) <= width
        assert all(have >= need for have, need in zip(widths, longest, strict=True))


def test_columns_are_as_wide_as_they_need():
    rows = [[Text("a" * 10), Text("b " * 10), Text("")]]
    assert column_widths(rows, 100) == [10, 20, 0]
    assert column_widths(rows, 26) == [10, 10, 0]


def test_rows_that_do_not_fit_are_records():
    rows = [
        [Text("first"), Text("on"), Text(""), Text("some words here and there")],
        [Text(""), Text("off"), Text("x"), Text("")],
    ]
    assert plain(stacked(("flag", "value", "", "because"), rows, 28)) == [
        "first",
        "  value    on",
        "  because  some words here",
        "           and there",
        "",
        "  value    off",
        "           x",
    ]


def test_lines_go_on_below_their_last_part_and_beside_the_branches():
    parts = [Text("│  ├─ "), Text("one two three four five six")]
    assert plain(wrapped(parts, 24)) == ["│  ├─ one two three four", "│  │  five six"]
    parts = [Text("  "), Text("error"), Text("  one two three four five")]
    assert plain(wrapped(parts, 25)) == ["  error  one two three", "         four five"]


def test_lines_with_a_long_beginning_go_on_at_the_left():
    parts = [Text("  a-long/path:1:2: "), Text("one two three")]
    assert plain(wrapped(parts, 24)) == ["  a-long/path:1:2: one", "    two three"]


def test_a_word_that_is_too_long_stays_whole():
    assert plain(wrapped([Text("a " + "b" * 30 + " c")], 20)) == ["a", "b" * 30, "c"]


def test_a_line_that_fits_is_left_alone():
    assert plain(wrapped([Text("  a   b "), Text(" c")], 10)) == ["  a   b  c"]


COMMANDS = [
    ["evaluate", SMALL, *PERSON],
    ["explain", SMALL, "dashboard-ai-summary", *PERSON],
    ["requirements", SMALL],
    ["plan", SMALL, "new-checkout"],
    ["validate", str(ROOT / "fixtures" / "snapshots" / "product-40.json")],
]


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_word_breaks_on_a_narrow_terminal(run, command, monkeypatch):
    whole = {word for line in run(*command).stdout.splitlines() for word in line.split()}
    found = _on_terminal(run, monkeypatch, command, 44)
    known = whole | {"flag", "value", "reason", "needs", "local", "depends", "on", "obstacles"}
    assert {word for line in found for word in line.split()} - known - {"│", "├─", "└─"} == set()
    too_long = [line for line in found if len(line) > 44 and len(line.split()) > 1]
    assert [line for line in too_long if max(map(len, line.split())) < 40] == []


def _on_terminal(run, monkeypatch, command, width):
    """Return the lines that the command would print on a terminal."""
    from click.testing import _NamedTextIOWrapper  # noqa: PLC0415 the output of its calls

    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda _: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    return re.sub(r"\x1b\[[0-9;]*m", "", run(*command).stdout).splitlines()


def test_a_piped_table_is_no_wider_than_a_page(run, save):
    names = [f"property-{number}" for number in range(40)]
    random.Random(1).shuffle(names)
    filters = [{"key": name, "type": "person", "value": "x"} for name in names]
    path = save(
        {"flags": [{"key": "f", "active": True, "filters": {"groups": [{"properties": filters}]}}]}
    )
    lines = run("requirements", path).stdout.splitlines()
    assert max(map(len, lines)) <= 120
    assert sum("property-" in line for line in lines) > 1
