"""Flags that are compiled at their first use, because that takes no longer than to interpret them.

They are plain flags, and flags that have one answer. This module must not import the generator of
Python code.
"""

from typing import Any

from flagengine.compiled.flags import Evaluator, Home
from flagengine.compiled.plain import OnDemand, plain_flag
from flagengine.compiled.program import Program
from flagengine.evaluation.outcomes import disabled, unresolved
from flagengine.inputs.arguments import checked_mapping
from flagengine.inputs.subject import Subject
from flagengine.plan.flag_plan import FlagPlan
from flagengine.results.resolution import Resolution
from flagengine.results.verdicts import UNSUPPORTED

__all__ = ["compiled_at_once", "constantly"]


def compiled_at_once(plan: FlagPlan, home: Home) -> Evaluator | None:
    """Return the evaluator of a flag; None for a flag for which Python code must be generated."""
    if plan.defect is not None:
        return constantly(unresolved(plan, UNSUPPORTED, plan.defect))
    if not plan.active:
        return constantly(disabled(plan))
    return plain_flag(Program(plan), OnDemand(plan, home))


def constantly(resolution: Resolution) -> Evaluator:
    """Return an evaluator that always returns the same resolution."""

    def constant(_distinct_id: object, props: Any, _subject: Subject | None = None) -> Resolution:
        checked_mapping("props", props)
        return resolution

    return constant
