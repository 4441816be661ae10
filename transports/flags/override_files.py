"""Forced values in files and texts: JSON, or TOML in a file with that suffix. Errors name the place."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from flagengine import Overrides

from ..http.options import PathText

__all__ = ["overrides_in", "parsed_overrides", "read_file", "read_text"]

_MUST: Final = 'must be values by flag key such as {"beta": true}, or a list of keys to turn on'


def overrides_in(file: PathText) -> Overrides:
    """Return the values in a file.

    Raises:
        ValueError: the file has no values of flags, or cannot be read.
    """
    return parsed_overrides(os.fspath(file), lambda: read_file(file))


def parsed_overrides(place: str, read: Callable[[], Any]) -> Overrides:
    """Return the values that ``read`` reads; ``place`` is what errors call where they are from.

    Raises:
        ValueError: there are no values of flags, or the file cannot be read.
    """
    try:
        found = read()
    except OSError as error:
        message = f"{place} must be a file that can be read: {error.strerror}"
        raise ValueError(message) from None
    except RecursionError:
        message = f"{place} {_MUST}: it is nested too deeply"
        raise ValueError(message) from None
    except ValueError as error:
        message = f"{place} {_MUST}: {error}"
        raise ValueError(message) from None
    if not isinstance(found, dict | list):
        message = f"{place} {_MUST}, got {json.dumps(found)[:40]}"
        raise ValueError(message)  # noqa: TRY004 - the type is that of the file's content
    try:
        overrides = Overrides.parse(found)
    except TypeError as error:
        message = f"{place} {_MUST}: {error}"
        raise ValueError(message) from None
    return Overrides(overrides.flags, overrides.payloads)


def read_file(path: PathText) -> Any:
    """Return the value in a file of JSON or TOML."""
    file = Path(path)
    text = file.read_text(encoding="utf-8-sig")
    if file.suffix.lower() != ".toml":
        return read_text(text)
    import tomllib  # noqa: PLC0415 - 2 ms, for few

    return tomllib.loads(text)


def read_text(text: str) -> Any:
    """Return the value of JSON text in which no key is there twice."""
    return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        message = f"the key {twice!r} is there twice"
        raise ValueError(message)
    return found


def _constant(name: str) -> Any:
    message = f"{name} is no JSON"
    raise ValueError(message)
