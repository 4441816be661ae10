"""The methods for overrides: flag values of the whole client that replace evaluation.

`flagengine.Overrides` parses the values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flagengine import Overrides

from .components import HasComponents
from .verbs import guarded, nothing

__all__ = ["overridden_flags", "override_feature_flags"]


@guarded(nothing)
def override_feature_flags(client: HasComponents, overrides: Any) -> None:
    """Answer with these values instead of evaluating, from now on.

    ``False`` clears all overrides. A list of keys turns these flags on. A mapping gives values by
    key; with None, the flag counts as missing. ``{"flags": ..., "payloads": ...}`` replaces only the
    named part, and ``False`` clears that part. Reading an overridden flag sends no event. Invalid
    overrides are logged and change nothing.
    """
    evaluator = client.components.evaluator
    evaluator.overrides = evaluator.overrides.replaced_by(overrides)


@contextmanager
def overridden_flags(client: HasComponents, overrides: Any) -> Iterator[None]:
    """Add these overrides to the current overrides within the block; for tests.

    Raises:
        TypeError: the overrides are invalid.
    """
    evaluator = client.components.evaluator
    before = evaluator.overrides
    evaluator.overrides = before | Overrides.parse(overrides)
    try:
        yield
    finally:
        evaluator.overrides = before
