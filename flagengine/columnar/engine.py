"""A call's flags over batches: which answer each row has, flag by flag.

This reads no table and writes none: it turns rows into positions among answers.
"""

from collections.abc import Callable, Hashable, Iterable
from datetime import tzinfo
from typing import Any, TypedDict

import pyarrow as pa
from numpy.typing import NDArray

from flagengine.call import Call, CallOptions
from flagengine.columnar.cases import Cases
from flagengine.columnar.flag_kernel import Answers, FlagKernel
from flagengine.columnar.layout import Layout
from flagengine.columnar.rows import Rows
from flagengine.columnar.verdicts import DECIDED, Doubts, Label, Tests
from flagengine.evaluation.outcomes import is_filtered_out
from flagengine.inputs.clock import current_time
from flagengine.inputs.overrides import Overrides
from flagengine.inputs.subject import Completeness
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.nodes import FlagTest
from flagengine.results.resolution import Resolution
from flagengine.snapshot import Snapshot

__all__ = ["BatchOptions", "Engine"]


class BatchOptions(TypedDict, total=False):
    """What a call says beside its rows: the same for all of them. See ``CallOptions``."""

    now: Any
    project_timezone: str | tzinfo
    complete: Any
    missing_group: Any
    evaluation_runtime: Any
    evaluation_contexts: Any
    overrides: Any


class Engine:
    """Flags of a snapshot, bound to a call's options. Safe to use from several threads."""

    def __init__(
        self,
        snapshot: Snapshot,
        layout: Layout,
        flags: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        """Check the options and compile the flags."""
        options["now"] = options.get("now") or current_time()
        self._options: CallOptions = {k: v for k, v in options.items() if v is not None}  # type: ignore[assignment]
        call = Call(snapshot, "", {}, self._options)
        self.snapshot = snapshot
        self.layout = layout
        self.now = options["now"]
        self.keys = tuple(call.keys(flags))
        self.overridden = snapshot.overrides | Overrides.parse(options.get("overrides"))
        self._complete = Completeness(options.get("complete") or False)
        self._moment = call.subject.moment
        self._kernels: dict[str, FlagKernel] = {}
        self._memory: dict[Hashable, dict[str, Label]] = {}
        for key in self.keys:
            self._kernel(key)

    def answers(self, key: str) -> Answers:
        """Return the answers of a flag so far."""
        return self._kernels[key].answers

    def rows(self, batch: pa.RecordBatch, first_row: int = 0) -> Rows:
        """Lay out a batch."""
        return Rows(batch, self.layout, first_row)

    def run(self, rows: Rows) -> list[NDArray[Any]]:
        """Return for each flag the position of every row's answer."""
        found: dict[str, NDArray[Any]] = {}
        strict = self._options.get("missing_group") == "unresolved"

        def answered(key: str) -> NDArray[Any]:
            if key not in found:
                found[key] = self._kernel(key).run(rows, tests)
            return found[key]

        def dependency(node: FlagTest) -> Cases:
            return self._dependency(node, answered)

        tests = Tests(
            rows,
            self._complete,
            self._moment,
            dependency,
            self._memory,
            strict_groups=strict,
        )
        try:
            return [answered(key) for key in self.keys]
        finally:
            # Tests and dependencies refer to each other: a batch's memory is not to wait for the
            # garbage collector, which does not know how much it is.
            tests.forget()
            found.clear()

    def _kernel(self, key: str) -> FlagKernel:
        if key not in self._kernels:

            def scalar(rows: Rows, row: int) -> Resolution:
                return self.resolve(key, rows, row)

            self._kernels[key] = FlagKernel(self._plan(key), scalar)
        return self._kernels[key]

    def resolve(self, key: str, rows: Rows, row: int) -> Resolution:
        """Evaluate one flag for one row by the scalar engine."""
        distinct_id, properties, options = rows.inputs(row)
        call = Call(self.snapshot, distinct_id, properties, {**self._options, **options})  # type: ignore[typeddict-item]
        return call.resolve(key)

    def _plan(self, key: str) -> FlagPlan | None:
        """Return what of a flag's definition matters; None for nothing."""
        plan = self.snapshot.plan(key)
        if plan is None or key in self.overridden.flags or plan.defect or not plan.active:
            return None
        contexts = self._options.get("evaluation_contexts")
        tags = None if contexts is None else frozenset(contexts)
        if is_filtered_out(plan, self._options.get("evaluation_runtime"), tags):
            return None
        return plan

    def _dependency(self, node: FlagTest, answered: Callable[[str], NDArray[Any]]) -> Cases:
        """Compare the answers of another flag; one that cannot be followed is one doubt (R11)."""
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
