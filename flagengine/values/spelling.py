"""The known name that a misspelt name probably means.

The search is bounded: a document may have a thousand misspelt names, and a thousand names that they
may mean, of any length.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

__all__ = ["nearest"]

_MAX_NAMES: Final = 100
_MAX_LENGTH: Final = 100


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name most like a name; None if none is like it.

    Only the first hundred names are looked at, and no name of more than a hundred characters.
    """
    from difflib import get_close_matches  # noqa: PLC0415 3 ms, for messages only

    if len(name) > _MAX_LENGTH:
        return None
    words = [word for word in islice(known, _MAX_NAMES) if len(word) <= _MAX_LENGTH]
    return next(iter(get_close_matches(name, words, 1, likeness)), None)
