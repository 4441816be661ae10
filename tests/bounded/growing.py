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

__all__ = ["Growth", "Measure", "growth"]

Measure = Callable[[Callable[[], object]], int]


@dataclass(frozen=True)
class Growth:
    """The work at some sizes, each twice the one before, and the length of each document."""

    sizes: tuple[int, ...]
    lengths: tuple[int, ...]
    work: tuple[int, ...]

    @property
    def factor(self) -> float:
        """The greatest factor between neighbours, over two, or over that of the lengths if more."""
        steps = zip(self.work, self.work[1:], self.lengths, self.lengths[1:], strict=False)
        return max(
            after / max(before, 1) / max(2.0, longer / length)
            for before, after, length, longer in steps
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
    return Growth(counts, lengths, work)


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
