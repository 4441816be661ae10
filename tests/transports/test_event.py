"""Events: validation, the fields that capture fixes, and the JSON of any value."""

from __future__ import annotations

import json
import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine.transports.batching.event import Event, make_event, parse_event
from flagengine.transports.batching.event_fields import normalise_timestamp
from flagengine.transports.clock import ManualClock
from flagengine.transports.errors import InvalidEventError
from flagengine.transports.json_text import decoded_to_json, read_json, to_json

CLOCK = ManualClock(wall=1_735_787_045.25)


def make(**message: object) -> Event:
    return make_event({"event": "e", "distinct_id": "u", **message}, clock=CLOCK)


def envelope(**message: object) -> dict[str, Any]:
    return make(**message).decoded()


@pytest.mark.contract("capture")
def test_the_envelope_holds_what_was_captured() -> None:
    event = envelope(properties={"a": 1, "b": "two", "c": True})
    assert UUID(event.pop("uuid")).version == 7
    assert event == {
        "event": "e",
        "distinct_id": "u",
        "timestamp": "2025-01-02T03:04:05.250Z",
        "properties": {"a": 1, "b": "two", "c": True},
    }


@pytest.mark.contract("capture")
@pytest.mark.parametrize(
    "message",
    [
        {"event": ""},
        {"event": " "},
        {"event": None},
        {"event": 5},
        {"distinct_id": None},
        {"distinct_id": "  "},
    ],
)
def test_an_event_without_name_or_id_is_invalid(message: dict[str, object]) -> None:
    with pytest.raises(InvalidEventError):
        make(**message)


@pytest.mark.contract("capture")
def test_an_id_that_is_no_text_becomes_text() -> None:
    uuid = UUID(int=7)
    assert [envelope(distinct_id=given)["distinct_id"] for given in (42, uuid)] == ["42", str(uuid)]


@pytest.mark.contract("capture")
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2025-01-02T08:34:05+05:30", "2025-01-02T03:04:05Z"),
        ("2025-01-02T03:04:05.123456Z", "2025-01-02T03:04:05.123456Z"),
        ("2025-01-02T03:04:05.250Z", "2025-01-02T03:04:05.250Z"),
        ("2025-01-02T03:04:05.5Z", "2025-01-02T03:04:05.5Z"),
        ("2025-01-02T03:04:05Z", "2025-01-02T03:04:05Z"),
        ("2025-01-02T03:04:05.1234567Z", "2025-01-02T03:04:05.123456Z"),
        ("2025-01-02T03:04:05.250+00:00", "2025-01-02T03:04:05.250000Z"),
        (" 2025-01-02T03:04:05.250Z", "2025-01-02T03:04:05.250000Z"),
        ("20250102T030405Z", "2025-01-02T03:04:05Z"),
        ("2025-01-02", "2025-01-02T00:00:00Z"),
        (datetime(2025, 1, 2, 3, 4, 5), "2025-01-02T03:04:05Z"),
        (datetime(2025, 1, 2, 3, 4, 5, 60, tzinfo=UTC), "2025-01-02T03:04:05.000060Z"),
        (datetime(2025, 1, 2, tzinfo=timezone(timedelta(hours=-2))), "2025-01-02T02:00:00Z"),
        (date(2025, 1, 2), "2025-01-02T00:00:00Z"),
    ],
)
def test_a_timestamp_is_the_same_instant_in_utc(given: object, sent: str) -> None:
    assert envelope(timestamp=given)["timestamp"] == sent


@pytest.mark.contract("capture")
@pytest.mark.parametrize(
    "message",
    [
        {"timestamp": "yesterday"},
        {"timestamp": 5},
        {"timestamp": "0001-01-01T00:00:00+23:00"},
        {"timestamp": "2025-02-30T00:00:00.000Z"},
        {"timestamp": "2025-01-02T25:00:00Z"},
        {"uuid": "no uuid"},
        {"properties": ["no mapping"]},
    ],
)
def test_what_cannot_be_read_is_replaced_with_a_warning(message: dict[str, object]) -> None:
    warnings: list[str] = []
    made = make_event(
        {"event": "e", "distinct_id": "u", **message}, clock=CLOCK, warn=warnings.append
    ).decoded()
    assert len(warnings) == 1
    assert made["timestamp"] == "2025-01-02T03:04:05.250Z"
    assert UUID(str(made["uuid"])).version == 7
    assert made["properties"] == {}


