"""The health of bucketing: whether the hashes of a population fit the shares.

There are three kinds of test. Buckets: are everyone's hashes spread evenly, and do rollouts and
draws get their shares? Experiments: do the variants that people are given fit their weights (if
not, there is a sample ratio mismatch)? Pairs: are two flags' hashes correlated?
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.batch.inputs import numbered
from flagengine.batch.statistics.chi_square import Fit, chi_square
from flagengine.batch.stream import in_order
from flagengine.columnar.engine import Engine
from flagengine.columnar.rows import Rows
from flagengine.evaluation.draws import VARIANT_SALT
from flagengine.hashing.buckets import BUCKETS
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan
from flagengine.plan.shares import BucketBy
from flagengine.results.resolution import Reason

__all__ = ["BINS", "Balance", "FlagBalance", "Pair", "measure_balance"]

BINS: Final = 20
"""The number of equal bins into which bucket numbers are counted."""


@dataclass(slots=True)
class FlagBalance:
    """The counts of one flag.

    ``drawn`` counts the variants that everyone would draw, ``given`` the variants that people get.
    """

    plan: FlagPlan
    bins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    inside: dict[float, int] = field(default_factory=dict)
    drawn: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)

    @property
    def spread(self) -> Fit:
        """The fit of the bins to an even spread."""
        return chi_square(self.bins.tolist(), [1 / BINS] * BINS)

    @property
    def rows(self) -> int:
        """The number of people with a distinct id that can be hashed."""
        return int(self.bins.sum())

    def rollout(self, percentage: float) -> Fit:
        """Return the fit of a rollout to its share."""
        inside, share = self.inside[percentage], min(max(percentage / 100, 0.0), 1.0)
        return chi_square([inside, self.rows - inside], [share, 1 - share])

    def shares(self) -> dict[str, float]:
        """Return the share of hashes that draw each variant; ``true`` is the share without a variant."""
        found: dict[str, float] = {}
        reached = 0.0
        for variant in self.plan.variants:
            end = min(max(variant.upper, reached), 1.0)
            found[variant.key] = found.get(variant.key, 0.0) + end - reached
            reached = end
        return {**found, "true": 1.0 - reached} if reached < 1.0 else found

    def fit(self, counts: Counter[str]) -> Fit:
        """Return the fit of counts of variants to their weights."""
        shares = self.shares()
        return chi_square([counts[key] for key in shares], list(shares.values()))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two flags whose hashes are correlated more than chance explains."""

    left: str
    right: str
    correlation: float


@dataclass(slots=True)
class Balance:
    """The counts of a population; ``rows`` is the number of people with an id."""

    flags: dict[str, FlagBalance]
    rows: int = 0
    sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    products: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))

    def pairs(self) -> list[Pair]:
        """Return the pairs that chance does not explain, the strongest correlation first."""
        if self.rows < 3:
            return []
        found = self._correlations()
        # Four and a half deviations: chance gives one such pair in 150,000.
        limit = 4.5 / np.sqrt(self.rows)
        keys = list(self.flags)
        pairs = [
            Pair(keys[i], keys[j], float(found[i, j]))
            for i, j in combinations(range(len(keys)), 2)
            if abs(found[i, j]) > limit
        ]
        return sorted(pairs, key=lambda pair: -abs(pair.correlation))

    def _correlations(self) -> NDArray[np.float64]:
        means = self.sums / self.rows
        covariance = self.products / self.rows - np.outer(means, means)
        deviations = np.sqrt(np.maximum(np.diag(covariance), 1e-30))
        return np.asarray(covariance / np.outer(deviations, deviations))


_Counted = tuple[int, list[FlagBalance], NDArray[np.float64], NDArray[np.float64]]


