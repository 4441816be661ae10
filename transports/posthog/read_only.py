"""Attributes of a client that can only be read, because they are options of its construction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NoReturn, TypeVar, overload

from ..client.components import HasComponents
from ..client.options import Options

__all__ = ["ReadOnly", "fixed"]

T = TypeVar("T")


def fixed(kind: type, name: str) -> AttributeError:
    """Return the error for an attribute that only the constructor sets."""
    message = (
        f"{name} cannot be changed after the client is made: pass it, {kind.__name__}({name}=...)"
    )
    return AttributeError(message, name=name)


class ReadOnly(Generic[T]):
    """An attribute with the value of an option. Setting it raises an AttributeError that says so."""

    def __init__(self, read: Callable[[Options], T]) -> None:
        self._read = read
        self._name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, kind: type) -> ReadOnly[T]: ...
    @overload
    def __get__(self, client: HasComponents, kind: type) -> T: ...
    def __get__(self, client: Any, kind: type) -> Any:
        return self if client is None else self._read(client.components.options)

    def __set__(self, client: object, value: Any) -> NoReturn:
        raise fixed(type(client), self._name)
