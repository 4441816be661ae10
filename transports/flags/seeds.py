"""Assignment seeds, which stay in the definitions: no response and no flag event has one.

A seed is a member named ``seed`` or ending in ``_seed``, in any spelling (``assignmentSeed``,
``$feature_flag_seed``). Names that a customer chose are no fields: the keys of ``$groups``, ``$set``
and ``$set_once``, and the properties ``$feature/…``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["event_without_seeds", "is_seed", "without_seeds"]

MAX_DEPTH: Final = 128
_HUMP: Final = re.compile(r"([a-z0-9])([A-Z])")
_NAMED: Final = ("$groups", "$set", "$set_once")
_OF_A_FLAG: Final = "$feature/"


def is_seed(name: object) -> bool:
    """Return whether a member with this name is an assignment seed.

    >>> [is_seed(name) for name in ("seed", "holdout_seed", "assignmentSeed", "$flag-seed", "seeds")]
    [True, True, True, True, False]
    """
    if not isinstance(name, str) or name[-4:].lower() != "seed":
        return False
    words = _HUMP.sub(r"\1_\2", name).lower().replace("-", "_").lstrip("$")
    return words == "seed" or words.endswith("_seed")


def without_seeds(value: Any, *, is_named: bool = False, depth: int = 0) -> Any:
    """Return a copy of a JSON value without seeds at any depth.

    With ``is_named``, the keys of the outermost object are names, of which none is left out.

    Raises:
        ValueError: the value is nested deeper than 128 levels.

    >>> without_seeds({"size": 1, "rules": [{"seed": "s", "id": 2}]})
    {'size': 1, 'rules': [{'id': 2}]}
    """
    if not isinstance(value, Mapping | list | tuple):
        return value
    if depth >= MAX_DEPTH:
        msg = f"a value must be nested at most {MAX_DEPTH} levels deep"
        raise ValueError(msg)
    if isinstance(value, Mapping):
        return {
            name: without_seeds(member, depth=depth + 1)
            for name, member in value.items()
            if is_named or not is_seed(name)
        }
    return [without_seeds(member, depth=depth + 1) for member in value]


def event_without_seeds(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a flag event without seeds at any depth.

    >>> event_without_seeds({"$groups": {"seed": "acme"}, "debug": [{"seed": 1}], "mySeed": 2})
    {'$groups': {'seed': 'acme'}, 'debug': [{}]}
    """
    kept: dict[str, Any] = {}
    for name, value in properties.items():
        if name.startswith(_OF_A_FLAG) or not is_seed(name):
            try:
                kept[name] = without_seeds(value, is_named=name in _NAMED)
            except ValueError:
                continue
    return kept
