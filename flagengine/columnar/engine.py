"""The evaluation of a call's flags over batches: from rows to positions among a flag's answers.

This module reads and writes no table.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from typing import Any, Final, TypedDict, Unpack

import pyarrow as pa
from numpy.typing import NDArray

from flagengine.columnar.cases import Cases
from flagengine.columnar.flag_kernel import Answers, FlagKernel
from flagengine.columnar.layout import Layout
from flagengine.columnar.rows import Rows
from flagengine.columnar.verdicts import DECIDED, Doubts, Label, Memory, Tests
from flagengine.columnar.vocabulary import Vocabularies
from flagengine.compiled.call import EvaluationCall, requested_keys
from flagengine.inputs.overrides import Overrides
from flagengine.inputs.request import Request
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.nodes import FlagTest
from flagengine.plan.plans import Plans
from flagengine.results.resolution import Resolution
from flagengine.snapshot import Snapshot, evaluators_of
from flagengine.values.instants import Moment

__all__ = ["BatchOptions", "Engine"]

_REMEMBERED_CALLS: Final = 16
"""The number of rows whose answers the scalar engine remembers, because flags depend on each other."""


class BatchOptions(TypedDict, total=False):
    """The options of a call that are the same for every row: see ``CallOptions``."""

    now: Any
    project_timezone: str | tzinfo
    complete: Any
    missing_group: Any
    evaluation_runtime: Any
    evaluation_contexts: Any
    overrides: Any


class Engine:
    """The flags of a snapshot, bound to a call's options; safe to use from several threads."""

    def __init__(
        self,
        snapshot: Snapshot,
        layout: Layout,
        flag_keys: Iterable[str] | None = None,
        **options: Unpack[BatchOptions],
    ) -> None:
        """Check the options and compile the flags; ``now`` defaults to the current time."""
        given: Any = {name: value for name, value in options.items() if value is not None}
        request = Request.parse(given)
        evaluators = evaluators_of(snapshot, request)
        self.snapshot = snapshot
        self.plans: Plans = evaluators.plans
        self.layout = layout
        self.now: datetime = request.now or evaluators.clock()
        self.keys: tuple[str, ...] = tuple(requested_keys(evaluators, request, flag_keys))
        self.overridden: Overrides = evaluators.overrides | request.overrides
        self._evaluators = evaluators
        self._request = request._replace(now=self.now)
        self._moment = Moment.of(self.now, request.zone)
        self._kernels: dict[str, FlagKernel] = {}
        self._memory = Memory()
        self._vocabularies = Vocabularies()
        for key in self.keys:
            self._kernel(key)

    def answers(self, key: str) -> Answers:
        """Return the answers that a flag has given so far."""
        return self._kernels[key].answers

    def rows(self, batch: pa.RecordBatch, first_row: int) -> Rows:
        """Return the rows of a batch; ``first_row`` is its position in the table."""
        return Rows(batch, self.layout, first_row, self._vocabularies)

    def run(self, rows: Rows) -> list[NDArray[Any]]:
        """Return, for each flag, the position of every row's answer."""
        found: dict[str, NDArray[Any]] = {}

        def answered(key: str) -> NDArray[Any]:
            if key not in found:
                found[key] = self._kernel(key).run(rows, tests)
            return found[key]

        def dependency(node: FlagTest) -> Cases:
            return self._dependency(node, answered)

        tests = Tests(
            rows,
            self._request.complete,
            self._moment,
            dependency,
            self._memory,
            strict_groups=self._request.strict_groups,
        )
        try:
            return [answered(key) for key in self.keys]
        finally:
            # Tests and dependencies refer to each other, calls to the rows. Free the batch's memory now: the garbage
            # collector does not know how large a batch is, and would wait.
            tests.forget()
            found.clear()
            rows.calls.clear()

    def _kernel(self, key: str) -> FlagKernel:
        if key not in self._kernels:

            def scalar(rows: Rows, row: int) -> Resolution:
                return self.resolve(key, rows, row)

            self._kernels[key] = FlagKernel(self._plan(key), scalar)
        return self._kernels[key]

    def resolve(self, key: str, rows: Rows, row: int) -> Resolution:
        """Evaluate one flag for one row with the scalar engine."""
        known = rows.calls
        if (self, row) not in known:  # two engines may read the same rows
            if len(known) >= _REMEMBERED_CALLS:
                known.clear()
            distinct_id, properties, options = rows.inputs(row)
            request = self._request._replace(**options)
            known[self, row] = EvaluationCall(self._evaluators, distinct_id, properties, request)
        return known[self, row].resolve(key)

    def _plan(self, key: str) -> FlagPlan | None:
        """Return the plan of a flag; None when the answer does not depend on it."""
        plan = self.plans.plan(key)
        if plan is None or key in self.overridden.flags or not plan.active:
            return None
        return None if key in self._evaluators.hidden else plan

    def _dependency(self, node: FlagTest, answered: Callable[[str], NDArray[Any]]) -> Cases:
        """Compare another flag's answers; a broken dependency gives the same doubt for all (R11)."""
        if node.why_broken(self.overridden.flags) is not None:
            return Cases.constant(Doubts({("flag", node.key)}))
        codes = answered(node.key)
        resolutions = tuple(self.answers(node.key).resolutions)

        def verdict(resolution: Resolution) -> Label:
            matches = node.matches(resolution)
            if matches is None:
                return Doubts({("flag", node.key, resolution.missing)})
            return matches

        return Cases(resolutions, codes).relabelled(verdict, DECIDED)