@pytest.mark.contract("capture", "capture-ai")
@pytest.mark.parametrize(
    "uuid", ["0190a5d2-7c4b-7000-8000-000000000000", "0190A5D2-7C4B-4000-8000-00000000000F"]
)
def test_a_valid_uuid_is_kept_exactly(uuid: str) -> None:
    assert make(uuid=uuid).uuid == uuid == envelope(uuid=uuid)["uuid"]


@pytest.mark.contract("capture")
def test_later_changes_by_the_caller_do_not_reach_the_event() -> None:
    properties = {"inner": {"list": [1]}}
    event = make(properties=properties)
    properties["inner"]["list"].append(2)
    assert event.decoded()["properties"] == {"inner": {"list": [1]}}


def test_a_timestamp_like_property_stays_as_it_is() -> None:
    text = "2025-01-02T08:34:05+05:30"
    assert envelope(properties={"at": text})["properties"] == {"at": text}


def test_the_repr_shows_no_content() -> None:
    assert "secret" not in repr(make(properties={"password": "secret"}))


def test_an_event_is_parsed_from_its_own_bytes() -> None:
    event = make(properties={"a": 1})
    assert parse_event(event.body) == event
    with pytest.raises(InvalidEventError):
        parse_event(b"[]")
    with pytest.raises(InvalidEventError):
        parse_event(b"[" * 100_000)


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    BIG = 3


@dataclass
class Point:
    x: int
    y: object


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError


class NumberLike:
    def tolist(self) -> float:
        return 1.5


CYCLE: list[object] = [1]
CYCLE += [CYCLE, CYCLE]
DEEP: list[object] = []
for _ in range(5000):
    DEEP = [DEEP]


@pytest.mark.contract("http-client", "capture")
@pytest.mark.parametrize(
    ("value", "read_back"),
    [
        (datetime(2025, 1, 2, 3, tzinfo=UTC), "2025-01-02T03:00:00+00:00"),
        (date(2025, 1, 2), "2025-01-02"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.5"), 1.5),
        (Decimal("NaN"), None),
        (math.nan, None),
        (math.inf, None),
        ([1.0, -math.inf], [1.0, None]),
        ({3, 1, 2}, [1, 2, 3]),
        ((1, (2,)), [1, [2]]),
        (deque([1, 2]), [1, 2]),
        (b"caf\xc3\xa9\xff", "café\ufffd"),
        (Colour.RED, "red"),
        (Size.BIG, 3),
        (Point(1, math.nan), {"x": 1, "y": None}),
        (OrderedDict(a=1), {"a": 1}),
        (
            {1: "one", None: "none", True: "yes", (1, 2): "pair"},  # noqa: F601
            {"1": "yes", "null": "none", "[1, 2]": "pair"},
        ),
        ({Colour.RED: 1}, {"red": 1}),
        (NumberLike(), 1.5),
        (PurePosixPath("/a"), "/a"),
        (Hostile(), None),
        ([Hostile(), 1], [None, 1]),
        ("\ud83d\ude00 \ud800", "😀 \ufffd"),
        (2**63, 2**63),
        ([10**5000], [None]),
        ([2**70], [2.0**70]),
        (CYCLE, [1, None, None]),
    ],
)
def test_anything_has_json(value: object, read_back: object) -> None:
    assert json.loads(to_json({"v": value}))["v"] == read_back


def test_absurd_nesting_ends_in_null() -> None:
    text = to_json(DEEP)
    assert text.count(b"[") == 128
    assert b"null" in text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_json_is_always_strict(value: object) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(to_json(value).decode("utf-8"), parse_constant=refuse)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values | st.sampled_from([2**70, "\ud800"]))
def test_a_value_that_was_read_from_json_is_written_the_same_without_a_look(value: object) -> None:
    read = read_json(json.dumps(value))
    assert decoded_to_json(read) == to_json(read)


@given(st.text())
def test_any_timestamp_text_is_survived(text: str) -> None:
    normalised = normalise_timestamp(text)
    assert normalised is None or normalised.endswith("Z")
