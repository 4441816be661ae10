"""The flags that a call names: each must exist, because an empty column shows no mistake."""

from collections.abc import Collection, Iterable
from typing import Final

from flagengine.values.spelling import nearest

__all__ = ["check_keys", "requested"]

_MOST: Final = 10_000
"""The number of keys that a misspelt one is compared with."""


def requested(flag_keys: Iterable[str] | None) -> list[str] | None:
    """Return the keys as a list, which can be read twice; None for all flags."""
    if flag_keys is None:
        return None
    if isinstance(flag_keys, str | bytes | bytearray) or not isinstance(flag_keys, Iterable):
        what = "the text " if isinstance(flag_keys, str) else ""
        message = f"flag_keys must be a collection of keys, got {what}{flag_keys!r}"
        raise TypeError(message)
    return list(flag_keys)


def check_keys(flag_keys: Iterable[str] | None, known: Collection[str]) -> None:
    """Raise ValueError for the first key without a flag, with the key that may be meant."""
    for key in flag_keys or ():
        if key not in known:
            near = nearest(str(key), known, 0.5, _MOST)
            hint = f"did you mean {near!r}?" if near else f"the snapshot has {len(known)} flags"
            message = f"flag_keys must name flags, got {key!r}; {hint}"
            raise ValueError(message)