def measure_balance(engine: Engine, batches: Iterable[pa.RecordBatch], threads: int) -> Balance:
    """Count a population in one pass, over the flags that are hashed by the distinct id."""
    plans = [plan for plan in map(engine.plans.plan, engine.keys) if plan and _is_hashed(plan)]
    found = Balance({plan.key: FlagBalance(plan) for plan in plans})
    found.sums, found.products = np.zeros(len(plans)), np.zeros((len(plans), len(plans)))
    for rows, flags, sums, products in in_order(
        lambda item: _counted(engine, plans, *item), numbered(batches), threads
    ):
        found.rows += rows
        found.sums += sums
        found.products += products
        for total, part in zip(found.flags.values(), flags, strict=True):
            _add(total, part)
    return found


def _is_hashed(plan: FlagPlan) -> bool:
    """Tell whether a flag's answers depend on the hash of its key and the distinct id.

    A flag of format 2 is left out: each of its rules has a hash of its own.
    """
    if plan.config_version == 2:
        return False
    return plan.active and bool(_by_person(plan)) and bool(_rollouts(plan) or plan.variants)


def _by_person(plan: FlagPlan) -> list[ConditionPlan]:
    return [condition for condition in plan.conditions if condition.bucketing.by is BucketBy.PERSON]


def _rollouts(plan: FlagPlan) -> list[float]:
    shares = {condition.share for condition in _by_person(plan)}
    return sorted(share.percentage for share in shares if share.without_hash is None)


def _counted(
    engine: Engine, plans: Sequence[FlagPlan], first_row: int, batch: pa.RecordBatch
) -> _Counted:
    rows = engine.rows(batch, first_row)
    codes = dict(zip(engine.keys, engine.run(rows), strict=True))
    places = np.zeros((len(plans), 0))
    flags = []
    for place, plan in enumerate(plans):
        fractions = _fractions(rows, plan, "")
        if place == 0:
            places = np.empty((len(plans), len(fractions)))
        places[place] = fractions
        flags.append(_of_flag(plan, fractions, _fractions(rows, plan, VARIANT_SALT)))
        _count_given(engine, flags[-1], codes[plan.key])
    return places.shape[1], flags, places.sum(axis=1), places @ places.T


def _fractions(rows: Rows, plan: FlagPlan, salt: str) -> NDArray[np.float64]:
    """Return h for everyone with a distinct id that can be hashed."""
    hashed = rows.person_ids.presence.where(lambda label: label is True)
    numbers = rows.person_ids.numbers(plan.algorithm, plan.prefix, salt, hashed, clip=True)
    return numbers[numbers < BUCKETS].astype(np.float64) / BUCKETS


def _of_flag(
    plan: FlagPlan, fractions: NDArray[np.float64], draws: NDArray[np.float64]
) -> FlagBalance:
    found = FlagBalance(plan)
    bins = np.minimum((fractions * BINS).astype(np.int64), BINS - 1)
    found.bins = np.bincount(bins, minlength=BINS)
    for percentage in _rollouts(plan):
        found.inside[percentage] = int((fractions <= percentage / 100).sum())
    if plan.variants:
        ends = np.maximum.accumulate([variant.upper for variant in plan.variants])
        counts = np.bincount(np.searchsorted(ends, draws, side="right"), minlength=len(ends) + 1)
        names = [*(variant.key for variant in plan.variants), "true"]
        for name, count in zip(names, counts.tolist(), strict=True):
            found.drawn[name] += count
    return found


def _count_given(engine: Engine, flag: FlagBalance, codes: NDArray[Any]) -> None:
    """Count the variants that people get by a draw; leave out pinned and held-out people."""
    counts = np.bincount(codes)
    answers = engine.answers(flag.plan.key).resolutions
    drawing = {condition.index for condition in _by_person(flag.plan) if condition.draws}
    for place in np.flatnonzero(counts):
        answer = answers[place]
        if answer.reason is Reason.CONDITION_MATCH and answer.condition_index in drawing:
            flag.given[answer.variant or "true"] += int(counts[place])


def _add(total: FlagBalance, part: FlagBalance) -> None:
    total.bins += part.bins
    total.drawn += part.drawn
    total.given += part.given
    for percentage, inside in part.inside.items():
        total.inside[percentage] = total.inside.get(percentage, 0) + inside
