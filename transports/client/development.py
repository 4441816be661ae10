"""Values of flags for development, from a file or the environment: read once, when the client is made.

They are named in a warning each time, so that nobody meets them unawares; the values of
``override_feature_flags`` and of blocks win over them. Nothing here watches a file.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

from flagengine import Overrides, printable

from ..flags.override_files import parsed_overrides, read_file, read_text
from ..http.options import PathText
from ..log_fields import log_fields

__all__ = ["overrides_for_development"]

logger: logging.Logger = logging.getLogger("flagengine.flags")

VALUES: Final = "FLAGENGINE_OVERRIDES"
FILE: Final = "FLAGENGINE_OVERRIDES_FILE"
_MOST_SHOWN: Final = 20


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
        found = parsed_overrides(place, read)
        if found:
            extra = log_fields(count=len({*found.flags, *found.payloads}))
            message = "FLAGS ARE FORCED for development, by %s: %s"
            logger.warning(message, place, _named(found), extra=extra)
        combined |= found
    return combined


def _places(given: PathText | Literal[False] | None) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield each place that is in use: how to name it, and how to read it."""
    if given is not None and given is not False:
        yield f"development_overrides ({os.fspath(given)})", lambda: read_file(given)
    path = os.environ.get(FILE, "").strip()
    if path:
        yield f"{FILE} ({path})", lambda: read_file(path)
    text = os.environ.get(VALUES, "")
    if text.strip():
        yield VALUES, lambda: read_text(text)


def _named(found: Overrides) -> str:
    """Return the flags with their values, and those whose payload alone is forced."""
    values: dict[str, Any] = found.to_dict()["flags"]
    named = [f"{key}={json.dumps(value)}" for key, value in values.items()]
    named += [f"{key} (payload)" for key in found.payloads if key not in found.flags]
    shown = ", ".join(printable(each) for each in named[:_MOST_SHOWN])
    more = len(named) - _MOST_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
