"""Versions and ranges with the meaning of the semver crate (SPEC R8.7)."""

from typing import Any

import pytest

from flagengine.values.version_ranges import caret, tilde, wildcard
from flagengine.values.versions import version


@pytest.mark.rule("R8.70", "R8.71")
@pytest.mark.parametrize(
    ("written", "core"),
    [
        ("1.2.3", (1, 2, 3)),
        ("v1.2.3", (1, 2, 3)),
        (" 1.2.3\t", (1, 2, 3)),
        ("v 1.2", (1, 2, 0)),
        ("3.08", (3, 8, 0)),
        ("000.00.010", (0, 0, 10)),
        ("2", (2, 0, 0)),
        (2, (2, 0, 0)),
        (1.5, (1, 5, 0)),
        ("18446744073709551615.0.0", (2**64 - 1, 0, 0)),
    ],
)
def test_loose_versions_are_read(written: Any, core: tuple[int, int, int]):
    found = version(written)
    assert found is not None
    assert found.core == core


@pytest.mark.rule("R8.70", "R8.71")
@pytest.mark.parametrize(
    "written",
    [
        "",
        "1.2.3.4",
        "1..2",
        "V1.2",
        " v1.2",
        "vv1",
        "1.x",
        "1.2.3-",
        "1.2.3+",
        "1.2.3-01",
        "1.2.3-a..b",
        "18446744073709551616.0.0",
        "1,2",
        "\u0661.2.3",
        "-1.0.0",
        None,
        True,
        [],
        {},
        "1.2.3-é",
        "1" * 10000,
    ],
)
def test_everything_else_is_no_version(written: Any):
    assert version(written) is None


ASCENDING = [
    "0.0.1",
    "0.9.9",
    "1.0.0-0",
    "1.0.0-1",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0+0",
    "1.0.0+00",
    "1.0.0+1",
    "1.0.0+10",
    "1.0.0+a",
    "1.0.0+a.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "10.0.0",
]


@pytest.mark.rule("R8.72", "R8.73")
def test_versions_are_ordered_as_the_crate_orders_them():
    read = [version(text) for text in ASCENDING]
    shuffled = read[::-1]
    shuffled.sort()  # type: ignore[type-var]
    assert shuffled == read
    assert len(set(read)) == len(read)


def _inside(requirement: Any, written: str) -> bool:
    candidate = version(written)
    assert requirement is not None
    assert candidate is not None
    return candidate in requirement


@pytest.mark.rule("R8.76", "R8.78")
@pytest.mark.parametrize(
    ("operand", "inside", "outside"),
    [
        ("1.2.3", ["1.2.3", "1.2.99", "1.2.3+b"], ["1.2.2", "1.3.0", "1.2.4-rc", "1.2.3-rc"]),
        ("1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]),
        ("1", ["1.0.0", "1.0.5"], ["1.1.0"]),
        ("v1.02", ["1.2.7"], ["1.3.0"]),
        ("1.2.3-b", ["1.2.3-b", "1.2.3-c", "1.2.3", "1.2.4"], ["1.2.3-a", "1.2.4-c"]),
    ],
)
def test_a_tilde_reaches_to_the_next_minor(operand: str, inside: list[str], outside: list[str]):
    requirement = tilde(operand)
    assert {written: _inside(requirement, written) for written in [*inside, *outside]} == {
        **dict.fromkeys(inside, True),
        **dict.fromkeys(outside, False),
    }


@pytest.mark.rule("R8.77", "R8.78")
@pytest.mark.parametrize(
    ("operand", "inside", "outside"),
    [
        ("1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0", "1.3.0-rc", "2.0.0-rc"]),
        ("0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("0.0.3", ["0.0.3"], ["0.0.4", "0.0.2"]),
        ("0", ["0.0.0"], ["0.0.1", "0.1.0"]),
        ("0.1", ["0.1.0", "0.1.9"], ["0.2.0", "0.0.9"]),
        ("1.0.0-a", ["1.0.0-a", "1.0.0-b", "1.0.0", "1.5.0"], ["1.0.1-a", "2.0.0"]),
    ],
)
def test_a_caret_reaches_to_the_next_breaking_change(
    operand: str, inside: list[str], outside: list[str]
):
    requirement = caret(operand)
    assert {written: _inside(requirement, written) for written in [*inside, *outside]} == {
        **dict.fromkeys(inside, True),
        **dict.fromkeys(outside, False),
    }


@pytest.mark.rule("R8.79", "R8.78")
@pytest.mark.parametrize(
    ("operand", "inside", "outside"),
    [
        ("*", ["0.0.0", "9.9.9"], ["1.0.0-rc"]),
        ("1.*", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.9", "1.0.0-rc"]),
        ("1.2.*", ["1.2.0", "1.2.9"], ["1.3.0"]),
        ("1.*.*", ["1.0.0", "1.9.9"], ["2.0.0"]),
        ("01.02.*", ["1.2.5"], ["1.3.0"]),
        ("1.2", ["1.2.0", "1.5.0"], ["2.0.0", "1.1.0"]),
        ("0", ["0.0.0", "0.5.0"], ["1.0.0"]),
        ("x", ["1.0.0"], ["1.0.0-rc"]),
        (">=1.2, <1.5", ["1.2.0", "1.4.9"], ["1.5.0", "1.1.9"]),
        ("=1.2.3-rc.1", ["1.2.3-rc.1"], ["1.2.3"]),
    ],
)
def test_a_star_stands_for_any_number(operand: str, inside: list[str], outside: list[str]):
    requirement = wildcard(operand)
    assert {written: _inside(requirement, written) for written in [*inside, *outside]} == {
        **dict.fromkeys(inside, True),
        **dict.fromkeys(outside, False),
    }


@pytest.mark.rule("R8.75", "R8.79")
@pytest.mark.parametrize(
    "operand", ["", "1.*.3", "*.1", "1.2.3.4", "banana", None, [], "1.2.*-rc", ",", "**"]
)
def test_a_malformed_requirement_is_none(operand: Any):
    assert wildcard(operand) is None


@pytest.mark.rule("R8.75")
@pytest.mark.parametrize("operand", ["", "1.2.3.4", "V1", "x", None, "1.2.3-01"])
def test_a_malformed_version_makes_no_range(operand: Any):
    assert (tilde(operand), caret(operand)) == (None, None)
