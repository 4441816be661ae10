"""People with a column per property, of every Arrow type with a JSON value."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.batch.people import PER_PERSON, People
from tests.properties.strategies import Call, calls
from tests.properties.strategies.calls import _operands
from tests.properties.strategies.choice import pick
from tests.properties.strategies.vocabulary import (
    DATES,
    GROUP,
    NUMBERS,
    TEXTS,
    VERSIONS,
)

_WORDS = [value for value in [*TEXTS, *VERSIONS, *DATES, *NUMBERS] if isinstance(value, str)]
_MOMENTS = [
    datetime(2024, 6, 1, 12, 30, tzinfo=UTC),
    datetime(2024, 3, 10, 2, 30, 0, 5, tzinfo=UTC),
    datetime(1, 1, 2, tzinfo=UTC),
]
_NAIVE = [moment.replace(tzinfo=None) for moment in _MOMENTS]

TYPES: list[tuple[pa.DataType, list[Any]]] = [
    (pa.string(), _WORDS),
    (pa.large_string(), _WORDS),
    (pa.string_view(), _WORDS),
    (pa.dictionary(pa.int8(), pa.string()), _WORDS),
    (pa.int64(), [0, 1, 5, -1, 1_717_243_200, 2**53 + 1]),
    (pa.uint64(), [0, 5, 2**64 - 1]),
    (pa.float64(), [0.0, -0.0, 1.0, 2.5, 5.0, 1e16, float("nan"), float("inf")]),
    (pa.float32(), [0.5, -0.0, 5.0]),
    (pa.bool_(), [True, False]),
    (pa.timestamp("us", "UTC"), _MOMENTS),
    (pa.timestamp("us", "America/New_York"), _MOMENTS[:2]),
    (pa.timestamp("s"), [moment.replace(microsecond=0) for moment in _NAIVE]),
    (pa.date32(), [date(2024, 2, 29), date(2024, 6, 1)]),
    (pa.date64(), [date(2024, 2, 29), date(2024, 6, 1)]),
    (pa.time64("us"), [time(12, 30), time(1, 2, 3, 4)]),
    (pa.decimal128(10, 2), [Decimal("5.00"), Decimal("2.50")]),
    (pa.binary(), [b"pro", b"\xff", b"1.2.3"]),
    (pa.duration("us"), [timedelta(days=7)]),
    (pa.list_(pa.string()), [[], ["pro"], ["pro", "free"], ["true"], [None]]),
    (pa.list_(pa.int64()), [[1], [5, 5], [None]]),
    (pa.struct([("a", pa.int64()), ("b", pa.float64())]), [{"a": 1, "b": 1.0}]),
    (pa.map_(pa.string(), pa.int64()), [[("a", 1)]]),
    (pa.null(), [None]),
]
IDS: list[tuple[pa.DataType, list[Any]]] = [
    (pa.string(), ["user-1", "user-2", "", "é" * 150, "x" * 201]),
    (pa.large_string(), ["user-1", "user-3"]),
    (pa.string_view(), ["user-1", ""]),
    (pa.dictionary(pa.int32(), pa.string()), ["user-1", "user-2", ""]),
    (pa.int64(), [7, -7, 2**63 - 1]),
    (pa.bool_(), [True]),
    (pa.date32(), [date(2024, 2, 29)]),
    (pa.timestamp("us", "UTC"), _MOMENTS),
    (pa.duration("us"), [timedelta(days=7)]),
    (pa.list_(pa.string()), [["user-1"]]),
    (pa.binary(), [b"user-1", b"\xff"]),
    (pa.null(), [None]),
]


def _sent(kind: pa.DataType, value: Any) -> Any:
    """Return the scalar engine's value for a cell."""
    if pa.types.is_timestamp(kind) and kind.tz and value is not None:
        return pa.scalar(value, kind).as_py()
    if kind == pa.float32() and value is not None:
        return pa.scalar(value, kind).as_py()
    if pa.types.is_map(kind) and value is not None:
        return dict(value)
    return value


def _column(draw: st.DrawFn, rows: int, pools: Any, hits: Any = ()) -> tuple[pa.Array, list[Any]]:
    kind, values = pick(draw, pools)
    if kind == pa.string():
        values = [*values, *(hit for hit in hits if isinstance(hit, str))]
    cells = [pick(draw, [*values, None]) for _ in range(rows)]
    return pa.array(cells, kind), [_sent(kind, cell) for cell in cells]


@st.composite
def typed_people(draw: st.DrawFn, document: Any) -> People:
    """Draw people whose inputs are columns, in which nulls mean absent or null, as drawn."""
    options = draw(calls(document)).options
    options = {k: v for k, v in options.items() if k not in PER_PERSON}
    rows = pick(draw, [1, 2, 3, 4, 5, 6])
    nulls = pick(draw, [False, True])
    operands = _operands(document)
    table, people = (
        {},
        [Call(None, {}, {"groups": {}, "group_properties": {}}) for _ in range(rows)],
    )
    table["id"], ids = _column(draw, rows, IDS)
    person, group_properties = {}, {name: {} for name in ("company", "team")}
    for key in sorted(operands):
        if pick(draw, [False] * 9 + [True]):
            continue
        table[f"p {key}"], cells = _column(draw, rows, TYPES, operands[key])
        target = group_properties[GROUP_OF[key]] if key in GROUP else person
        target[key] = f"p {key}"
        for call, cell in zip(people, cells, strict=True):
            props = call.props
            if key in GROUP:
                props = call.options["group_properties"].setdefault(GROUP_OF[key], {})
            if cell is not None or nulls:
                props[key] = cell
    groups = {}
    for name in ("company", "team"):
        table[f"g {name}"], cells = _column(draw, rows, IDS)
        groups[name] = f"g {name}"
        for call, cell in zip(people, cells, strict=True):
            if cell is not None:
                call.options["groups"][name] = cell
    table["device"], devices = _column(draw, rows, IDS)
    for call, device in zip(people, devices, strict=True):
        call.options["device_id"] = device
    reading = {
        "distinct_id": "id",
        "person_properties": person,
        "groups": groups,
        "group_properties": group_properties,
        "device_id": "device",
        "json_nulls": nulls,
    }
    bound = [
        Call(identity, call.props, call.options) for identity, call in zip(ids, people, strict=True)
    ]
    return People(pa.table(table), reading, bound, options)


GROUP_OF = dict.fromkeys(GROUP, "company")
