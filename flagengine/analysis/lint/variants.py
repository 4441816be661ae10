"""Variants that are unreachable, duplicated or undefined, and weights that do not add up."""

from collections import Counter
from collections.abc import Iterator
from math import isclose

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection
from flagengine.definitions.model import Flag
from flagengine.definitions.reading import pointer_to, shown
from flagengine.values.spelling import nearest

__all__ = ["check_pins", "check_variants"]

_TOLERANCE = 1e-6
"""The tolerance in percent, because weights such as 33.34 do not add up to exactly 100."""


def check_variants(inspection: Inspection) -> Iterator[Finding]:
    """Yield weights that do not add up to 100, and duplicate keys."""
    for flag in inspection.flags:
        root = pointer_to(flag.pointer, "filters", "multivariate", "variants")
        total = sum(variant.rollout_percentage for variant in flag.variants)
        if flag.variants and not isclose(total, 100.0, abs_tol=_TOLERANCE):
            yield finding(
                "weights_not_100", root, f"the variants' weights must add up to 100, got {total:g}"
            )
        yield from _unreachable(flag, root)
        seen: Counter[str] = Counter()
        for index, variant in enumerate(flag.variants):
            if seen[variant.key]:
                message = f"duplicate variant {shown(variant.key)!r}"
                yield finding("duplicate_variant", pointer_to(root, index, "key"), message)
            seen[variant.key] += 1


def _unreachable(flag: Flag, root: str) -> Iterator[Finding]:
    lower = 0.0
    for index, variant in enumerate(flag.variants):
        if lower >= 1.0 and variant.rollout_percentage > 0:
            message = f"unreachable: the variants before {shown(variant.key)!r} already cover 100 %"
            yield finding("unreachable_variant", pointer_to(root, index), message)
        lower += variant.rollout_percentage / 100.0


def check_pins(inspection: Inspection) -> Iterator[Finding]:
    """Yield conditions that pin a variant the flag does not have."""
    for flag in inspection.flags:
        keys = dict.fromkeys(variant.key for variant in flag.variants)
        for index, condition in enumerate(flag.conditions):
            if condition.variant is not None and condition.variant not in keys:
                pointer = pointer_to(flag.pointer, "filters", "groups", index, "variant")
                near = nearest(condition.variant, keys)
                message = f"{shown(condition.variant)!r} is not a variant of this flag"
                hint = None if near is None else f"Did you mean {near!r}?"
                yield finding("unknown_pin", pointer, message, hint)
