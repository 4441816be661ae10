"""Property values as JSON, and the text and numbers that operators read (SPEC R7, R8.50)."""

from collections import OrderedDict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from flagengine import Snapshot, SnapshotError
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import NOT_GIVEN, ascii_fold, lower, number, text


class Tier(Enum):
    PRO = "pro"


class Level(IntEnum):
    HIGH = 3


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.rule("R7.7", "R7.6")
@pytest.mark.parametrize(
    ("value", "converted"),
    [
        ("text", "text"),
        (True, True),
        (None, None),
        (5, 5),
        (2.5, 2.5),
        (float("nan"), None),
        (float("-inf"), None),
        (Decimal("1.50"), 1.5),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (Decimal("1e400"), None),
        (Fraction(1, 4), 0.25),
        (2**63, 2**63),
        (2**64, 2.0**64),
        (-(2**63) - 1, -(2.0**63)),
        (10**400, None),
        (-(10**4000), None),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), "2024-02-29T12:00:00+00:00"),
        (date(2024, 2, 29), "2024-02-29"),
        (time(12, 30), "12:30:00"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Tier.PRO, "pro"),
        (Level.HIGH, 3),
        (b"pro", "pro"),
        (bytearray("é", "utf-8"), "é"),
        ((1, "a"), [1, "a"]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        (OrderedDict(b=1, a=[None]), {"b": 1, "a": [None]}),
        ({1: "a", None: "b", 2.0: "d"}, {"1": "a", "null": "b", "2.0": "d"}),
        ([float("nan"), {1.5}], [None, [1.5]]),
    ],
)
def test_values_become_what_a_client_would_send(value: Any, converted: Any):
    found = to_json_value(value)
    assert (found, type(found)) == (converted, type(converted))


@pytest.mark.rule("R7.8")
@pytest.mark.parametrize(
    "value",
    [object(), b"\xff", [1, object()], {"a": object()}, {(1,): 2}, 1j, range(3), _nested(3_000)],
)
def test_anything_else_counts_as_not_given(value: Any):
    assert to_json_value(value) is NOT_GIVEN


@pytest.mark.rule("R7.8", "R15.3")
def test_the_depth_is_bounded_at_128():
    assert to_json_value(_nested(128)) == _nested(128)
    assert to_json_value(_nested(129)) is NOT_GIVEN


@pytest.mark.rule("R7.9")
def test_what_holds_itself_ends():
    endless: list[Any] = ["pro"]
    endless += [endless, {"again": endless}]
    assert to_json_value(endless) is NOT_GIVEN


@pytest.mark.rule("R7.9")
@pytest.mark.parametrize("more", [0, 1])
def test_a_value_has_at_most_a_million_parts(more: int):
    value = [0] * (1_000_000 + more)
    assert to_json_value(value) == (NOT_GIVEN if more else value)


@pytest.mark.rule("R1.1")
def test_a_document_has_at_most_two_million_values():
    document = {"flags": [], "x": [0] * 1_999_990}
    assert Snapshot.parse(document).issues == ()
    document["x"] += [0] * 11
    with pytest.raises(SnapshotError, match="must have at most 2,000,000 values, got more"):
        Snapshot.parse(document)


@pytest.mark.rule("R7.1", "R7.2", "R7.3")
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("as it is", "as it is"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (0, "0"),
        (-(2**63), "-9223372036854775808"),
        (2**64 - 1, "18446744073709551615"),
        (2**64, "1.8446744073709552e+19"),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (0.00001, "0.00001"),
        (0.000012, "0.000012"),
        (1e-6, "1e-6"),
        (1.25e-7, "1.25e-7"),
        (1e15, "1000000000000000.0"),
        (123456789012345680.0, "1.2345678901234568e+17"),
        (1e16, "1e+16"),
        (-1e16, "-1e+16"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5e-324"),
        ([], "[]"),
        ([1e16, {"a": 1e21, "b": 1e-7}], '[1e+16,{"a":1e+21,"b":1e-7}]'),
        ([1, "a", None, 1.0], '[1,"a",null,1.0]'),
        ({"b": 1, "a": {"é": "\n\x7f"}}, '{"a":{"é":"\\n\x7f"},"b":1}'),
        (['"\\'], '["\\"\\\\"]'),
    ],
)
def test_values_are_rendered_as_the_server_does(value: Any, written: str):
    assert text(value) == written


@pytest.mark.rule("R7.4")
def test_full_lowercase_is_no_case_folding():
    assert [lower("STRASSE ß ΣΑΣ İ"), lower(True)] == ["strasse ß σας i̇", "true"]


@pytest.mark.rule("R7.5")
def test_ascii_folding_leaves_all_other_letters():
    assert ascii_fold("ÀZ É \u212a") == "Àz É \u212a"  # the Kelvin sign is no K


@pytest.mark.rule("R8.50")
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, 5.0),
        (5.5, 5.5),
        ("5", 5.0),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("-1e3", -1000.0),
        ("1E+2", 100.0),
        ("inf", float("inf")),
        ("-Infinity", float("-inf")),
        ("1e999", float("inf")),
        (2**53 + 1, 2.0**53),
    ],
)
def test_numbers_are_read_in_the_grammar(value: Any, found: float):
    assert number(value) == found


@pytest.mark.rule("R8.50", "R8.51")
@pytest.mark.parametrize(
    "value",
    [
        "",
        " 5",
        "5 ",
        "1_0",
        "0x1",
        "1e",
        ".",
        "+",
        "e5",
        "\u0665",
        "infinit",
        "1,5",
        True,
        None,
        [5],
        {},
    ],
)
def test_everything_else_is_no_number(value: Any):
    assert number(value) is None


@pytest.mark.rule("R8.53")
def test_nan_is_read_and_compares_with_nothing():
    assert number("NaN") != number("nan")
