"""Buckets against bounds: is a subject inside a share, and which variant is drawn (SPEC R3)."""

from collections.abc import Callable, Sequence
from typing import Final

from flagengine.hashing.buckets import Algorithm, bucket, murmur3_bucket
from flagengine.plan.nodes import VariantPlan

__all__ = ["HOLDOUT_PREFIX", "VARIANT_SALT", "draw", "fraction", "is_inside", "possible_variants"]

VARIANT_SALT: Final = "variant"
HOLDOUT_PREFIX: Final = "holdout-"
_FULL: Final = 100.0
_BUCKETS: Final = float(2**60)
_HASHES: Final[dict[str, Callable[[str, str, str], int]]] = {
    Algorithm.SHA1: bucket,
    Algorithm.MURMUR3: murmur3_bucket,
}


def fraction(algorithm: str, prefix: str, subject: str, salt: str = "") -> float:
    """Return h, the subject's place in [0, 1]: the 60-bit bucket as binary64, over 2^60.

    An empty subject is hashed for a holdout only; elsewhere its h is 0 (SPEC R3.16).
    """
    if not subject and prefix != HOLDOUT_PREFIX:
        return 0.0
    return float(_HASHES[algorithm](prefix, subject, salt)) / _BUCKETS


def is_inside(percentage: float, h: float | None, *, may_be_empty: bool = False) -> bool | None:
    """Tell whether h is within a share in percent, the bound included; None when unknown.

    100 and more is inside without a hash. With the hash unknown, 0 and less is outside, since one
    subject in 2^60 would not be; ``may_be_empty`` says that the empty subject, which is inside 0,
    may be the one.
    """
    if percentage >= _FULL:
        return True
    if h is None:
        is_outside = percentage < 0 or (percentage == 0 and not may_be_empty)
        return False if is_outside else None
    return h <= percentage / _FULL


def draw(variants: Sequence[VariantPlan], h: float) -> str | None:
    """Return the first variant whose upper end is above h; None past the last one."""
    for variant in variants:
        if h < variant.upper:
            return variant.key
    return None


def possible_variants(variants: Sequence[VariantPlan]) -> tuple[bool | str, ...]:
    """Return what an unknown hash in [0, 1) may draw; True stands for no variant."""
    possible: list[bool | str] = []
    reached = 0.0
    for variant in variants:
        if variant.upper > reached and reached < 1.0:
            possible.append(variant.key)
            reached = variant.upper
    return (*possible, True) if reached < 1.0 else tuple(possible)
