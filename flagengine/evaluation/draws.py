"""The hash of a subject as a number in [0, 1], and the variant that it draws (SPEC R3)."""

from collections.abc import Callable, Sequence
from typing import Final

from flagengine.hashing.buckets import Algorithm, bucket, murmur3_bucket
from flagengine.plan.shares import VariantPlan

__all__ = ["HOLDOUT_PREFIX", "VARIANT_SALT", "fraction", "position"]

VARIANT_SALT: Final = "variant"
HOLDOUT_PREFIX: Final = "holdout-"
_BUCKETS: Final = float(2**60)
_HASHES: Final[dict[str, Callable[[str, str, str], int]]] = {
    Algorithm.SHA1: bucket,
    Algorithm.MURMUR3: murmur3_bucket,
}


def fraction(algorithm: str, prefix: str, subject: str, salt: str = "") -> float:
    """Return h, the subject's number in [0, 1]: the 60-bit bucket as binary64, over 2^60.

    An empty subject is hashed only for a holdout; elsewhere its h is 0 (SPEC R3.16).
    """
    if not subject and prefix != HOLDOUT_PREFIX:
        return 0.0
    return float(_HASHES[algorithm](prefix, subject, salt)) / _BUCKETS


def position(variants: Sequence[VariantPlan], h: float) -> int:
    """Return the position of the first variant whose upper end is above h; their number if none."""
    ends = (place for place, variant in enumerate(variants) if h < variant.upper)
    return next(ends, len(variants))
