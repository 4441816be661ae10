"""The targets, as data: each is a ratio of medians of a run.

A target in microseconds or milliseconds is written as a ratio to a rival of the same run, so that it
means the same on a slower machine: the bound is the target divided by the rival's time on the machine
on which the target was set.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

from benchmarks.measure import Summary, summarise

if TYPE_CHECKING:
    from benchmarks.results import Measurement, Results

__all__ = ["TARGETS", "Target"]

_RELATIONS: dict[str, Callable[[float, float], bool]] = {"≥": operator.ge, "≤": operator.le}
_OURS = "flagengine"

#: Rivals' figures on the machine on which the targets in units of time were set.
_EPPO_US = 1.2
_EPPO_HUNDRED_US = 121.0
_EPPO_FORTY_US = _EPPO_HUNDRED_US * 0.4
_POSTHOG_THOUSAND_MS = 5.3
_POSTHOG_EVENTS = 5_741.0
_POSTHOG_IMPORT_MS = 174.0
_ONE_STREAM_NS = 43.2


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for `over` divided by `under`, two candidates, in `workload`.

    Attributes:
        text: What is compared.
        workload: The workload of `over`.
        over: The candidate above the line.
        under: The candidate below the line.
        relation: The side of the bound that is good.
        must: The bound.
        aim: A better value that is worth reaching; None if there is none.
        under_in: The workload of `under`, if it is another.
        less: A candidate whose time is subtracted from that of `over`.
        absolute: What the bound is on the machine on which it was set.
        applies: Whether the target makes sense on a machine, given the run's environment.
    """

    text: str
    workload: str
    over: str
    under: str
    relation: Literal["≥", "≤"]
    must: float
    aim: float | None = None
    under_in: str = ""
    less: str = ""
    absolute: str = ""
    applies: Callable[[Mapping[str, object]], bool] = lambda _: True

    def value(self, results: Results) -> float | None:
        """Return the ratio, or None if a candidate was not measured."""
        if (found := self._found(results)) is None:
            return None
        over, under, less = found
        taken = median(over.samples) - (median(less.samples) if less else 0.0)
        return taken / median(under.samples)

    def spread(self, results: Results) -> Summary | None:
        """Return the summary of the ratio in each round; None if rounds do not belong together."""
        if (found := self._found(results)) is None:
            return None
        over, under, less = found
        taken = [*over.samples]
        if less:
            taken = [a - b for a, b in zip(taken, less.samples, strict=False)]
        if not len(taken) == len(under.samples) > 1:
            return None
        return summarise([a / b for a, b in zip(taken, under.samples, strict=True)])

    def ours(self, results: Results) -> Measurement | None:
        """Return flagengine's own measurement, whose figure is printed beside the ratio."""
        if self.over.startswith(_OURS):
            return results.find(self.workload, self.over)
        return results.find(self.under_in or self.workload, self.under)

    def reached(self, value: float) -> bool:
        """Return whether the ratio reaches the target."""
        return _RELATIONS[self.relation](value, self.must)

    def aimed(self, value: float) -> bool:
        """Return whether the ratio reaches the aim, if there is one."""
        return self.aim is not None and _RELATIONS[self.relation](value, self.aim)

    def _found(
        self, results: Results
    ) -> tuple[Measurement, Measurement, Measurement | None] | None:
        over = results.find(self.workload, self.over)
        under = results.find(self.under_in or self.workload, self.under)
        less = results.find(self.workload, self.less) if self.less else None
        if over is None or under is None or (self.less and less is None):
            return None
        return over, under, less


def _faster(
    text: str,
    workload: str,
    rival: str,
    must: float,
    candidate: str = _OURS,
    aim: float | None = None,
    absolute: str = "",
) -> Target:
    return Target(text, workload, rival, candidate, "≥", must, aim, absolute=absolute)


def _at_most(
    text: str,
    workload: str,
    rival: str,
    must: float,
    candidate: str = _OURS,
    aim: float | None = None,
    absolute: str = "",
    under_in: str = "",
) -> Target:
    return Target(
        text, workload, candidate, rival, "≤", must, aim, under_in=under_in, absolute=absolute
    )


def _special(text: str, workload: str, must_us: float, aim_us: float) -> Target:
    """Return a bound in microseconds for a special path of `evaluate_flag`, against Eppo's W1."""
    must, aim = must_us / _EPPO_US, aim_us / _EPPO_US
    absolute = f"{must_us} µs, aim {aim_us}"
    return _at_most(
        f"{text}, Eppo's W1",
        workload,
        "eppo",
        must,
        aim=aim,
        absolute=absolute,
        under_in="w7-plain",
    )


def _from_text(candidate: str, what: str) -> Target:
    """Return the bound of one microsecond for what a document that was seen costs more."""
    return Target(
        f"{what} without the same of a snapshot, Eppo",
        "w9",
        candidate,
        "eppo",
        "≤",
        1.0 / _EPPO_US,
        less="flagengine-one",
        absolute="1 µs more",
    )


def _free_threaded(meta: Mapping[str, object]) -> bool:
    return meta.get("gil") is False


def _with_avx512(meta: Mapping[str, object]) -> bool:
    return meta.get("avx512") is True


def _without_avx512(meta: Mapping[str, object]) -> bool:
    return not _with_avx512(meta)


def _two_threads(text: str, candidate: str) -> Target:
    return Target(
        f"{text}, two threads and one",
        "w5-two",
        candidate,
        candidate,
        "≥",
        1.8,
        under_in="w5-one",
        applies=_free_threaded,
    )


