"""What ordinary decoding loses of JSON text that holds format 2 (SPEC R20.2).

Format 2 asks how a number is written, and whether a member is written twice. Decoding rounds the
number to binary64 and keeps the last member, so the text is read a second time.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flagengine.definitions.reading import pointer_to
from flagengine.definitions.rules.numbers import decimal

__all__ = ["Lost", "lost_by_decoding"]

Lost = Mapping[str, Mapping[str, str | None]]
"""By flag, such as ``/flags/3``, and by place below its ``filters``: the text of a number that
binary64 changed, or None for a member that is written again."""


def lost_by_decoding(text: str | bytes | bytearray, positions: Iterable[int]) -> Lost:
    """Return what decoding lost of the flags at these positions; ``text`` is JSON with flags."""
    # Objects become tuples of pairs and fractions bytes, which JSON itself does not have.
    document = json.loads(text, object_pairs_hook=tuple, parse_float=str.encode, parse_int=len)
    flags = dict(document)["flags"]
    found = {
        f"/flags/{position}": dict(_losses(dict(flags[position])["filters"]))
        for position in positions
    }
    return {pointer: lost for pointer, lost in found.items() if lost}


def _losses(filters: Any) -> Iterator[tuple[str, str | None]]:
    waiting = [("", filters)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, tuple):
            members = dict(value)
            if len(members) < len(value):
                yield from ((pointer_to(pointer, name), None) for name in _repeated(value))
            waiting += [(pointer_to(pointer, name), member) for name, member in members.items()]
        elif isinstance(value, list):
            waiting += [(pointer_to(pointer, index), member) for index, member in enumerate(value)]
        elif isinstance(value, bytes) and _is_changed(value.decode()):
            yield pointer, value.decode()


def _repeated(pairs: tuple[tuple[str, Any], ...]) -> list[str]:
    counts = Counter(name for name, _ in pairs)
    return [name for name, count in counts.items() if count > 1]


def _is_changed(written: str) -> bool:
    value = float(written)
    return math.isfinite(value) and decimal(written) != decimal(repr(value))
