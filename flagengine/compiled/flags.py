"""The interface between a flag that is compiled and the other flags of its snapshot."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flagengine.inputs.overrides import Overrides
from flagengine.inputs.subject import Subject
from flagengine.plan.flag_plan import FlagPlan
from flagengine.results.resolution import Resolution

__all__ = ["Evaluator", "Flags"]

Evaluator = Callable[..., Resolution]
"""A function from ``(distinct_id, props, subject=None)`` to one flag's resolution."""


class Flags(Protocol):
    """The flags of a snapshot."""

    @property
    def overrides(self) -> Overrides:
        """The snapshot's own overrides."""

    def plan(self, key: str) -> FlagPlan:
        """Return the plan of a flag of the snapshot; it may be made for this call."""

    def evaluator(self, key: str) -> Evaluator:
        """Return the compiled flag."""

    def interpret(
        self, key: str, distinct_id: object, props: Mapping[str, Any], subject: Subject | None
    ) -> Resolution:
        """Evaluate a flag with the interpreter."""

    def new_subject(self, distinct_id: object, props: Mapping[str, Any] | None) -> Subject:
        """Return a subject with the snapshot's clock."""
