"""The local variables of frames as text, without secrets and within a budget.

Only values of built-in types are shown. For other objects only the class name is shown, because
their ``__repr__`` might raise, query a database or print a password; so no code of the application
runs.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ..http.redaction import redact_text
from .frames import Located
from .local_variables import local_variables
from .safe_attributes import module_name, type_name
from .settings import CodeVariables

__all__ = ["MASK", "add_variables", "shown"]

MASK = "***"
_MAX_DEPTH = 4
_MAX_ITEMS = 50
_PLAIN = frozenset(
    {int, float, complex, bool, type(None), decimal.Decimal, uuid.UUID}
    | {dt.datetime, dt.date, dt.time, dt.timedelta}
)
_BRACKETS: dict[type, str] = {list: "[]", tuple: "()", set: "{}", frozenset: "{}"}
# JSON web tokens. redact_text finds keys, credentials in URLs and other secrets.
_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")


def add_variables(stacks: Iterable[list[Located]], options: CodeVariables) -> None:
    """Add ``code_variables`` to the application's frames, beginning with the frames next to the crash."""
    left = options.budget if options.enabled else 0
    for stack in stacks:
        for located in reversed(stack):
            if left <= 0:
                return
            if located.described.get("in_app"):
                left -= _add_to(located, options, left)


def _add_to(located: Located, options: CodeVariables, left: int) -> int:
    """Add a frame's variables; return the number of their characters."""
    variables = local_variables(located.frame)
    found: dict[str, str] = {}
    used = 0
    for name, value in variables:
        if _matches(options.ignored_names, name):
            continue
        text = shown(value, options, name)
        used += len(name) + len(text)
        if used > left:
            break
        found[name] = text
    if found:
        located.described["code_variables"] = found
    return used


def shown(value: object, options: CodeVariables, name: str = "") -> str:
    """Return the text to show for ``value``; ``name`` is the variable's name."""
    if _matches(options.masked_names, name):
        return MASK
    return _text(value, options, _MAX_DEPTH)[: options.max_value_length]


def _text(value: Any, options: CodeVariables, depth: int) -> str:
    kind = type(value)
    if kind in _PLAIN:
        return _plain_text(value)
    if kind is str:
        return repr(_without_secrets(value, options))
    if kind is bytes or kind is bytearray:
        return f"<{len(value)} bytes>"
    if kind is dict or kind in _BRACKETS:
        return _container_text(value, options, depth)
    return f"<{module_name(value) or 'builtins'}.{type_name(value)}>"


def _plain_text(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # an integer with thousands of digits
        return f"<{type_name(value)}>"


def _without_secrets(text: str, options: CodeVariables) -> str:
    # Longer than the shown text, because a cut secret would not be recognised.
    beginning = text[: 2 * options.max_value_length]
    if _matches(options.masked_values, beginning):
        return MASK
    return _TOKEN.sub(MASK, redact_text(beginning))


def _container_text(value: Any, options: CodeVariables, depth: int) -> str:
    if depth <= 0:
        return "..."
    if type(value) is dict:
        texts = [_item_text(item, options, depth) for item in list(value.items())[:_MAX_ITEMS]]
        brackets = "{}"
    else:
        texts = [_text(item, options, depth - 1) for item in list(value)[:_MAX_ITEMS]]
        brackets = _BRACKETS[type(value)]
    more = ["..."] if len(value) > _MAX_ITEMS else []
    return brackets[0] + ", ".join([*texts, *more]) + brackets[1]


def _item_text(item: tuple[object, object], options: CodeVariables, depth: int) -> str:
    key, value = item
    is_secret = type(key) is str and _matches(options.masked_names, key)
    text = MASK if is_secret else _text(value, options, depth - 1)
    return f"{_text(key, options, 1)}: {text}"


def _matches(patterns: tuple[str, ...], text: str) -> bool:
    return any(pattern.search(text) for pattern in _compiled(tuple(patterns)))


@lru_cache(maxsize=16)
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(_compile(pattern) for pattern in patterns)


def _compile(pattern: str) -> re.Pattern[str]:
    """Compile a pattern; match a malformed pattern literally, so that its values stay masked."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(pattern), re.IGNORECASE)
