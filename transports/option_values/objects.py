"""Readers of the application's objects and functions: they must have what the client calls later."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from flagengine import Snapshot, evaluate_flag

from .messages import items_of, shown, wrong_type
from .quantities import read_boolean

__all__ = [
    "Callback",
    "Hooks",
    "Instance",
    "check_complete",
    "read_clock",
    "read_complete",
    "read_properties",
    "read_sink",
    "read_transport",
]


@dataclass(frozen=True, slots=True)
class Instance:
    """A reader of an object with certain methods; None means the default.

    Attributes:
        methods: the names of the methods that the client calls.
        hints: for types of values that people pass by mistake, what to pass instead.

    >>> Instance(("monotonic", "wall"))("clock", 7)
    Traceback (most recent call last):
        ...
    TypeError: clock must be an object with the methods monotonic and wall, got 7
    """

    methods: tuple[str, ...]
    hints: tuple[tuple[type | tuple[type, ...], str], ...] = ()

    def __call__(self, name: str, given: Any) -> Any:
        """Return the object; the error names the first method that is missing."""
        if given is None:
            return None
        if isinstance(given, type):
            must = "an object, not a class"
            raise TypeError(f"{wrong_type(name, must, given)}; did you mean {given.__name__}()?")
        if any(not callable(_attribute(given, method)) for method in self.methods):
            raise TypeError(f"{wrong_type(name, self._must, given)}{self._hint(given)}")
        return given

    @property
    def _must(self) -> str:
        *others, last = self.methods
        joined = f"methods {', '.join(others)} and {last}" if others else f"method {last}"
        return f"an object with the {joined}"

    def _hint(self, given: object) -> str:
        found = (hint for kind, hint in self.hints if isinstance(given, kind))
        hint = next(found, None)
        return "" if hint is None else f"; did you mean {hint}?"


read_clock: Instance = Instance(("monotonic", "wall"))
read_sink: Instance = Instance(
    ("deliver", "close"), hints=(((str, os.PathLike), "JsonlSink(path)"),)
)
read_transport: Instance = Instance(("request",), hints=((str, "host"),))


@dataclass(frozen=True, slots=True)
class Callback:
    """A reader of a function that takes ``arguments`` positional arguments."""

    arguments: tuple[str, ...]

    def __call__(self, name: str, given: Any) -> Callable[..., Any] | None:
        """Return the function; None if there is none."""
        if given is None:
            return None
        if not callable(given):
            raise wrong_type(name, f"a function of {' and '.join(self.arguments)}", given)
        if not _takes(given, len(self.arguments)):
            wanted = ", ".join(self.arguments)
            raise TypeError(f"{name} must take the arguments ({wanted}); {_called(given)} does not")
        return given  # type: ignore[no-any-return] # callable


class Hooks:
    """A reader of a function, or of a list of functions, that take one argument each."""

    def __init__(self, argument: str) -> None:
        self._callback = Callback((argument,))

    def __call__(self, name: str, given: Any) -> Any:
        """Return a function as it is, and a list as a tuple; None if there is none."""
        if given is None or callable(given):
            return self._callback(name, given)
        hooks = items_of(name, "a function or a list of functions", given)
        return tuple(self._hook(f"{name}[{at}]", hook) for at, hook in enumerate(hooks))

    def _hook(self, name: str, hook: Any) -> Any:
        if hook is None:
            raise wrong_type(name, "a function", hook)
        return self._callback(name, hook)


def read_properties(name: str, given: Any) -> dict[str, Any]:
    """Return a copy of a mapping of properties; None counts as no properties."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise wrong_type(name, "a mapping of names to values", given)
    for key in given:
        if not isinstance(key, str):
            raise wrong_type(f"a name in {name}", "text", key)
    try:
        return deepcopy(dict(given))
    except Exception as error:
        message = f"{name} must have JSON values, which can be copied: {shown(str(error))}"
        raise TypeError(message) from error


_NO_FLAGS: Final = Snapshot.parse({"flags": []})


def check_complete(given: Any) -> None:
    """Raise TypeError for what is no promise that properties are complete. The engine has the rule."""
    evaluate_flag(_NO_FLAGS, "", "", complete=given)


def read_complete(name: str, given: Any) -> bool | dict[str, Any]:
    """Return whether properties are complete, or a copy of the mapping that says which.

    >>> read_complete("complete", "yes"), read_complete("complete", {"person_properties": True})
    (True, {'person_properties': True})
    """
    if not isinstance(given, Mapping):
        return read_boolean(name, given)
    promise = dict(given)
    check_complete(promise)
    return promise


def _attribute(given: object, name: str) -> Any:
    try:
        return getattr(given, name, None)
    except Exception:  # noqa: BLE001 - an object of the application may raise anything
        return None


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions in C have none
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _called(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__name__))
