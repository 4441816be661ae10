"""The interface between a flag that is compiled and the other flags of its snapshot."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flagengine.inputs.arguments import checked_mapping
from flagengine.inputs.request import NO_OPTIONS, Audience
from flagengine.inputs.subject import Subject
from flagengine.results.resolution import Resolution

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Protocol

    from flagengine.evaluation.interpreter import PlannedFlags
    from flagengine.inputs.overrides import Overrides
    from flagengine.plan.flag_plan import FlagPlan
    from flagengine.plan.plans import Plans

__all__ = ["Compiling", "Evaluator", "Flags", "Home", "Interpreted"]

Evaluator = Callable[..., Resolution]
"""A function from ``(distinct_id, props, subject=None)`` to one flag's resolution."""


if TYPE_CHECKING:  # a Protocol takes a quarter of a millisecond to define

    class Flags(Protocol):
        """The flags of a snapshot."""

        @property
        def overrides(self) -> Overrides:
            """The snapshot's own overrides."""

        def evaluator(self, key: str) -> Evaluator:
            """Return the compiled flag."""

        def interpret(
            self, key: str, distinct_id: object, props: Mapping[str, Any], subject: Subject | None
        ) -> Resolution:
            """Evaluate a flag with the interpreter."""

        def new_subject(self, distinct_id: object, props: Mapping[str, Any] | None) -> Subject:
            """Return a subject with the snapshot's clock."""

    class Home(Protocol):
        """The snapshot of a flag that keeps neither its plan nor its function."""

        def plan(self, key: str) -> FlagPlan:
            """Return the plan of a flag of the snapshot; it may be made for this call."""

        def generated(self, plan: FlagPlan) -> Evaluator:
            """Return the generated function of an active flag."""

    class Compiling(Protocol):
        """The flags of a snapshot that were compiled so far, and their plans."""

        plans: Plans
        overrides: Overrides
        clock: Callable[[], datetime]
        audience: Audience
        compiled: dict[str, Evaluator]
        followed: dict[str, Any]
else:
    Compiling = Flags = Home = Any


class Interpreted:
    """Flags that the interpreter can evaluate: a snapshot's, or one flag with those that it follows."""

    __slots__ = ()

    if TYPE_CHECKING:
        overrides: Overrides
        clock: Callable[[], datetime]
        audience: Audience

        @property
        def plans(self) -> PlannedFlags:
            """The plans of the flags."""

    def interpret(
        self,
        key: str,
        distinct_id: object,
        props: Mapping[str, Any] | None,
        subject: Subject | None = None,
    ) -> Resolution:
        """Evaluate a flag with the interpreter."""
        from flagengine.evaluation.interpreter import Interpreter  # noqa: PLC0415 not all flags need it

        subject = subject or self.new_subject(distinct_id, props)
        return Interpreter(self.plans, subject, self.overrides, *self.audience).flag(key).resolution

    def new_subject(self, distinct_id: object, props: Mapping[str, Any] | None) -> Subject:
        """Return a subject with this clock."""
        return Subject(distinct_id, checked_mapping("props", props), NO_OPTIONS, self.clock)
