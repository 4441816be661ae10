"""Random numbers that depend on nothing but the seed: not on Python's version, not on hashes."""

from collections.abc import MutableSequence, Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_BITS = 53


class Draws:
    """A SplitMix64 generator. ``Draws(seed, step)`` and ``Draws(seed, step + 1)`` are unrelated."""

    def __init__(self, *seeds: int) -> None:
        self._state = 0
        for seed in seeds:
            self._state = (self._state ^ (seed * 0xD6E8FEB86659FD93 + 1)) & _MASK
            self._state = self.bits()

    def bits(self) -> int:
        """Return 64 random bits."""
        self._state = (self._state + _STEP) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return (self.bits() >> 11) * 2.0**-_BITS

    def below(self, count: int) -> int:
        """Return an integer from 0 to ``count - 1``."""
        return (self.bits() >> 11) * count >> _BITS

    def between(self, least: int, most: int) -> int:
        """Return an integer, both ends included."""
        return least + self.below(most - least + 1)

    def uniform(self, least: float, most: float) -> float:
        """Return a number in milliseconds' steps, which all machines print alike."""
        return round(least + (most - least) * self.fraction(), 3)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.fraction() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """Return a choice."""
        return choices[self.below(len(choices))]

    def weighted(self, table: Sequence[tuple[int, T]]) -> T:
        """Return a choice by weight."""
        left = self.below(sum(weight for weight, _ in table))
        for weight, choice in table:
            if left < weight:
                return choice
            left -= weight
        raise AssertionError("the weights must be positive")

    def shuffle(self, items: MutableSequence) -> None:
        """Shuffle in place."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]

    def data(self, size: int) -> bytes:
        """Return random bytes."""
        drawn = b"".join(self.bits().to_bytes(8, "big") for _ in range(-(-size // 8)))
        return drawn[:size]
