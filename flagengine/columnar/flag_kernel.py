"""One flag over batches: rows sorted into cases, and one call of the scalar engine per case.

A row's case holds everything that its answer can depend on: the verdicts, which ids are present,
and the intervals of its bucket numbers. So equal cases have equal answers, and no second evaluator
can differ from the scalar engine. Cases are remembered from batch to batch.
"""

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flagengine.columnar.cases import Cases, combined, looked_up, smallest_type
from flagengine.columnar.rows import Rows
from flagengine.columnar.rules import rule_cases
from flagengine.columnar.subject_ids import Mask, SubjectIds
from flagengine.columnar.verdicts import Tests
from flagengine.columnar.walk import Shares, Start, Walk
from flagengine.evaluation.draws import HOLDOUT_PREFIX, VARIANT_SALT
from flagengine.plan.flag_plan import ConditionPlan, FlagPlan
from flagengine.plan.shares import BucketBy, Bucketing
from flagengine.results.resolution import Resolution

__all__ = ["Answers", "FlagKernel"]

Scalar = Callable[[Rows, int], Resolution]
"""A function that evaluates one row with the scalar engine."""

_REMEMBERED: Final = 1 << 18
"""The maximum number of remembered cases; a flag with more cases gains little from a memory."""


class Answers:
    """The distinct answers of one flag so far; each answer keeps its position."""

    def __init__(self) -> None:
        """Start without answers."""
        self.resolutions: list[Resolution] = []
        self.cases: int = 0
        """The number of calls of the scalar engine."""
        self._positions: dict[Resolution, int] = {}
        self._known: dict[Any, int] = {}
        self._lock = Lock()

    def known(self, label: Any) -> int:
        """Return the position of a case's answer; -1 for a new case."""
        return self._known.get(label, -1)

    def learn(self, label: Any, resolution: Resolution) -> int:
        """Remember a case's answer; return its position."""
        with self._lock:
            self.cases += 1
            position = self._positions.setdefault(resolution, len(self.resolutions))
            if position == len(self.resolutions):
                self.resolutions.append(resolution)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[label] = position
            return position


class FlagKernel:
    """One flag of one call; ``plan`` is None where the answer does not depend on the definition."""

    def __init__(self, plan: FlagPlan | None, scalar: Scalar) -> None:
        """Prepare everything that does not depend on the rows."""
        self.answers: Answers = Answers()
        self._scalar = scalar
        self._walked = None if plan is None else (plan, Walk(plan))
        self._subjects = () if plan is None else _subjects(plan)
        self._rollouts: dict[Any, frozenset[Bucketing]] = {}
        self._draws: dict[Any, frozenset[Bucketing]] = {}

    def run(self, rows: Rows, tests: Tests) -> NDArray[Any]:
        """Return for every row the position of its answer among :attr:`answers`."""
        if self._walked is None:
            return self._answered(rows, Cases.constant(()))
        plan, walk = self._walked
        if plan.config_version == 2:
            return self._answered(rows, rule_cases(plan, rows, tests))
        start = combined(self._parts(plan, rows, tests))
        hashed = self._hashed(plan, walk, rows, start)
        return self._answered(rows, self._drawn(plan, walk, rows, hashed))

    def _parts(self, plan: FlagPlan, rows: Rows, tests: Tests) -> list[Cases]:
        """Return the parts of a case that are known before hashing; :meth:`_start` reads them."""
        enrollment = Cases.constant(None)
        if plan.enrollment is not None:
            enrollment = tests.enrollment(plan.enrollment)
        verdicts = [_condition(condition, tests) for condition in plan.conditions]
        present = [_ids(rows, bucketing).presence for bucketing in self._subjects]
        return [enrollment, _held_out(plan, rows), *verdicts, *present]

    def _start(self, plan: FlagPlan, label: tuple[Any, ...]) -> Start:
        enrollment, held_out, *rest = label
        count = len(plan.conditions)
        present = dict(zip(self._subjects, rest[count:], strict=True))
        return Start(enrollment, held_out is True, rest[:count], present)

    def _hashed(self, plan: FlagPlan, walk: Walk, rows: Rows, start: Cases) -> Cases:
        """Add the intervals of the rollout hashes that may matter."""
        found = [start]
        for bucketing, shares in walk.shares.items():
            matters = partial(self._rolls, plan, walk, bucketing)
            found.append(_intervals(plan, rows, bucketing, shares, start.where(matters)))
        return combined(found)

    def _rolls(self, plan: FlagPlan, walk: Walk, bucketing: Bucketing, label: Any) -> bool:
        found = self._rollouts.get(label)
        if found is None:
            found = walk.rollouts(self._start(plan, label))
            _remember(self._rollouts, label, found)
        return bucketing in found

    def _drawn(self, plan: FlagPlan, walk: Walk, rows: Rows, hashed: Cases) -> Cases:
        """Add the variants drawn by the hashes that may matter."""
        found = [hashed]
        for bucketing in self._subjects:
            if bucketing not in walk.drawing:
                continue
            wanted = hashed.where(partial(self._draws_variant, plan, walk, bucketing))
            drawn = _intervals(plan, rows, bucketing, walk.variants, wanted, VARIANT_SALT)
            found.append(drawn)
        return combined(found)

    def _draws_variant(self, plan: FlagPlan, walk: Walk, bucketing: Bucketing, label: Any) -> bool:
        found = self._draws.get(label)
        if found is None:
            start, *intervals = label
            by_subject = dict(zip(walk.shares, intervals, strict=True))
            found = walk.draws(self._start(plan, start), by_subject)
            _remember(self._draws, label, found)
        return bucketing in found

    def _answered(self, rows: Rows, cases: Cases) -> NDArray[Any]:
        """Return the answers' positions; evaluate the first row of each new case."""
        positions = [self.answers.known(label) for label in cases.labels]
        found = _positions(positions, cases, rows.count)
        if -1 not in positions or not rows.count or found.min() >= 0:
            return found  # only labels without rows are unknown
        firsts = _first_rows(cases, rows.count)
        for place, label in enumerate(cases.labels):
            if positions[place] < 0 and firsts[place] < rows.count:
                resolution = self._scalar(rows, int(firsts[place]))
                positions[place] = self.answers.learn(label, resolution)
        return _positions(positions, cases, rows.count)


