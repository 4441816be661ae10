"""Records are made alike by the constructor that they share and by the one that is generated for each."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from flagengine.values.record import Record, derived, replace

MANY = 100


class Empty(Record):
    """A record without fields."""


def fresh() -> type[Any]:
    """Return a class that made no record yet."""

    class Point(Record):
        x: int
        y: int = 0
        name: str = ""
        size: int = derived()

        def __post_init__(self) -> None:
            object.__setattr__(self, "size", self.x + self.y)

    Point.__qualname__ = "Point"  # so that a pickle finds the one below
    return Point


Point: Any = fresh()


CALLS: list[Callable[[type[Any]], Any]] = [
    lambda cls: cls(1),
    lambda cls: cls(1, 2),
    lambda cls: cls(1, 2, "a"),
    lambda cls: cls(1, name="a"),
    lambda cls: cls(y=2, x=1),
    lambda cls: cls(x=5, y=2, name=None),
]
WRONG: list[Callable[[type[Any]], Any]] = [
    lambda cls: cls(),
    lambda cls: cls(y=2),
    lambda cls: cls(1, 2, "a", 4),
    lambda cls: cls(1, x=2),
    lambda cls: cls(1, size=3),
    lambda cls: cls(1, unknown=3),
    lambda cls: cls(1, 2, "a", unknown=3),
]


def shown(record: Any) -> tuple[Any, ...]:
    return record.x, record.y, record.name, record.size, repr(record), hash(record)


@pytest.mark.parametrize("call", CALLS)
def test_the_first_record_is_like_the_hundredth(call: Callable[[type[Any]], Any]) -> None:
    cls = fresh()
    made = [call(cls) for _ in range(MANY)]
    assert {shown(record) for record in made} == {shown(made[0])}
    assert all(record == made[-1] for record in made)
    assert cls.__init__ is not Record.__init__  # the generated constructor came


@pytest.mark.parametrize("call", WRONG)
def test_wrong_arguments_have_the_same_message_at_first_and_later(
    call: Callable[[type[Any]], Any],
) -> None:
    messages = set()
    for count in (0, 1, MANY):
        cls = fresh()
        for _ in range(count):
            cls(1)
        with pytest.raises(TypeError, match=r"Point\.__init__\(\)") as error:
            call(cls)
        messages.add(str(error.value))
        assert cls(1).size == 1
    assert len(messages) == 1


@pytest.mark.parametrize("count", [1, MANY])
def test_a_record_is_frozen_and_travels(count: int) -> None:
    record = [Point(1, name="a") for _ in range(count)][-1]
    for name in ("x", "size", "unknown"):
        with pytest.raises(AttributeError, match="frozen"):
            setattr(record, name, 2)
        with pytest.raises(AttributeError, match="frozen"):
            delattr(record, name)
    assert pickle.loads(pickle.dumps(record)) == record
    assert replace(record, y=4) == Point(1, 4, "a")
    assert replace(record, y=4).size == 5
    assert Empty() == Empty()
