"""The targets, as data: each is a ratio of two medians of a run."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.measure import ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.results import Results

__all__ = ["TARGETS", "Target"]

_RELATIONS: dict[str, Callable[[float, float], bool]] = {"≥": operator.ge, "≤": operator.le}


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for `over` divided by `under`, two candidates, in `workload`."""

    text: str
    workload: str
    over: str
    under: str
    relation: Literal["≥", "≤"]
    bound: float

    def value(self, results: Results) -> float | None:
        """Return the ratio, or None if a candidate was not measured."""
        over = results.find(self.workload, self.over)
        under = results.find(self.workload, self.under)
        return None if over is None or under is None else ratio(over.samples, under.samples)

    def reached(self, value: float) -> bool:
        """Return whether the ratio reaches the target."""
        return _RELATIONS[self.relation](value, self.bound)


def _faster(
    text: str, workload: str, rival: str, bound: float, candidate: str = "flagengine"
) -> Target:
    return Target(text, workload, rival, candidate, "≥", bound)


def _at_most(text: str, workload: str, rival: str, bound: float) -> Target:
    return Target(text, workload, "flagengine", rival, "≤", bound)


TARGETS = (
    _faster("W1 hot, posthog's pure evaluator", "w1-hot", "posthog-pure", 20),
    _faster("W1 hot, posthog's client", "w1-hot", "posthog-client", 40),
    _faster("W1 hot, Eppo", "w1-hot", "eppo", 4),
    _at_most("W1 hot, the floor (aim)", "w1-hot", "floor", 2),
    _faster("W2, posthog's pure evaluator", "w2", "posthog-pure", 15),
    _faster("W2, Eppo", "w2", "eppo", 5),
    _faster(
        "W3 through `evaluate`, posthog's pure evaluator",
        "w3",
        "posthog-pure",
        20,
        "flagengine-many",
    ),
    _faster("W3 through `evaluate`, Eppo", "w3", "eppo", 5, "flagengine-many"),
    _faster(
        "W3 through `evaluate`, posthog's pure evaluator (aim)",
        "w3",
        "posthog-pure",
        25,
        "flagengine-many",
    ),
    _faster("W4, posthog's pure evaluator", "w4", "posthog-pure", 20),
    _faster("W4, Eppo", "w4", "eppo", 3),
    # The pure evaluator only parses JSON and makes an index: the strictest reading of "posthog's".
    _at_most("W6 load, posthog's pure evaluator", "w6-ready", "posthog-pure", 1.5),
    _at_most("W6 first answer, posthog's pure evaluator", "w6-first", "posthog-pure", 1.5),
    _at_most("W6 RSS, posthog's pure evaluator", "w6-memory", "posthog-pure", 1.5),
    _at_most("W6 RSS after all answers (beyond)", "w6-memory-all", "posthog-pure", 1.5),
    # 40 ms, and 15, where posthog takes 174.
    _at_most("W8 import, posthog's", "w8", "posthog-pure", 40 / 174),
    _at_most("W8 import, posthog's (aim)", "w8", "posthog-pure", 15 / 174),
    _faster(
        "W1 hot without accelerator, posthog's pure evaluator",
        "w1-hot",
        "posthog-pure",
        8,
        "flagengine-pure",
    ),
    _faster(
        "W3 through `evaluate` without accelerator, posthog's pure evaluator",
        "w3",
        "posthog-pure",
        8,
        "flagengine-many-pure",
    ),
)
