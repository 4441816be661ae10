"""Flag values set by hand, for the whole client: before local evaluation, before the server.

What the values mean is the engine's knowledge (`flagengine.Overrides`).
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

    ``False`` clears all; a list of keys turns each on; a mapping gives values, None for "as if
    there were no such flag"; ``{"flags": ..., "payloads": ...}`` replaces only what it names, and
    ``False`` clears that. Reading an overridden flag sends no event. Overrides that cannot be read
    change nothing and are logged.
    """
    evaluator = client.components.evaluator
    evaluator.overrides = evaluator.overrides.replaced_by(overrides)


@contextmanager
def overridden_flags(client: HasComponents, overrides: Any) -> Iterator[None]:
    """Within the block, put these values over those in force; for tests.

    Raises:
        TypeError: they cannot be read as overrides.
    """
    evaluator = client.components.evaluator
    before = evaluator.overrides
    evaluator.overrides = before | Overrides.parse(overrides)
    try:
        yield
    finally:
        evaluator.overrides = before
