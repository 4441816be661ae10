"""The beginning of a JSON value as text, for messages and explanations.

The text ends soon whatever the size of the value, because an explanation may show a large one often, and
the stack does not grow with its depth.
"""

from collections.abc import Iterator
from typing import Any, Final

from flagengine.values.json_values import nested_text

__all__ = ["excerpt"]

_SHOWN: Final = 60


def excerpt(value: Any) -> str:
    """Return a JSON value as JSON text, cut to a readable length."""
    written, length = [], 0
    for piece in _written(value):
        written.append(piece)
        length += len(piece)
        if length > _SHOWN:
            return "".join(written)[:_SHOWN] + "…"
    return "".join(written)


def _written(value: Any) -> Iterator[str]:
    """Yield the text piece by piece; of a long text only as much as is shown."""
    open_containers = [iter([_part(value)])]
    while open_containers:
        for piece in open_containers[-1]:
            if not isinstance(piece, str):
                open_containers.append(_pieces(piece))
                break
            yield piece
        else:
            open_containers.pop()


def _pieces(value: Any) -> Iterator[Any]:
    """Yield the text of a container piece by piece, and its inner containers as they are."""
    is_list = isinstance(value, list)
    yield "[" if is_list else "{"
    before = ""
    for name in value if is_list else sorted(value):
        yield before if is_list else f"{before}{_part(name)}:"
        yield _part(name if is_list else value[name])
        before = ","
    yield "]" if is_list else "}"


def _part(value: Any) -> Any:
    """Return a container as it is, and any other value as text."""
    if isinstance(value, list | dict):
        return value
    return nested_text(value[: _SHOWN + 1] if isinstance(value, str) else value)
