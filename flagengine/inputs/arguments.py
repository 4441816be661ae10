"""Arguments of public functions: checks, and old names."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from flagengine.values.conversion import is_of_caller
from flagengine.values.json_values import NOT_GIVEN

__all__ = ["MISSING", "checked_mapping", "checked_names", "copied", "found_in", "renamed"]

P = ParamSpec("P")
R = TypeVar("R")


def checked_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping argument, or an empty mapping for None; raise TypeError otherwise."""
    if value is None:
        return {}
    if type(value) is dict or _is_mapping(value):
        return value  # type: ignore[no-any-return]
    message = f"{name} must be a mapping or None, got {type(value).__name__}"
    raise TypeError(message)


def checked_names(name: str, value: Any, of: str) -> dict[str, None]:
    """Return a collection of names in its order, each once; raise TypeError for anything else."""
    if isinstance(value, str | bytes | bytearray | memoryview):
        kind = "text" if isinstance(value, str) else "bytes"
        message = f"{name} must be a collection of {of}, got the {kind} {value!r}"
        raise TypeError(message)
    try:
        return dict.fromkeys(value)
    except TypeError as error:  # no collection, or a member that cannot be hashed
        message = f"{name} must be a collection of {of}: {error}"
        raise TypeError(message) from error


def copied(name: str, mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a mapping argument as a dict; raise TypeError if its code raises."""
    try:
        return dict(mapping.items())
    except Exception as error:
        if is_of_caller(error):
            raise
        message = f"{name} must be a mapping; its items raised {type(error).__name__}"
        raise TypeError(message) from error


def _is_mapping(value: object) -> bool:
    try:
        return isinstance(value, Mapping)
    except Exception as error:  # a proxy's class may raise anything
        if is_of_caller(error):
            raise
        return False


MISSING: Final = object()
"""What a mapping does not have."""


def found_in(mapping: Mapping[str, Any], key: str) -> Any:
    """Return a member of a caller's mapping, or :data:`MISSING`; NOT_GIVEN if the look-up raises.

    The mapping may be any class, and its keys may raise when they are compared (SPEC R7.9).
    """
    try:
        # As compiled code looks a key up: a class may answer `get` otherwise.
        return mapping[key] if key in mapping else MISSING  # noqa: SIM401
    except Exception as error:
        if is_of_caller(error):
            raise
        return NOT_GIVEN


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
