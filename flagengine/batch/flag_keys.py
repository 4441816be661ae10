"""The flags that a call names: each must exist, because an empty column shows no mistake."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

__all__ = ["check_keys", "requested"]


def requested(flag_keys: Iterable[str] | None) -> list[str] | None:
    """Return the keys as a list, which can be read twice; None for all flags."""
    if flag_keys is None:
        return None
    if isinstance(flag_keys, str):
        message = f"flag_keys must be a collection of keys, got the text {flag_keys!r}"
        raise TypeError(message)
    return list(flag_keys)


def check_keys(flag_keys: Iterable[str] | None, known: Collection[str]) -> None:
    """Raise ValueError for the first key without a flag, with the key that may be meant."""
    for key in flag_keys or ():
        if key not in known:
            near = get_close_matches(str(key), known, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"the snapshot has {len(known)} flags"
            message = f"flag_keys must name flags, got {key!r}; {hint}"
            raise ValueError(message)
