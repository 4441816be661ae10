"""Variants that nobody gets, gets twice, or that do not exist."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from math import isclose

from flagengine.definitions.model import Flag
from flagengine.definitions.reading import pointer_to, shown
from flagengine.lint.finding import Finding, finding
from flagengine.lint.inspection import Inspection

__all__ = ["check_pins", "check_variants"]

_TOLERANCE = 1e-6
"""Percent; weights such as 33.34 do not add to 100 to the last bit."""


def check_variants(inspection: Inspection) -> Iterator[Finding]:
    """Yield weights that do not add to 100, and keys that stand twice."""
    for flag in inspection.flags:
        root = pointer_to(flag.pointer, "filters", "multivariate", "variants")
        total = sum(variant.rollout_percentage for variant in flag.variants)
        if flag.variants and not isclose(total, 100.0, abs_tol=_TOLERANCE):
            yield finding("weights_not_100", root, f"the weights add to {total:g}")
        yield from _unreachable(flag, root)
        seen: Counter[str] = Counter()
        for index, variant in enumerate(flag.variants):
            if seen[variant.key]:
                message = f"the variant {shown(variant.key)!r} stands there already"
                yield finding("duplicate_variant", pointer_to(root, index, "key"), message)
            seen[variant.key] += 1


def _unreachable(flag: Flag, root: str) -> Iterator[Finding]:
    lower = 0.0
    for index, variant in enumerate(flag.variants):
        if lower >= 1.0 and variant.rollout_percentage > 0:
            message = f"the variants before {shown(variant.key)!r} take up 100 %"
            yield finding("unreachable_variant", pointer_to(root, index), message)
        lower += variant.rollout_percentage / 100.0


def check_pins(inspection: Inspection) -> Iterator[Finding]:
    """Yield pins to variants that the flag does not have."""
    for flag in inspection.flags:
        keys = [variant.key for variant in flag.variants]
        for index, condition in enumerate(flag.conditions):
            if condition.variant is not None and condition.variant not in keys:
                pointer = pointer_to(flag.pointer, "filters", "groups", index, "variant")
                near = get_close_matches(condition.variant, keys, 1)
                message = f"{shown(condition.variant)!r} is no variant of this flag"
                hint = f"Did you mean {near[0]!r}?" if near else None
                yield finding("unknown_pin", pointer, message, hint)
