"""A function that does nothing: what the loop and a Python call cost by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rivals.base import Bucketing, Question, UnsupportedError, only_one

if TYPE_CHECKING:
    from benchmarks.specs import Person
    from benchmarks.workload import Workload

__all__ = ["NoOperation"]


def _nothing(person_id: str, properties: object) -> None:
    """Take what an evaluator takes and give nothing back."""


class NoOperation:
    """Answers nothing, and is therefore not checked."""

    bucketing: Bucketing = "posthog"

    def document(self, workload: Workload) -> str:
        """Nothing to load."""
        if workload.name not in {"w1", "w5"}:
            message = "measured in W1 and W5 only"
            raise UnsupportedError(message)
        return ""

    def load(self, document: str) -> NoOperation:
        """Nothing to load."""
        del document
        return self

    def subject(self, person: Person) -> object:
        """The caller's dict."""
        return person.properties

    def question(self, workload: Workload) -> Question:
        """The call alone."""
        only_one(workload)
        return Question("nothing(person_id, subject)", {"nothing": _nothing}, lambda _: ())
