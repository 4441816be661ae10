"""Values of all kinds that a program may pass, with the JSON that each is (SPEC R7.7-R7.9).

A value is made anew for each use, because some change when they are read.
"""

import enum
import types
import uuid
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, deque, namedtuple
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import PurePosixPath
from typing import Any, ClassVar
from unittest import mock

import numpy as np
import pandas as pd

from flagengine import NOT_GIVEN

__all__ = ["ENDLESS", "VALUES", "Failing", "RaisingKey"]


class Failing(Exception):  # noqa: N818 it is what application code fails with
    """What the methods of hostile values raise."""


def _fail(*_: object, **__: object) -> Any:
    raise Failing


def _recurse(value: object) -> Any:
    # Without *args, whose calls Python 3.13.0 does not count: they would fill the memory.
    return _recurse(value)


class Plan(enum.Enum):
    PRO = "pro"
    YES = True
    NO = "no"
    NESTED = (1, "a")


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    TRUE = "true"


class Rights(enum.IntFlag):
    READ = 1
    WRITE = 2


# What its class says is not what it holds.


class LyingText(str):
    __slots__ = ()
    __str__ = __repr__ = __eq__ = __hash__ = __len__ = __iter__ = encode = lower = _fail  # type: ignore[assignment]


class OtherText(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "another"

    __repr__ = __str__


class LyingInteger(int):
    __int__ = __index__ = __str__ = __eq__ = __hash__ = __lt__ = __float__ = _fail  # type: ignore[assignment]


class LyingFloat(float):
    __slots__ = ()
    __float__ = __int__ = __str__ = __repr__ = __eq__ = __hash__ = _fail  # type: ignore[assignment]


class LyingBytes(bytes):
    __bytes__ = decode = __iter__ = __len__ = _fail  # type: ignore[assignment]


class LyingList(list):  # type: ignore[type-arg]
    __iter__ = __len__ = __getitem__ = _fail  # type: ignore[assignment]


class LyingTuple(tuple):  # type: ignore[type-arg]
    __slots__ = ()
    __iter__ = __len__ = _fail  # type: ignore[assignment]


class LyingSet(set):  # type: ignore[type-arg]
    __iter__ = __len__ = __contains__ = _fail  # type: ignore[assignment]


class LyingDecimal(Decimal):
    __float__ = __str__ = __eq__ = __hash__ = _fail  # type: ignore[assignment]


class LyingUUID(uuid.UUID):
    __str__ = __repr__ = _fail  # type: ignore[assignment]


# What raises, or does not end, when it is read.


class LyingDict(dict):  # type: ignore[type-arg]
    items = __iter__ = keys = _fail  # type: ignore[assignment]


class OddItems(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        return [(1, 2, 3)]


class EndlessItems(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        return ((str(number), number) for number in count())


class Endless(AbstractSet[int]):
    def __iter__(self) -> Iterator[int]:
        return count()

    def __len__(self) -> int:
        return 1

    def __contains__(self, _: object) -> bool:
        return True


class RaisingDate(datetime):
    isoformat = _fail  # type: ignore[assignment]


class OddDate(datetime):
    def isoformat(self, *_: object) -> Any:
        return 7


class RaisingZone(tzinfo):
    utcoffset = dst = tzname = _fail


class RaisingClass:
    __class__ = property(_fail)  # type: ignore[assignment]


class RaisingEverything:
    __eq__ = __str__ = __repr__ = __bool__ = __len__ = __iter__ = __hash__ = _fail  # type: ignore[assignment]
    __int__ = __float__ = __index__ = __bytes__ = __getattr__ = items = isoformat = _fail


class RaisingModel:
    model_dump = _fail


class EndlessModel:
    def model_dump(self) -> Any:
        return self


class RecursiveModel:
    model_dump = _recurse


class StoppingModel:
    def model_dump(self) -> Any:
        raise StopIteration


class ForgetfulModel:
    def model_dump(self) -> Any:
        raise MemoryError


class RaisingKey:
    def __hash__(self) -> int:
        return hash("plan")

    __eq__ = _fail  # type: ignore[assignment]


# Models, as pydantic has them, and what only stands for another value.


class Model:
    def model_dump(self) -> Any:
        return {"name": "pro", "since": date(2026, 1, 2), "seat": OlderModel()}


class RootModel:
    def model_dump(self) -> Any:
        return ["pro"]


class OlderModel:
    __fields__: ClassVar[dict[str, Any]] = {"number": int}

    def dict(self) -> Any:
        return {"number": 3}


@dataclass
class Point:
    x: int
    at: date = date(2026, 1, 2)
    kinds: ClassVar[int] = 7
    inner: Any = field(default=None, repr=False)


@dataclass
class RaisingPoint:
    x: int

    def __getattribute__(self, name: str) -> Any:
        return _fail() if name == "x" else object.__getattribute__(self, name)


class Proxy:
    """A proxy as of werkzeug, wrapt or Django: its class is that of what it stands for."""

    def __init__(self, value: Any) -> None:
        self.__dict__["value"] = value

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        return type(self.value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.value, name)

    def __str__(self) -> str:
        return str(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __bytes__(self) -> bytes:
        return bytes(self.value)

    def __iter__(self) -> Any:
        return iter(self.value)


Promise = type("Promise", (), {"__module__": "django.utils.functional"})


class LazyText(Promise):  # type: ignore[misc,valid-type]
    """As Django's gettext_lazy gives it."""

    def __str__(self) -> str:
        return "pro"


class Tensor:
    """A number of another array library."""

    shape = ()
    dtype = "torch.float32"

    def item(self) -> float:
        return 1.5


def _holding_itself() -> Any:
    array = np.array(None, dtype=object)
    array[()] = array
    return array


def _circular() -> Any:
    value: list[Any] = ["pro"]
    value += [value, {"again": value}]
    return value


def _deep(levels: int, inner: Any = 1) -> Any:
    for _ in range(levels):
        inner = [inner]
    return inner


def _doubled() -> Any:
    value: Any = [1]
    for _ in range(100):
        value = [value, value]
    return value


_Seat = namedtuple("_Seat", "row place")  # noqa: PYI024

VALUES: Mapping[str, tuple[Callable[[], Any], Any]] = {
    # numpy
    "np.True_": (lambda: np.True_, True),
    "np.False_": (lambda: np.False_, False),
    "np.int64": (lambda: np.int64(5), 5),
    "np.uint64": (lambda: np.uint64(2**64 - 1), 2**64 - 1),
    "np.float32": (lambda: np.float32(0.5), 0.5),
    "np.float64": (lambda: np.float64(7.0), 7.0),
    "np.nan": (lambda: np.float64("nan"), None),
    "np.longdouble": (lambda: np.longdouble("1.5"), 1.5),
    "np.inf of longdouble": (lambda: np.longdouble("inf"), None),
    "np.clongdouble": (lambda: np.clongdouble(1 + 2j), NOT_GIVEN),
    "np.complex128": (lambda: np.complex128(1j), NOT_GIVEN),
    "np.str_": (lambda: np.str_("pro"), "pro"),
    "np.bytes_": (lambda: np.bytes_(b"pro"), "pro"),
    "np.datetime64 of days": (lambda: np.datetime64("2024-06-01"), "2024-06-01"),
    "np.datetime64 of seconds": (
        lambda: np.datetime64("2024-06-01T10:30:00", "s"),
        "2024-06-01T10:30:00",
    ),
    "np.datetime64 of microseconds": (
        lambda: np.datetime64("2024-06-01T10:30:00.5", "us"),
        "2024-06-01T10:30:00.500000",
    ),
    "np.datetime64 of nanoseconds": (
        lambda: np.datetime64("2024-06-01T10:30:00.000000001", "ns"),
        "2024-06-01T10:30:00.000000001",
    ),
    "np.datetime64 of nanoseconds, whole": (
        lambda: np.datetime64("2024-06-01T10:30:00", "ns"),
        "2024-06-01T10:30:00",
    ),
    "np.datetime64 of nanoseconds, micro": (
        lambda: np.datetime64("2024-06-01T10:30:00.25", "ns"),
        "2024-06-01T10:30:00.250000",
    ),
    "np.datetime64 of attoseconds": (
        lambda: np.datetime64("1970-01-01T00:00:00.5", "as"),
        "1970-01-01T00:00:00.500000",
    ),
    "np.datetime64 far away": (lambda: np.datetime64("20000-01-01"), NOT_GIVEN),
    "np.NaT": (lambda: np.datetime64("NaT", "s"), None),
    "np.timedelta64": (lambda: np.timedelta64(5, "s"), NOT_GIVEN),
    "array without dimensions": (lambda: np.array(5), 5),
    "array of no value": (lambda: np.array(None), None),
    "array of itself": (_holding_itself, NOT_GIVEN),
    "array": (lambda: np.array([1, 2]), NOT_GIVEN),
    "masked": (lambda: np.ma.masked, NOT_GIVEN),
    "member of a masked array": (lambda: np.ma.array([30, 5], mask=[True, False])[0], NOT_GIVEN),
    "member that is not masked": (lambda: np.ma.array([30, 5], mask=[True, False])[1], 5),
    "masked array without dimensions": (lambda: np.ma.array(5, mask=True), NOT_GIVEN),
    "array without dimensions that is not masked": (lambda: np.ma.array(5, mask=False), 5),
    "masked date": (
        lambda: np.ma.array(np.datetime64("2024-06-01"), mask=True)[()],
        NOT_GIVEN,
    ),
    "tensor": (Tensor, 1.5),
    # pandas
    "Timestamp": (lambda: pd.Timestamp("2024-06-01 10:30"), "2024-06-01T10:30:00"),
    "Timestamp with a zone": (
        lambda: pd.Timestamp("2024-06-01 10:30", tz="Europe/Berlin"),
        "2024-06-01T10:30:00+02:00",
    ),
    "Timestamp of nanoseconds": (
        lambda: pd.Timestamp("2024-06-01 10:30:00.000000001"),
        "2024-06-01T10:30:00.000000001",
    ),
    "NaT": (lambda: pd.NaT, None),
    "NA": (lambda: pd.NA, NOT_GIVEN),
    "Timedelta": (lambda: pd.Timedelta("1D"), NOT_GIVEN),
    "Series": (lambda: pd.Series([1, 2]), NOT_GIVEN),
    "DataFrame": (lambda: pd.DataFrame({"a": [1]}), NOT_GIVEN),
    "Categorical": (lambda: pd.Categorical(["a"]), NOT_GIVEN),
    # the standard library
    "Decimal": (lambda: Decimal("1.50"), 1.5),
    "Decimal of many digits": (
        lambda: Decimal("0.1234567890123456789012345678901"),
        0.12345678901234568,
    ),
    "Decimal NaN": (lambda: Decimal("sNaN"), None),
    "Decimal too large": (lambda: Decimal("1e400"), None),
    "Fraction": (lambda: Fraction(1, 4), 0.25),
    "Fraction too large": (lambda: Fraction(10**400, 3), None),
    "integer of 70 bits": (lambda: 2**70, 2.0**70),
    "integer too large": (lambda: -(10**400), None),
    "complex": (lambda: 1j, NOT_GIVEN),
    "UUID": (lambda: uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "datetime": (lambda: datetime(2024, 6, 1, tzinfo=UTC), "2024-06-01T00:00:00+00:00"),
    "date": (lambda: date(2024, 6, 1), "2024-06-01"),
    "time": (lambda: time(12, 30), "12:30:00"),
    "timedelta": (lambda: timedelta(1), NOT_GIVEN),
    "Enum": (lambda: Plan.PRO, "pro"),
    "Enum of a boolean": (lambda: Plan.YES, True),
    "Enum of a tuple": (lambda: Plan.NESTED, [1, "a"]),
    "IntEnum": (lambda: Level.HIGH, 3),
    "StrEnum": (lambda: Word.TRUE, "true"),
    "IntFlag": (lambda: Rights.READ | Rights.WRITE, 3),
    "bytes": (lambda: b"true", "true"),
    "bytes that are not UTF-8": (lambda: b"\xff", NOT_GIVEN),
    "bytearray": (lambda: bytearray(b"pro"), "pro"),
    "memoryview": (lambda: memoryview(b"pro"), "pro"),
    "tuple": (lambda: (1, "a"), [1, "a"]),
    "namedtuple": (lambda: _Seat(1, 2), [1, 2]),
    "set": (lambda: {3, 1, 2}, [1, 2, 3]),
    "set of texts and numbers": (lambda: {"1", 1, "a", "a b"}, ["1", "a b", "a", 1]),
    "frozenset of lists": (lambda: frozenset({(2,), (1,)}), [[1], [2]]),
    "view of keys": ({"b": 1, "a": 2}.keys, ["a", "b"]),
    "OrderedDict": (lambda: OrderedDict(b=1, a=[None]), {"b": 1, "a": [None]}),
    "UserDict": (lambda: UserDict({"a": 1}), {"a": 1}),
    "ChainMap": (lambda: ChainMap({"a": 1}, {"b": 2}), {"b": 2, "a": 1}),
    "Counter": (lambda: Counter("aab"), {"a": 2, "b": 1}),
    "mappingproxy": (lambda: types.MappingProxyType({"a": 1}), {"a": 1}),
    "keys that are no text": (
        lambda: {1: "a", None: "b", 2.5: "c", False: "d", Plan.PRO: "e", np.int64(7): "f"},
        {"1": "a", "null": "b", "2.5": "c", "false": "d", "pro": "e", "7": "f"},
    ),
    "keys that JSON has not": (lambda: {(1,): 2}, NOT_GIVEN),
    "UserList": (lambda: UserList([1]), NOT_GIVEN),
    "deque": (lambda: deque([1]), NOT_GIVEN),
    "range": (lambda: range(3), NOT_GIVEN),
    "generator": (lambda: (number for number in range(3)), NOT_GIVEN),
    "path": (lambda: PurePosixPath("/a"), NOT_GIVEN),
    "function": (lambda: _fail, NOT_GIVEN),
    "class": (lambda: Point, NOT_GIVEN),
    "object": (object, NOT_GIVEN),
    "not given": (lambda: NOT_GIVEN, NOT_GIVEN),
    # models, proxies
    "dataclass": (
        lambda: Point(1, inner=Point(2)),
        {
            "x": 1,
            "at": "2026-01-02",
            "inner": {"x": 2, "at": "2026-01-02", "inner": None},
        },
    ),
    "model": (Model, {"name": "pro", "since": "2026-01-02", "seat": {"number": 3}}),
    "model of a list": (RootModel, ["pro"]),
    "models in a list": (lambda: [OlderModel()], [{"number": 3}]),
    "lazy text": (LazyText, "pro"),
    "proxy of text": (lambda: Proxy("true"), "true"),
    "proxy of an integer": (lambda: Proxy(7), 7),
    "proxy of a float": (lambda: Proxy(1.5), 1.5),
    "proxy of a boolean": (lambda: Proxy(True), True),
    "proxy of bytes": (lambda: Proxy(b"pro"), "pro"),
    "proxy of a list": (lambda: Proxy([1]), [1]),
    "proxy of a dict": (lambda: Proxy({"a": 1}), {"a": 1}),
    "proxy of a decimal": (lambda: Proxy(Decimal("1.5")), 1.5),
    "mock.ANY": (lambda: mock.ANY, NOT_GIVEN),
    "mock": (mock.MagicMock, NOT_GIVEN),
    # lies
    "lying text": (lambda: LyingText("true"), "true"),
    "other text": (lambda: OtherText("true"), "true"),
    "lying integer": (lambda: LyingInteger(7), 7),
    "lying float": (lambda: LyingFloat(1.5), 1.5),
    "lying bytes": (lambda: LyingBytes(b"true"), "true"),
    "lying list": (lambda: LyingList([1]), [1]),
    "lying tuple": (lambda: LyingTuple([1]), [1]),
    "lying set": (lambda: LyingSet({1}), [1]),
    "lying Decimal": (lambda: LyingDecimal("1.5"), 1.5),
    "lying UUID": (lambda: LyingUUID(int=7), "00000000-0000-0000-0000-000000000007"),
    # failures
    "lying dict": (lambda: LyingDict(a=1), NOT_GIVEN),
    "items that are no pairs": (lambda: OddItems(a=1), NOT_GIVEN),
    "raising date": (lambda: RaisingDate(2024, 6, 1), NOT_GIVEN),
    "odd date": (lambda: OddDate(2024, 6, 1), NOT_GIVEN),
    "raising zone": (lambda: datetime(2024, 6, 1, tzinfo=RaisingZone()), NOT_GIVEN),
    "raising class": (RaisingClass, NOT_GIVEN),
    "raising everything": (RaisingEverything, NOT_GIVEN),
    "raising model": (RaisingModel, NOT_GIVEN),
    "model of itself": (EndlessModel, NOT_GIVEN),
    "model without end": (RecursiveModel, NOT_GIVEN),
    "model that stops": (StoppingModel, NOT_GIVEN),
    "model without memory": (ForgetfulModel, NOT_GIVEN),
    "raising dataclass": (lambda: RaisingPoint(1), NOT_GIVEN),
    "raising key": (lambda: {RaisingKey(): 1}, NOT_GIVEN),
    "raising inside": (lambda: [1, {"a": LyingDict(b=1)}], NOT_GIVEN),
    # sizes
    "deep": (lambda: _deep(128), _deep(128)),
    "too deep": (lambda: _deep(129), NOT_GIVEN),
    "far too deep": (lambda: _deep(20_000), NOT_GIVEN),
    "holding itself": (_circular, NOT_GIVEN),
}
"""By name: a function that makes the value, and its JSON or NOT_GIVEN."""

ENDLESS: Mapping[str, Callable[[], Any]] = {
    "items without end": lambda: EndlessItems(a=1),
    "set without end": Endless,
    "holding the same twice": _doubled,
}
"""Values of so many parts that they are not given, however many may be."""
