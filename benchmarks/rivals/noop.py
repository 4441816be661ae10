"""A function that does nothing, for the time of the loop and of a Python call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rivals.base import Bucketing, Question, UnsupportedError, only_one

if TYPE_CHECKING:
    from benchmarks.specs import Person
    from benchmarks.workload import Workload

__all__ = ["NoOperation"]


def _nothing(person_id: str, properties: object) -> None:
    """Take the arguments of an evaluator and return None."""


class NoOperation:
    """The call of the function; its answers are not checked."""

    bucketing: Bucketing = "posthog"

    def document(self, workload: Workload) -> str:
        """Return an empty document."""
        if workload.name not in {"w1", "w5"}:
            message = "measured in W1 and W5 only"
            raise UnsupportedError(message)
        return ""

    def load(self, document: str) -> NoOperation:
        """Load nothing."""
        del document
        return self

    def subject(self, person: Person) -> object:
        """Return the caller's dict."""
        return person.properties

    def question(self, workload: Workload) -> Question:
        """Return the call."""
        only_one(workload)
        return Question("nothing(person_id, subject)", {"nothing": _nothing}, lambda _: ())
