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
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import Any

from ..http.secret_names import words_of
from .command_lines import without_arguments
from .frames import Located
from .local_variables import local_variables
from .safe_attributes import is_a, module_name, type_name
from .secrets import MASK, is_name, without_secrets
from .settings import CodeVariables

__all__ = ["MASK", "add_variables", "shown"]

_MAX_DEPTH = 4
_MAX_ITEMS = 50
_LONGEST_NAME = 200
_PLAIN = frozenset(
    {int, float, complex, bool, type(None), decimal.Decimal, uuid.UUID}
    | {dt.datetime, dt.date, dt.time, dt.timedelta}
)
_BRACKETS: dict[type, str] = {list: "[]", tuple: "()", set: "{}", frozenset: "{}"}
_LAST_WORD = re.compile(r"\S*\Z")
# The keys of a mapping that is a pair: {"name": "DB_PASSWORD", "value": "..."}.
_NAME_KEYS = frozenset({"name", "key"})
_VALUE_KEYS = frozenset({"value"})


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
    if _is_secret(options, name):
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
    # Longer than the shown text, because a cut secret would not be recognised. What the cut has
    # left of the last word is not shown.
    most = 2 * options.max_value_length
    beginning = text if len(text) <= most else _LAST_WORD.sub("", text[:most])
    if _matches(options.masked_values, beginning):
        return MASK
    return without_secrets(beginning, lambda name: _is_secret(options, name))


def _container_text(value: Any, options: CodeVariables, depth: int) -> str:
    if depth <= 0:
        return "..."
    if type(value) is dict:
        texts = _item_texts(value, options, depth)
        brackets = "{}"
    else:
        texts = _member_texts(value, options, depth)
        brackets = _BRACKETS[type(value)]
    more = ["..."] if len(value) > _MAX_ITEMS else []
    return brackets[0] + ", ".join([*texts, *more]) + brackets[1]


def _item_texts(value: dict[Any, Any], options: CodeVariables, depth: int) -> list[str]:
    """Return the items; also the value beside ``"name": "password"`` is a secret."""
    items = list(islice(value.items(), _MAX_ITEMS))
    names_secret = any(
        _key_text(key).lower() in _NAME_KEYS and _is_secret(options, _key_text(item))
        for key, item in items
    )
    texts = []
    for key, item in items:
        name = _key_text(key)
        is_secret = _is_secret(options, name) or (names_secret and name.lower() in _VALUE_KEYS)
        text = MASK if is_secret else _text(item, options, depth - 1)
        texts.append(f"{_text(key, options, 1)}: {text}")
    return texts


def _member_texts(value: Any, options: CodeVariables, depth: int) -> list[str]:
    """Return the members; a member behind a secret's name, such as ``--password``, is a secret."""
    texts = []
    follows_name = False
    for member in without_arguments(list(islice(value, _MAX_ITEMS))):
        texts.append(MASK if follows_name else _text(member, options, depth - 1))
        name = _key_text(member)
        follows_name = not follows_name and is_name(name) and _is_secret(options, name)
    return texts


def _key_text(key: object) -> str:
    """Return the text of a key: text, bytes, the name of an enumeration's member, or a tuple's texts."""
    if is_a(key, Enum):
        return str(object.__getattribute__(key, "__dict__").get("_name_", ""))
    if type(key) is str:
        return key
    if type(key) is bytes:
        return key.decode("latin-1")
    if type(key) is tuple:
        return " ".join(part for part in key if type(part) is str)
    return ""


def _is_secret(options: CodeVariables, name: str) -> bool:
    """Return whether the name is that of a secret; ``apiKey`` and ``api-key`` are read like ``api_key``."""
    name = name.strip()
    patterns = options.masked_names
    return _matches(patterns, name) or _matches(patterns, words_of(name[:_LONGEST_NAME]))


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
