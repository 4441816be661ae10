"""Pearson's chi-square test of counts against shares.

SciPy computes the distribution where it is installed, else this module does; a test compares both.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

__all__ = ["Fit", "chi_square", "own_upper_tail", "upper_tail"]

_STEPS: Final = 500
_EXACT: Final = 1e-15
_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Fit:
    """The fit of counts to shares; ``p`` is the probability of a worse fit by chance."""

    statistic: float
    freedom: int
    p: float


def chi_square(counts: Sequence[int], shares: Sequence[float]) -> Fit:
    """Test counts against shares that add up to 1.

    A pair of a share of 0 and a count of 0 is left out. With a share of 0 and another count, p is 0.
    """
    total = sum(counts)
    pairs = [(count, share * total) for count, share in zip(counts, shares, strict=True)]
    if any(count and expected <= 0 for count, expected in pairs):
        return Fit(math.inf, max(len(pairs) - 1, 1), 0.0)
    used = [(count, expected) for count, expected in pairs if expected > 0]
    statistic = sum((count - expected) ** 2 / expected for count, expected in used)
    freedom = len(used) - 1
    return Fit(statistic, freedom, upper_tail(statistic, freedom) if freedom > 0 else 1.0)


def upper_tail(statistic: float, freedom: int) -> float:
    """Return the share of the chi-square distribution above a value."""
    return _upper_tail()(statistic, freedom)


@cache
def _upper_tail() -> Callable[[float, int], float]:
    try:
        # What scipy.stats.chi2.sf calls; scipy.stats takes ten times as long to import.
        from scipy.special import chdtrc  # noqa: PLC0415 used where it is installed
    except ImportError:
        return own_upper_tail
    return lambda statistic, freedom: float(chdtrc(freedom, max(statistic, 0.0)))


def own_upper_tail(statistic: float, freedom: int) -> float:
    """Return what :func:`upper_tail` does where there is no SciPy."""
    shape, x = freedom / 2, statistic / 2
    if x <= 0:  # also where half of the smallest number is 0
        return 1.0
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape)) if x < 700 + shape else 0.0
    if x < shape + 1:
        return max(1.0 - _series(shape, x) * scale, 0.0)
    return min(_fraction(shape, x) * scale, 1.0)


def _series(shape: float, x: float) -> float:
    """Return the lower incomplete gamma function, as a sum."""
    term = total = 1.0 / shape
    for step in range(1, _STEPS):
        term *= x / (shape + step)
        total += term
        if term < total * _EXACT:
            break
    return total


def _fraction(shape: float, x: float) -> float:
    """Return the upper incomplete gamma function, as a continued fraction by Lentz's method."""
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    found = d
    for step in range(1, _STEPS):
        factor = -step * (step - shape)
        b += 2
        d = 1 / (_nonzero(factor * d + b))
        c = _nonzero(b + factor / c)
        found *= d * c
        if abs(d * c - 1) < _EXACT:
            break
    return found


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
