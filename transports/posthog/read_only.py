"""Attributes of a client that can only be read, because they are options of its construction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NoReturn, TypeVar, overload

from ..client.attributes import refused
from ..client.components import HasComponents
from ..client.options import Options

__all__ = ["ReadOnly"]

T = TypeVar("T")


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
        raise refused(type(client), self._name)
