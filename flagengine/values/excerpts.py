"""The beginning of a JSON value or of a name as text, for messages and explanations.

The text ends soon whatever the size of the value or the name, because an explanation or a plan may
show it often (SPEC R15.10).
"""

from typing import Any, Final

from flagengine.values.json_values import nested_text, text_pieces

__all__ = ["MAX_NAME", "excerpt", "name_excerpt"]

MAX_NAME: Final = 100
"""The longest name that text for people and generated code repeat in full."""

_SHOWN: Final = 60


def excerpt(value: Any) -> str:
    """Return a JSON value as JSON text, cut to a readable length."""
    if not isinstance(value, list | dict):
        return _cut(nested_text(value, _SHOWN + 1))
    written, length = [], 0
    for piece in text_pieces(value, _SHOWN + 1):
        written.append(piece)
        length += len(piece)
        if length > _SHOWN:
            break
    return _cut("".join(written))


def _cut(written: str) -> str:
    return written if len(written) <= _SHOWN else written[:_SHOWN] + "…"


def name_excerpt(name: object) -> str:
    """Return a name, cut to a length that may be written for each use.

    It is from the definitions, or from a caller, who may give something else than text.
    """
    text = name if isinstance(name, str) else repr(name)
    return text if len(text) <= MAX_NAME else text[:MAX_NAME] + "…"
