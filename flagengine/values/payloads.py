"""Payloads: JSON text, decoded once and shared, so nobody may change what they get (SPEC R12)."""

import json
from functools import lru_cache
from typing import Any, Never

__all__ = ["FrozenDict", "FrozenList", "decode_payload"]


def _refuse(*_: object, **__: object) -> Never:
    message = "payloads are shared between results; change a copy: dict(payload), list(payload)"
    raise TypeError(message)


class FrozenDict(dict[str, Any]):
    """A dict that refuses to change. ``dict(payload)`` and ``copy.deepcopy`` give plain ones."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Pickle and copy as a plain dict."""
        return dict, (dict(self),)


class FrozenList(list[Any]):
    """A list that refuses to change. ``list(payload)`` and ``copy.deepcopy`` give plain ones."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = _refuse
    reverse = sort = _refuse

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        """Pickle and copy as a plain list."""
        return list, (list(self),)


@lru_cache(1_024)
def decode_payload(raw: str) -> Any:
    """Return the decoded payload, read-only; the text itself when it is not JSON (R12.3)."""
    try:
        return _frozen(json.loads(raw))
    except (ValueError, RecursionError):
        return raw


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return FrozenDict((name, _frozen(member)) for name, member in value.items())
    if isinstance(value, list):
        return FrozenList(map(_frozen, value))
    return value
