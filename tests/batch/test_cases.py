"""Rows sorted into cases: whatever is done with cases, each row keeps what belongs to it."""

from typing import Any

import numpy as np
import pytest

from flagengine.columnar.cases import Cases, combined, filled, looked_up, mixed, smallest_type

ROWS = 1_000
GAP = object()


def cases(labels: int, step: int = 1) -> Cases:
    """Return cases of which every label has rows, in no special order."""
    codes = np.arange(ROWS) * step % labels
    return Cases(tuple(range(labels)), codes.astype(smallest_type(labels)))


def rows(found: Cases) -> list[Any]:
    return [found.label_of(row) for row in range(ROWS)]


@pytest.mark.parametrize(
    ("count", "kind"),
    [
        (1, np.uint8),
        (256, np.uint8),
        (257, np.uint16),
        (65_536, np.uint16),
        (65_537, np.int64),
        (1 << 30, np.int64),
    ],
)
def test_positions_have_the_smallest_type_that_holds_them(count: int, kind: Any) -> None:
    assert smallest_type(count) is kind


@pytest.mark.parametrize("entries", [1, 2, 255, 256, 257, 70_000])
@pytest.mark.parametrize("entry", [np.bool_, np.uint8, np.int8, np.uint16, np.int32, np.uint64])
@pytest.mark.parametrize("code", [np.uint8, np.uint16, np.int32, np.int64])
def test_a_look_up_gives_each_row_its_entry(entries: int, entry: Any, code: Any) -> None:
    table = (np.arange(entries) * 7 - 3).astype(entry)
    codes = (np.arange(ROWS) * 31 % min(entries, np.iinfo(code).max)).astype(code)
    found = looked_up(table, codes)
    assert found.dtype == entry
    assert found.tolist() == table[codes].tolist()
    assert looked_up(table, codes[:0]).tolist() == []


def test_a_constant_is_every_rows_case() -> None:
    constant = Cases.constant(GAP)
    assert rows(constant) == [GAP] * ROWS
    assert constant.is_always(GAP)
    assert not constant.is_always(7)
    assert not Cases((GAP, 7), np.zeros(ROWS, np.uint8)).is_always(GAP)
    assert not Cases((7, GAP), np.zeros(ROWS, np.uint8)).is_always(7)


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 1), (2, 3), (8, 8), (5, 13), (20, 15), (300, 2), (300, 300), (700, 999)],
)
def test_combinations_are_those_that_rows_have(left: int, right: int) -> None:
    parts = [cases(left), cases(right, step=7)]
    constant = Cases.constant("all")
    pairs = list(zip(*map(rows, parts), strict=True))
    assert rows(combined(parts)) == pairs
    for place in range(3):
        among = [*parts[:place], constant, *parts[place:]]
        expected = [(*pair[:place], "all", *pair[place:]) for pair in pairs]
        assert rows(combined(among)) == expected


def test_no_more_combinations_are_kept_than_rows_have_where_there_may_be_many() -> None:
    same = cases(300)
    assert len(combined([same, same]).labels) == 300
    assert len(combined([cases(9), cases(9)]).labels) == 9


def test_combinations_of_nothing_are_one_case() -> None:
    assert rows(combined([])) == [()] * ROWS
    assert combined([]).is_always(combined([]).labels[0])


@pytest.mark.parametrize("labels", [1, 2, 3, 300])
def test_renamed_cases_are_one_where_they_have_one_name(labels: int) -> None:
    given = cases(labels)
    for rename in (str, lambda label: label % 2, lambda label: label // 2, lambda _: "same"):
        found = given.relabelled(rename)
        assert rows(found) == [rename(label) for label in rows(given)]
        assert len(set(found.labels)) == len(found.labels)
    assert given.relabelled(lambda _: "same").is_always("same")


def test_names_to_begin_with_come_first_though_no_row_has_them() -> None:
    found = cases(3).relabelled(lambda label: label > 0, first=(False, True))
    assert tuple(found.labels) == (False, True)
    found = cases(2).relabelled(lambda label: ("b", "c")[label], first=("a", "b"))
    assert tuple(found.labels) == ("a", "b", "c")
    assert rows(found) == ["b", "c"] * (ROWS // 2)


def test_cases_without_rows_have_no_names() -> None:
    nothing = Cases((), np.zeros(0, np.uint8))
    assert tuple(nothing.relabelled(str).labels) == ()
    assert nothing.where(lambda _: True) is False


def test_where_gives_one_answer_for_all_rows_or_one_for_each() -> None:
    given = cases(3)
    assert given.where(lambda _: True) is True
    assert given.where(lambda _: False) is False
    assert Cases.constant(7).where(lambda label: label == 7) is True
    assert Cases.constant(7).where(lambda label: label == 8) is False
    found = given.where(lambda label: label == 1)
    assert not isinstance(found, bool)
    assert found.tolist() == [label == 1 for label in rows(given)]


@pytest.mark.parametrize("outside", [cases(3), Cases.constant("all")])
@pytest.mark.parametrize("inside", [cases(2, step=3), Cases.constant("in")])
def test_mixed_rows_come_from_inside_the_mask_or_from_outside(
    inside: Cases, outside: Cases
) -> None:
    mask = np.arange(ROWS) % 5 == 0
    found = rows(mixed(mask, inside, outside))
    triples = zip(mask, rows(inside), rows(outside), strict=True)
    assert found == [inner if is_in else outer for is_in, inner, outer in triples]


def test_only_gaps_are_filled() -> None:
    lower = cases(4, step=3)
    upper = Cases((GAP, "u"), (np.arange(ROWS) % 2).astype(np.uint8))
    expected = [
        low if high is GAP else high for low, high in zip(rows(lower), rows(upper), strict=True)
    ]
    assert rows(filled(upper, lower, GAP)) == expected
    assert filled(Cases.constant(GAP), lower, GAP) is lower
    assert filled(lower, upper, GAP) is lower
