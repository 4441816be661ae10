"""Arguments of public functions: checks, and old names."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

__all__ = ["checked_mapping", "renamed"]

P = ParamSpec("P")
R = TypeVar("R")


def checked_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping argument, or an empty mapping for None; raise TypeError otherwise."""
    if value is None:
        return {}
    if type(value) is dict or isinstance(value, Mapping):
        return value
    message = f"{name} must be a mapping or None, got {type(value).__name__}"
    raise TypeError(message)


def renamed(**new_names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that lets a function accept keyword arguments under their old names.

    Old names are deprecated and will be accepted for one more release; type checkers know only the
    new names. Using an old name gives no warning, because a warning is an effect and the engine has
    none.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **named: P.kwargs) -> R:
            for old in new_names.keys() & named.keys():
                new = new_names[old]
                if new in named:
                    message = f"{function.__name__}() got {new!r} and its old name {old!r}"
                    raise TypeError(message)
                named[new] = named.pop(old)
            return function(*args, **named)

        return call

    return decorate
