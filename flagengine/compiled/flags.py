"""What compiling a flag needs to know of the others."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flagengine.inputs.overrides import Overrides
from flagengine.inputs.subject import Subject
from flagengine.results.resolution import Resolution

__all__ = ["Evaluator", "Flags"]

Evaluator = Callable[..., Resolution]
"""One flag, bound: ``(distinct_id, props, subject=None)`` gives its resolution."""


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
        """Evaluate a flag by the interpreter, where compiling is not worth the effort."""

    def new_subject(self, distinct_id: object, props: Mapping[str, Any] | None) -> Subject:
        """Return a subject that can tell the time."""
