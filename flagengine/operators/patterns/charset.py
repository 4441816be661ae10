"""Sets of characters, as far as they are known for certain.

A set may contain Unicode properties, whose members depend on a Unicode version. So a set has two
descriptions: `mask`, its exact members among the characters `TRACKED`, and the whole set, if it can
be written for RE2. A set without the second description answers only for ASCII text. This module
knows nothing of pattern syntax.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from flagengine.operators.patterns.assigned import are_assigned

__all__ = ["EVERYTHING", "CharSet", "complement", "difference", "fold", "intersection", "union"]

Range = tuple[int, int]
Ranges = tuple[Range, ...]

TOP: Final = 0x10FFFF
_ASCII_SIZE: Final = 128
# ASCII, and the two other characters that fold to an ASCII letter: long s and the kelvin sign.
TRACKED: Final = (*range(_ASCII_SIZE), 0x17F, 0x212A)
_TRACKED_BEYOND_ASCII: Final = (_ASCII_SIZE, _ASCII_SIZE + 1)
_ALL_TRACKED: Final = (1 << len(TRACKED)) - 1
_UPPER: Final = sum(1 << code for code in range(ord("A"), ord("Z") + 1))
_S_FAMILY: Final = 1 << ord("S") | 1 << ord("s") | 1 << 128
_K_FAMILY: Final = 1 << ord("K") | 1 << ord("k") | 1 << 129
# Folding these adds the same characters in every Unicode version. Folding another property does
# not: a new capital letter adds a small letter that may be old.
_STEADY_NAMES: Final = frozenset((r"\p{L}", r"\p{M}", r"\p{Nd}", r"\p{Nl}", r"\p{Pc}", r"\p{N}"))


@dataclass(frozen=True, slots=True)
class CharSet:
    """A set of characters.

    `ranges` is None when only the mask is known. The whole set is the union of `ranges` and `names`
    (RE2's names of Unicode categories and scripts), case-folded if `folded`, then complemented if
    `negated`. A set without names that needs no folding has only `ranges`.
    """

    mask: int
    ranges: Ranges | None
    names: frozenset[str] = frozenset()
    folded: bool = False
    negated: bool = False

    @classmethod
    def of(cls, ranges: Iterable[Range]) -> "CharSet":
        """Return the set with exactly these members."""
        merged = _merge(ranges)
        return cls(_mask_of(merged), merged)

    @property
    def is_plain(self) -> bool:
        """Whether every member is known by its code point alone."""
        return self.ranges is not None and not (self.names or self.folded)

    def ascii_ranges(self) -> Ranges:
        """Return the members below 128."""
        return _merge((code, code) for code in range(_ASCII_SIZE) if self.mask >> code & 1)


def union(sets: Iterable[CharSet]) -> CharSet:
    """Return the union of all sets."""
    members = tuple(sets)
    if len(members) == 1:
        return members[0]
    mask = _or(charset.mask for charset in members)
    if _covers_everything(members):
        return EVERYTHING
    if any(charset.ranges is None or charset.negated for charset in members):
        return CharSet(mask, None)
    return CharSet(
        mask,
        _merge(span for charset in members for span in charset.ranges or ()),
        frozenset().union(*(charset.names for charset in members)),
        folded=any(charset.folded for charset in members),
    )


def complement(members: CharSet) -> CharSet:
    """Return the set of all characters that are not members."""
    mask = _ALL_TRACKED & ~members.mask
    if members.ranges is None:
        return CharSet(mask, None)
    if members.is_plain:
        return CharSet(mask, _outside(members.ranges))
    return replace(members, mask=mask, negated=not members.negated)


def intersection(left: CharSet, right: CharSet) -> CharSet:
    """Return the members of both sets; only the mask is known unless both sets are plain."""
    if left.is_plain and right.is_plain:
        return complement(union((complement(left), complement(right))))
    return CharSet(left.mask & right.mask, None)


def difference(left: CharSet, right: CharSet) -> CharSet:
    """Return the members of the left set that are not in the right set."""
    return intersection(left, complement(right))


def fold(members: CharSet) -> CharSet:
    """Return the set and the other cases of its members (simple case folding)."""
    mask = _fold_mask(members.mask)
    ranges = members.ranges
    if ranges is None:
        return CharSet(mask, None)
    if members.negated:
        return members  # the complement of a folded set needs no folding
    rest = _beyond_tracked(ranges)
    if not members.names and rest in ((), _BEYOND):
        return CharSet(mask, _merge((*rest, *_tracked_ranges(mask))))
    if not (are_assigned(rest) and members.names <= _STEADY_NAMES):
        return CharSet(mask, None)
    return replace(members, mask=mask, folded=True)


def _covers_everything(sets: tuple[CharSet, ...]) -> bool:
    positive = {
        (charset.ranges, charset.names) for charset in sets if charset.names and not charset.negated
    }
    return any(charset.negated and (charset.ranges, charset.names) in positive for charset in sets)


def _merge(ranges: Iterable[Range]) -> Ranges:
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _outside(ranges: Ranges) -> Ranges:
    gaps: list[Range] = []
    start = 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= TOP:
        gaps.append((start, TOP))
    return tuple(gaps)


def _or(masks: Iterable[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total


def _mask_of(ranges: Ranges) -> int:
    mask = 0
    for low, high in ranges:
        if low < _ASCII_SIZE:
            mask |= (1 << min(high + 1, _ASCII_SIZE)) - (1 << low)
        mask |= _or(1 << bit for bit in _TRACKED_BEYOND_ASCII if low <= TRACKED[bit] <= high)
    return mask


def _fold_mask(mask: int) -> int:
    mask |= (mask & _UPPER) << 32 | (mask >> 32) & _UPPER
    for family in (_S_FAMILY, _K_FAMILY):
        if mask & family:
            mask |= family
    return mask


def _tracked_ranges(mask: int) -> Ranges:
    return tuple((code, code) for bit, code in enumerate(TRACKED) if mask >> bit & 1)


def _beyond_tracked(ranges: Ranges) -> Ranges:
    pieces = [(max(low, _ASCII_SIZE), high) for low, high in ranges]
    for code in TRACKED[_ASCII_SIZE:]:
        halves = (((low, min(high, code - 1)), (max(low, code + 1), high)) for low, high in pieces)
        pieces = [half for pair in halves for half in pair]
    return tuple((low, high) for low, high in pieces if low <= high)


_BEYOND: Final = _beyond_tracked(((_ASCII_SIZE, TOP),))
EVERYTHING: Final = CharSet.of([(0, TOP)])
