"""The beginning of a JSON value as text, for messages and explanations.

The text ends soon whatever the size of the value, because an explanation may show a large one often.
"""

from typing import Any, Final

from flagengine.values.json_values import nested_text, text_pieces

__all__ = ["excerpt"]

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
