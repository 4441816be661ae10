"""Payloads: JSON text, and the decoded, read-only value that resolutions share (SPEC R12)."""

import json
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Never

__all__ = [
    "FrozenDict",
    "FrozenList",
    "decode_payload",
    "decoded_payload",
    "frozen",
    "parse_payload",
    "shared_payload",
]


def _refuse(*_: object, **__: object) -> Never:
    message = "payloads are shared between results; change a copy: dict(payload), list(payload)"
    raise TypeError(message)


class FrozenDict(dict[str, Any]):
    """A dict that refuses to change; ``dict(payload)`` and ``copy.deepcopy`` give plain dicts."""

    __slots__ = ()
    __setitem__: "Callable[..., Never]" = _refuse
    __delitem__: "Callable[..., Never]" = _refuse
    __ior__: "Callable[..., Never]" = _refuse
    clear: "Callable[..., Never]" = _refuse
    pop: "Callable[..., Never]" = _refuse
    popitem: "Callable[..., Never]" = _refuse
    setdefault: "Callable[..., Never]" = _refuse
    update: "Callable[..., Never]" = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash by content: the members are read-only too."""
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Pickle and copy as a plain dict."""
        return dict, (dict(self),)


class FrozenList(list[Any]):
    """A list that refuses to change; ``list(payload)`` and ``copy.deepcopy`` give plain lists."""

    __slots__ = ()
    __setitem__: "Callable[..., Never]" = _refuse
    __delitem__: "Callable[..., Never]" = _refuse
    __iadd__: "Callable[..., Never]" = _refuse
    __imul__: "Callable[..., Never]" = _refuse
    append: "Callable[..., Never]" = _refuse
    clear: "Callable[..., Never]" = _refuse
    extend: "Callable[..., Never]" = _refuse
    insert: "Callable[..., Never]" = _refuse
    pop: "Callable[..., Never]" = _refuse
    remove: "Callable[..., Never]" = _refuse
    reverse: "Callable[..., Never]" = _refuse
    sort: "Callable[..., Never]" = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash by content: the members are read-only too."""
        return hash(tuple(self))

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        """Pickle and copy as a plain list."""
        return list, (list(self),)


def _no_number(written: str) -> Never:
    message = f"{written} is no JSON number"
    raise ValueError(message)


def _finite(written: str) -> float:
    number = float(written)
    return number if math.isfinite(number) else _no_number(written)


# Without these hooks Python reads NaN, Infinity, -Infinity and 1e999, which JSON does not have.
_DECODER: Final = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def parse_payload(raw: str) -> Any:
    """Return the value of a payload's JSON text.

    Raises:
        ValueError: the text is not JSON.
        RecursionError: the text is nested too deep for the space on the stack.
    """
    return _DECODER.decode(raw)


def decode_payload(raw: str) -> Any:
    """Return the value of a payload's JSON text, or the text itself if it is not JSON (R12.3).

    The caller may change the value.

    >>> decode_payload('{"a": 1}'), decode_payload("plain"), decode_payload("[NaN]")
    ({'a': 1}, 'plain', '[NaN]')
    """
    try:
        return parse_payload(raw)
    except (ValueError, RecursionError):
        return raw


def shared_payload(raw: str) -> Any:
    """Return the decoded payload, read-only; the same text gives the same object."""
    try:
        return decoded_payload(raw)
    except RecursionError:
        return raw


@lru_cache(1_024)
def decoded_payload(raw: str) -> Any:
    """Return what :func:`shared_payload` does; raise RecursionError where the stack has no room.

    The error is not remembered: another call may have room.
    """
    try:
        return frozen(parse_payload(raw))
    except ValueError:
        return raw


def frozen(value: Any) -> Any:
    """Return a JSON value read-only: its objects and lists refuse to change."""
    if isinstance(value, dict):
        copy = {}
        for name, member in value.items():  # a comprehension would need more of the stack
            copy[name] = frozen(member)
        return FrozenDict(copy)
    if isinstance(value, list):
        return FrozenList(map(frozen, value))
    return value