_ONE_FLAG = (
    _faster("W1 hot, posthog's pure evaluator", "w1-hot", "posthog-pure", 20),
    _faster("W1 hot, posthog's client", "w1-hot", "posthog-client", 40),
    _faster("W1 hot, Eppo", "w1-hot", "eppo", 4),
    _at_most("W1 hot, the floor", "w1-hot", "floor", 2),
    _faster("W2, posthog's pure evaluator", "w2", "posthog-pure", 15),
    _faster("W2, Eppo", "w2", "eppo", 5),
    _faster("W4, posthog's pure evaluator", "w4", "posthog-pure", 20),
    _faster("W4, Eppo", "w4", "eppo", 3),
    _special("W7 with groups", "w7-group", 0.9, 0.5),
    _special("W7 overridden", "w7-overridden", 0.5, 0.3),
    _special("W7 a property missing", "w7-missing", 0.6, 0.4),
)
_EVALUATE = (
    _at_most(
        "W1 hot through `evaluate(…)[key]`, `evaluate_flag`",
        "w1-hot",
        _OURS,
        3,
        "flagengine-one",
        aim=2,
    ),
    _faster("W1 hot through `evaluate(…)[key]`, Eppo", "w1-hot", "eppo", 2.5, "flagengine-one"),
    _faster(
        "W3 through `evaluate`, posthog's pure evaluator",
        "w3",
        "posthog-pure",
        20,
        "flagengine-many",
        aim=25,
    ),
    _faster(
        "W3 through `evaluate`, Eppo",
        "w3",
        "eppo",
        _EPPO_HUNDRED_US / 8,
        "flagengine-many",
        aim=_EPPO_HUNDRED_US / 5,
        absolute="8 µs, aim 5",
    ),
    _at_most(
        "W3 through `evaluate` with a runtime, without",
        "w3-runtime",
        "flagengine-many",
        1.3,
        "flagengine-many",
        under_in="w3",
    ),
    _at_most(
        "W9 one answer of a raw mapping, of a snapshot",
        "w9",
        "flagengine-one",
        50,
        "flagengine-mapping",
        aim=20,
    ),
    _from_text("flagengine-text", "W9 one answer of JSON text"),
    _from_text("flagengine-octets", "W9 one answer of JSON bytes"),
)
_LOADING = (
    # The pure evaluator only parses JSON and makes an index: the strictest reading of "posthog's".
    _at_most("W6 load, posthog's pure evaluator", "w6-ready", "posthog-pure", 1.5),
    _at_most("W6 first answer, posthog's pure evaluator", "w6-first", "posthog-pure", 1.5),
    _at_most("W6 RSS, posthog's pure evaluator", "w6-memory", "posthog-pure", 1.5),
    _at_most("W6 RSS after all answers, posthog's", "w6-memory-all", "posthog-pure", 1.5, aim=1.0),
    _at_most("W8 import, posthog's", "w8", "posthog-pure", 0.09, aim=15 / _POSTHOG_IMPORT_MS),
    _at_most(
        "W12 a poll of 1 new flag of 1,000, posthog's pure evaluator",
        "w12",
        "posthog-pure",
        12 / _POSTHOG_THOUSAND_MS,
        "flagengine-many",
        aim=5 / _POSTHOG_THOUSAND_MS,
        absolute="12 ms, aim 5",
    ),
)
_CLIENT = (
    _at_most(
        "W10 client's getter, event sent before, posthog's",
        "w10-read",
        "posthog-client-told",
        0.15,
        "flagengine-client-told",
        aim=0.08,
    ),
    _at_most(
        "W10 client's `evaluate_flags` of 40, Eppo",
        "w10-forty",
        "eppo",
        30 / _EPPO_FORTY_US,
        "flagengine-evaluate-flags",
        aim=15 / _EPPO_FORTY_US,
        absolute="30 µs, aim 15",
    ),
    _at_most(
        "W10 `capture`, posthog's",
        "w10-capture",
        "posthog-capture",
        0.12,
        "flagengine-capture",
        aim=0.08,
    ),
    Target(
        "W10 events of a worker, orjson and zstd, posthog's",
        "w10-events",
        "flagengine-capture-zstd",
        "posthog-capture",
        "≥",
        75_000 / _POSTHOG_EVENTS,
        120_000 / _POSTHOG_EVENTS,
        absolute="75,000/s, aim 120,000",
    ),
    Target(
        "W10 events of a worker without orjson, posthog's",
        "w10-events",
        "flagengine-capture-json",
        "posthog-capture",
        "≥",
        30_000 / _POSTHOG_EVENTS,
        absolute="30,000/s",
    ),
    _two_threads("W5 `evaluate_flag`", _OURS),
    _two_threads("W5 client's getter", "flagengine-client-told"),
)
_TABLES = (
    Target(
        "W13 a column's hash with AVX-512, a single stream",
        "w13",
        _OURS,
        "floor",
        "≤",
        13 / _ONE_STREAM_NS,
        absolute="13 ns",
        applies=_with_avx512,
    ),
    Target(
        "W13 a column's hash without AVX-512, a single stream",
        "w13",
        _OURS,
        "floor",
        "≤",
        20 / _ONE_STREAM_NS,
        absolute="20 ns",
        applies=_without_avx512,
    ),
    _at_most(
        "W14 10 million rows from Parquet to Parquet, merely copying",
        "w14",
        "parquet-copy",
        2,
        "flagengine-table",
        absolute="6 s, aim 4",
    ),
)
_PURE = (
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
    _faster(
        "W1 hot through `evaluate(…)[key]` without accelerator, posthog's pure evaluator",
        "w1-hot",
        "posthog-pure",
        3,
        "flagengine-one-pure",
    ),
)
TARGETS = (*_ONE_FLAG, *_EVALUATE, *_LOADING, *_CLIENT, *_TABLES, *_PURE)
