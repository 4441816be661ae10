"""Values of flags for development, from a file or the environment: read once, when the client is made.

They are named in a warning each time, so that nobody meets them unawares; the values of
``override_feature_flags`` and of blocks win over them. Nothing here watches a file.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

from flagengine import Overrides, printable

from ..http.options import PathText
from ..log_fields import log_fields

__all__ = ["overrides_for_development", "overrides_in"]

logger: logging.Logger = logging.getLogger("flagengine.flags")

VALUES: Final = "FLAGENGINE_OVERRIDES"
FILE: Final = "FLAGENGINE_OVERRIDES_FILE"
_MOST_SHOWN: Final = 20
_MUST: Final = 'must be values by flag key such as {"beta": true}, or a list of keys to turn on'


def overrides_for_development(given: PathText | Literal[False] | None) -> Overrides:
    """Return the values of the file ``given``, of the environment's file, and of the environment.

    The later win. Each place is named in a warning, with its flags. False: take none, and name what is
    ignored.

    Raises:
        ValueError: a place has no values of flags, or a file cannot be read.
    """
    combined = Overrides()
    for place, read in _places(given):
        if given is False:
            logger.warning("%s is ignored, because development_overrides is False", place)
            continue
        found = _parsed(place, read)
        if found:
            extra = log_fields(count=len({*found.flags, *found.payloads}))
            message = "FLAGS ARE FORCED for development, by %s: %s"
            logger.warning(message, place, _named(found), extra=extra)
        combined |= found
    return combined


def overrides_in(file: PathText) -> Overrides:
    """Return the values in a file of JSON or TOML.

    Raises:
        ValueError: the file has no values of flags, or cannot be read.
    """
    return _parsed(os.fspath(file), lambda: _file(file))


def _places(given: PathText | Literal[False] | None) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield each place that is in use: how to name it, and how to read it."""
    if given is not None and given is not False:
        yield f"development_overrides ({os.fspath(given)})", lambda: _file(given)
    path = os.environ.get(FILE, "").strip()
    if path:
        yield f"{FILE} ({path})", lambda: _file(path)
    text = os.environ.get(VALUES, "")
    if text.strip():
        yield VALUES, lambda: _json(text)


def _parsed(place: str, read: Callable[[], Any]) -> Overrides:
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


def _file(path: PathText) -> Any:
    file = Path(path)
    text = file.read_text(encoding="utf-8-sig")
    if file.suffix.lower() != ".toml":
        return _json(text)
    import tomllib  # noqa: PLC0415 - 2 ms, for few

    return tomllib.loads(text)


def _json(text: str) -> Any:
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


def _named(found: Overrides) -> str:
    """Return the flags with their values, and those whose payload alone is forced."""
    values: dict[str, Any] = found.to_dict()["flags"]
    named = [f"{key}={json.dumps(value)}" for key, value in values.items()]
    named += [f"{key} (payload)" for key in found.payloads if key not in found.flags]
    shown = ", ".join(printable(each) for each in named[:_MOST_SHOWN])
    more = len(named) - _MOST_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
