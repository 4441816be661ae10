"""Which parts of an old list are which of a new one."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

__all__ = ["aligned"]

_MOST: Final = 200
"""The longest list of which moved parts are recognised: the time grows with the square of the length."""


def aligned(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Yield pairs of positions of parts that differ; None for a part that one list lacks.

    Parts are texts, such as their JSON.

    Equal parts in the same order are left out. What lies between two of them is paired in order.

    >>> list(aligned(["a", "b"], ["new", "a", "c"]))
    [(None, 0), (1, 2)]
    """
    if max(len(old), len(new)) > _MOST:
        yield from _in_order(range(len(old)), range(len(new)))
        return
    from difflib import SequenceMatcher  # noqa: PLC0415 few callers compare

    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for word, first, last, start, end in matcher.get_opcodes():
        if word != "equal":
            yield from _in_order(range(first, last), range(start, end))


def _in_order(old: range, new: range) -> Iterator[tuple[int | None, int | None]]:
    yield from zip_longest(old, new)
