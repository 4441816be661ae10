"""The health of bucketing: whether the hashes of a population fit the shares.

There are three kinds of test. Buckets: are everyone's hashes spread evenly, and do rollouts and
draws get their shares? Experiments: do the variants that people are given fit their weights (if
not, there is a sample ratio mismatch)? Pairs: are two flags' hashes correlated?
"""

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.batch.flag_keys import check_keys, requested
from flagengine.batch.inputs import numbered
from flagengine.batch.people import People, PeopleOptions
from flagengine.batch.statistics.balance_results import BINS, Balance, FlagBalance
from flagengine.batch.stream import in_order
from flagengine.columnar.engine import Engine
from flagengine.columnar.rows import Rows
from flagengine.definitions.document import Document
from flagengine.evaluation.draws import VARIANT_SALT
from flagengine.hashing.buckets import BUCKETS
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan
from flagengine.plan.shares import BucketBy
from flagengine.results.resolution import Reason
from flagengine.snapshot import Snapshot, as_snapshot

__all__ = ["balance", "measure_balance"]

_Counted = tuple[int, list[FlagBalance], NDArray[np.float64], NDArray[np.float64]]


def balance(
    flag_defs: Snapshot | Document,
    people: Any,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[PeopleOptions],
) -> Balance:
    """Check how a table of people falls into buckets.

    For each flag that hashes distinct ids, test whether the buckets are even, whether rollouts and
    variants get their shares, whether the variants given fit their weights (if not, there is a sample
    ratio mismatch), and whether the buckets of two flags are correlated. Flags of format 2 are left out,
    because each of their rules has a hash of its own.

    Args:
        flag_defs: A snapshot, or a document, which is parsed.
        people: A table, as for ``evaluate_table``; it is read once.
        flag_keys: The flags; by default all.
        options: The columns, ``progress`` and the options of the call: see :class:`PeopleOptions`.

    Raises:
        TableError: a column is missing, or a row cannot be read: see ``evaluate_table``.
        TypeError: an argument is of another type.
        ValueError: there is no flag with one of the keys.
    """
    snapshot, keys = as_snapshot(flag_defs), requested(flag_keys)
    table = People(people, options)
    engine = table.engine(snapshot, keys)
    check_keys(keys, snapshot.keys)
    return measure_balance(engine, table.batches, table.threads)


def measure_balance(engine: Engine, batches: Iterable[pa.RecordBatch], threads: int) -> Balance:
    """Count a population in one pass, over the flags that are hashed by the distinct id."""
    known = [plan for plan in map(engine.plans.plan, engine.keys) if plan]
    plans = [plan for plan in known if _is_hashed(plan)]
    left_out = tuple(plan.key for plan in known if plan.config_version == 2)
    found = Balance({plan.key: FlagBalance(plan) for plan in plans}, left_out=left_out)
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
