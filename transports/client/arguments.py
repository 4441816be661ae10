"""The likely mistake in a call that failed: the first argument of the wrong type.

A verb checks nothing beforehand, because that would slow down every call. It asks here after a failure.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from flagengine import Overrides

from ..context import ContextToken
from ..json_text import members_of
from ..option_values.objects import check_complete
from ..option_values.quantities import read_timeout

__all__ = ["MistakenCallError", "mistake_in"]


class MistakenCallError(TypeError):
    """A verb found the mistake in its call, and the error says what it is."""


class _Kind(NamedTuple):
    must: str
    fits: Callable[[Any], bool]


def _is_mapping(value: object) -> bool:
    return members_of(value) is not None


def _has_mappings(value: object) -> bool:
    return isinstance(value, Mapping) and all(map(_is_mapping, value.values()))


def _are_texts(value: object) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, Iterable) and all(isinstance(item, str) for item in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_MAPPING: Final = _Kind("a mapping", _is_mapping)
_TEXT: Final = _Kind("text", _is_text)
_TEXTS: Final = _Kind("a text or a list of texts", _are_texts)
_KINDS: Final[Mapping[str, _Kind]] = {
    **dict.fromkeys(("properties", "set_once", "groups", "person_properties"), _MAPPING),
    **dict.fromkeys(("headers", "additional_properties"), _MAPPING),
    "group_properties": _Kind("a mapping of group types to mappings", _has_mappings),
    **dict.fromkeys(("flag_keys", "flag_keys_to_evaluate", "names"), _TEXTS),
    **dict.fromkeys(("key", "flag_key", "group_type", "name", "url", "method", "device_id"), _TEXT),
    "token": _Kind("a result of enter_context()", lambda value: isinstance(value, ContextToken)),
}


# What raises TypeError or ValueError with a sentence of its own.
_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "timeout": read_timeout,
    "complete": check_complete,
    "overrides": Overrides.parse,
}


def mistake_in(
    verb: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str | None:
    """Return what is wrong with the arguments, without their values; None if nothing is known to be.

    >>> def verb(client, groups=None): ...
    >>> mistake_in(verb, (None,), {"groups": "acme"})
    'groups must be a mapping, got str'
    """
    positional = dict(zip(inspect.signature(verb).parameters, args, strict=False))
    for name, value in {**positional, **kwargs}.items():
        if value is None:
            continue
        if name in _CHECKS and (mistake := _refused(_CHECKS[name], value)):
            return mistake
        kind = _KINDS.get(name)
        if kind is not None and not kind.fits(value):
            return f"{name} must be {kind.must}, got {type(value).__name__}"
    return None


def _refused(check: Callable[[Any], object], given: object) -> str | None:
    try:
        check(given)
    except (TypeError, ValueError) as error:
        return str(error)
    return None
