"""Any Python value as JSON (SPEC R7.7): the one conversion that every evaluator and the client read.

:func:`to_json_value` never raises (SPEC R7.9). :func:`converted` is the same without that promise,
for documents, and :func:`json_form` unwraps a value by one level. Work and stack are bounded,
whatever the value: a value that nests deep needs no deep stack.
"""

import math
from collections.abc import Generator, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from types import GeneratorType
from typing import Any, Final

from flagengine.values.json_values import (
    MAX_DEPTH,
    MAX_PARTS,
    NOT_GIVEN,
    Json,
    nested_text,
    plain_scalar,
)

__all__ = ["converted", "is_of_caller", "json_form", "key_text", "to_json_value"]

_ROOM: Final = 40
"""The depth of calls for which the stack must have room: a conversion needs less."""

_Steps = Generator[object, Json, Json]
"""The conversion of a container: yields its members, and is sent the JSON value of each."""


def to_json_value(value: object) -> Json:
    """Return ``value`` as the JSON value that a client would send, or :data:`NOT_GIVEN`.

    datetime, date and time become ISO 8601 text, and so do the dates of numpy and pandas; UUID, UTF-8
    bytes and lazy translations become text; Decimal and integers beyond 64 bits become floats; NaN,
    infinities and NaT become null; tuples and sets become lists, sets in the order of their members'
    JSON text; dataclasses and pydantic models become objects; an Enum becomes its value, and a scalar
    of an array library a Python scalar. A subclass of str, int, float or bytes counts for what it
    holds. Every other object is :data:`NOT_GIVEN`, and so is a value with more than 128 levels or a
    million parts, and one whose own code raises (SPEC R7.9).

    Raises:
        RecursionError: the caller has left no room on the stack, whatever the value is.

    >>> to_json_value((1, float("nan"))), to_json_value(1j)
    ([1, None], <NotGiven.NOT_GIVEN: 'not given'>)
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int and -(2**63) <= value < 2**64:  # type: ignore[operator]
        return value
    if kind is float:
        return value if math.isfinite(value) else None  # type: ignore[arg-type]
    try:
        return converted(value)
    except Exception as error:  # the value's own methods may raise anything
        if is_of_caller(error):
            raise
        return NOT_GIVEN


def is_of_caller(error: Exception) -> bool:
    """Tell whether an exception in foreign code is due to the caller, who left no room on the stack.

    It is raised, not remembered as an answer: the same call may succeed with more room.
    """
    return isinstance(error, RecursionError) and not _has_room(_ROOM)


def _has_room(calls: int) -> bool:
    """Tell whether the stack has room for so many nested calls."""
    try:
        return not calls or _has_room(calls - 1)
    except RecursionError:
        return False


def converted(value: object) -> Json:
    """Return ``value`` as JSON or NOT_GIVEN, as :func:`to_json_value`; let through what it raises."""
    open_containers: list[_Steps] = []
    budget = _Budget()
    found = _begun(value, budget)
    while True:
        if type(found) is GeneratorType:
            if len(open_containers) >= MAX_DEPTH:
                return NOT_GIVEN
            open_containers.append(found)
            found = None
        if found is NOT_GIVEN or not open_containers:
            return found
        try:
            member = open_containers[-1].send(found)
        except StopIteration as end:
            open_containers.pop()
            found = end.value
        else:
            found = _begun(member, budget)


class _Budget:
    """The number of parts that may still be converted: a value may contain itself."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_PARTS

    def takes(self) -> bool:
        """Count a part; tell whether there may be so many."""
        self._left -= 1
        return self._left >= 0


def _begun(value: object, budget: _Budget) -> Any:
    """Return a scalar as JSON, or the steps by which a container is converted."""
    kind = type(value)
    if kind is dict:
        return _object(value, budget)  # type: ignore[arg-type]
    if kind is list or kind is tuple:
        return _array(value, budget, is_set=False)  # type: ignore[arg-type]
    form, is_set = _form(value)
    if isinstance(form, Mapping):
        return _object(form, budget)
    if isinstance(form, Iterator):
        return _array(form, budget, is_set=is_set)
    return form


def _object(members: Mapping[Any, Any], budget: _Budget) -> _Steps:
    result: dict[str, Json] = {}
    for key, member in members.items():
        name = key if type(key) is str else key_text(key)
        if name is None or not budget.takes():
            return NOT_GIVEN
        found = plain_scalar(member)
        result[name] = (yield member) if found is NOT_GIVEN else found
    return result


def _array(members: Iterable[Any], budget: _Budget, *, is_set: bool) -> _Steps:
    result: list[Json] = []
    for member in members:
        if not budget.takes():
            return NOT_GIVEN
        found = plain_scalar(member)
        result.append((yield member) if found is NOT_GIVEN else found)
    return sorted(result, key=nested_text) if is_set else result


def key_text(key: object) -> str | None:
    """Return the name that an object's key has in JSON; None if the key has none."""
    form = json_form(key)
    if form is NOT_GIVEN or isinstance(form, Mapping | Iterator):
        return None
    return form if isinstance(form, str) else nested_text(form)


def json_form(value: object) -> Any:
    """Return the JSON form of a value, unwrapped by one level.

    A scalar has a JSON scalar. An object, such as a model, has a mapping of its members; a list or a
    set has an iterator over its members. Members are as they were given. Every other value has
    :data:`NOT_GIVEN`. Code of the value may raise anything.

    >>> json_form(b"text"), list(json_form((1, b"a")))
    ('text', [1, b'a'])
    """
    return _form(value)[0]


def _form(value: object) -> tuple[Any, bool]:
    """Return the form, and whether it has the members of a set."""
    for _ in range(MAX_DEPTH):
        found = plain_scalar(value)
        if found is not NOT_GIVEN:
            return found, False
        if isinstance(value, Enum):
            if value is NOT_GIVEN:
                return NOT_GIVEN, False
            value = value.value
        elif isinstance(value, Mapping):
            return value, False
        elif isinstance(value, list | tuple | AbstractSet):
            return _members(value), isinstance(value, AbstractSet)
        else:
            kind = type(value)
            if not hasattr(kind, "model_dump") and not _is_older_model(kind):
                return _single(value), False
            value = value.model_dump() if hasattr(kind, "model_dump") else value.dict()  # type: ignore[attr-defined]
    return NOT_GIVEN, False


def _is_older_model(kind: type) -> bool:
    """Tell whether objects of a class are models of pydantic 1."""
    return hasattr(kind, "__fields__") and hasattr(kind, "dict")


def _members(value: Any) -> Iterator[Any]:
    """Return the members that a list or a set holds, or those of a proxy of one."""
    for kind in (list, tuple, set, frozenset):
        if issubclass(type(value), kind):
            members: Iterator[Any] = kind.__iter__(value)
            return members
    return iter(value)


def _single(value: Any) -> Any:
    """Return a dataclass's members, or the JSON of a value that has no members."""
    if hasattr(type(value), "__dataclass_fields__"):
        from dataclasses import fields  # noqa: PLC0415 dataclasses have loaded it

        return {field.name: getattr(value, field.name) for field in fields(value)}
    from flagengine.values.scalars import scalar  # noqa: PLC0415 5 ms, and few callers need it

    return scalar(value)
