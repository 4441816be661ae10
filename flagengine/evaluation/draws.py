"""The hash of a subject as a number in [0, 1] (SPEC R3)."""

from collections.abc import Callable
from typing import Final

from flagengine.hashing.buckets import Algorithm, bucket, murmur3_bucket

__all__ = ["HOLDOUT_PREFIX", "VARIANT_SALT", "fraction"]

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