def _positions(positions: list[int], cases: Cases, count: int) -> NDArray[Any]:
    is_known = min(positions) >= 0
    table = np.array(positions, smallest_type(max(positions) + 1) if is_known else np.int32)
    if cases.codes is None:
        return np.full(count, table[0], table.dtype)
    return looked_up(table, cases.codes)


def _remember(known: dict[Any, Any], label: Any, found: Any) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[label] = found


def _first_rows(cases: Cases, count: int) -> NDArray[np.int64]:
    """Return the first row of each case; ``count`` for a case without rows."""
    if cases.codes is None:
        return np.zeros(len(cases.labels), np.int64)
    firsts = np.full(len(cases.labels), count, np.int64)
    firsts[cases.codes[::-1]] = np.arange(count - 1, -1, -1)
    return firsts


def _subjects(plan: FlagPlan) -> tuple[Bucketing, ...]:
    """Return the subjects whose presence is part of a case: all but groups without a name."""
    subjects = dict.fromkeys(condition.bucketing for condition in plan.conditions)
    return tuple(subject for subject in subjects if subject.by is not BucketBy.UNNAMED_GROUP)


def _condition(condition: ConditionPlan, tests: Tests) -> Cases:
    """Return a condition's verdict; all its tests' verdicts if one may fail the flag (R10.8)."""
    found = [tests.verdicts(node) for node in condition.tests]
    _, failing = condition.parted
    return combined(found) if failing else tests.joined(found)


def _ids(rows: Rows, bucketing: Bucketing) -> SubjectIds:
    if bucketing.by is BucketBy.DEVICE:
        return rows.device_ids
    if bucketing.by is not BucketBy.GROUP:
        return rows.person_ids
    return rows.group_ids(bucketing.group or "")


def _intervals(
    plan: FlagPlan,
    rows: Rows,
    bucketing: Bucketing,
    shares: Shares,
    wanted: Mask,
    salt: str = "",
    prefix: str | None = None,
) -> Cases:
    """Return the interval of each row's number; the last interval for a row that is not wanted."""
    if wanted is False:
        return Cases.constant(None)
    prefix = plan.prefix if prefix is None else prefix
    ids, clip = _ids(rows, bucketing), bucketing.is_cut
    return shares.intervals(ids.numbers(plan.algorithm, prefix, salt, wanted, clip=clip))


def _held_out(plan: FlagPlan, rows: Rows) -> Cases:
    """Return which rows are held out: True, False, or None for unknown (SPEC R4.7 to R4.9)."""
    holdout = plan.holdout
    if holdout is None or not holdout.bucketing.is_hashable:
        return Cases.constant(None)
    shares = Shares.of_rollouts({holdout.share})
    inside: list[Cases] = []
    for bucketing in holdout.subjects:
        inside.append(_ids(rows, bucketing).presence)
        inside.append(_intervals(plan, rows, bucketing, shares, True, prefix=HOLDOUT_PREFIX))
    return combined(inside).relabelled(_verdict_of_holdout)


def _verdict_of_holdout(label: tuple[Any, ...]) -> bool | None:
    """Return the verdict of the first subject that is present; None without a subject."""
    for present, interval in zip(label[::2], label[1::2], strict=True):
        if present:
            return bool(interval == 0)
    return None
