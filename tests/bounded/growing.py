"""How much the work of an operation grows when the document has twice the size."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flagengine.definitions.known import KnownDocuments
from tests.bounded.long_names import LONG_NAMES
from tests.bounded.operations import OPERATIONS
from tests.bounded.shapes import SHAPES
from tests.bounded.steps import steps

__all__ = ["Growth", "Measure", "growth"]

_LEAST_STEPS = 4

Measure = Callable[[Callable[[], object]], int]


@dataclass(frozen=True)
class Growth:
    """The work at some sizes, each twice the one before, and the length of each document.

    ``least`` is the work for each part of a document below which a size counts as this much: the
    accelerator's work is not counted, and leaves the rest to Python code from some size on.
    """

    sizes: tuple[int, ...]
    lengths: tuple[int, ...]
    work: tuple[int, ...]
    least: int = 0

    @property
    def factor(self) -> float:
        """The greatest factor between neighbours, over two, or over that of the lengths if more."""
        least = [max(self.least * size, 1) for size in self.sizes]
        counted = map(max, self.work, least)
        pairs = zip(counted, self.work[1:], self.lengths, self.lengths[1:], strict=False)
        return max(
            after / before / max(2.0, longer / length) for before, after, length, longer in pairs
        )


def growth(
    shape: str, operation: str, measure: Measure, *, sizes: int = 2, scale: int = 1
) -> Growth:
    """Measure an operation on documents of one shape."""
    make, least = (SHAPES | LONG_NAMES)[shape]
    counts = tuple((least * scale) << doublings for doublings in range(sizes))
    documents: list[dict[str, Any]] = [make(count) for count in counts]
    lengths = tuple(len(json.dumps(document)) for document in documents)
    OPERATIONS[operation](make(least))()  # imports what it needs
    work = tuple(_measured(operation, document, measure) for document in documents)
    return Growth(counts, lengths, work, _LEAST_STEPS if measure is steps else 0)


def _measured(operation: str, document: dict[str, Any], measure: Measure) -> int:
    _forget()
    return measure(OPERATIONS[operation](document))


def _forget() -> None:
    """Empty the bounded caches of the engine: what a smaller document had is in the larger one too."""
    re.purge()
    modules = [module for name, module in sys.modules.items() if name.startswith("flagengine")]
    for module in modules:
        for member in list(vars(module).values()):
            is_cache = (
                isinstance(member, _CACHED) and member.cache_parameters()["maxsize"] is not None
            )
            if is_cache or isinstance(member, KnownDocuments):
                member.cache_clear()


_CACHED = type(lru_cache(_forget))
