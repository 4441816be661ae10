"""flagengine through each of its three entries: one flag, one bound flag, all flags.

The value is read inside the timing, as a caller would.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.expected import WrongAnswerError
from benchmarks.rivals.base import (
    Bucketing,
    Question,
    UnsupportedError,
    imported,
    only_one,
    plain_context,
)

if TYPE_CHECKING:
    from benchmarks.specs import Answer, Person
    from benchmarks.workload import Workload

__all__ = ["Bound", "Many", "Single"]


class _Loaded:
    """A parsed snapshot; the entries differ in how they ask it."""

    bucketing: Bucketing = "posthog"

    def __init__(self) -> None:
        self._engine = imported("flagengine")
        self._snapshot: Any = None

    def document(self, workload: Workload) -> str:
        """PostHog's format as it is."""
        return json.dumps(workload.definitions)

    def load(self, document: str) -> Any:
        """Parse the text."""
        self._snapshot = self._engine.Snapshot.parse(document)
        return self

    def subject(self, person: Person) -> object:
        """The caller's dict as it is."""
        return person.properties


class Single(_Loaded):
    """`evaluate_flag(snapshot, key, id, properties)`."""

    def question(self, workload: Workload) -> Question:
        """One call per flag; with a payload, the payload is read too."""
        names = {"evaluate_flag": self._engine.evaluate_flag, "snapshot": self._snapshot}
        keywords = "".join(f", {name}={name}" for name in workload.context)
        call = f"evaluate_flag(snapshot, key, person_id, subject{keywords})"
        names |= workload.context
        if len(workload.asked) > 1:
            return Question(
                f"[{call}.value for key in keys]", names | {"keys": workload.asked}, tuple
            )
        names["key"] = only_one(workload)
        if workload.payload:
            return Question(f"((r := {call}).value, r.payload)", names, _value_of)
        return Question(f"{call}.value", names)


class Bound(_Loaded):
    """`snapshot.evaluator(key)`, for the tightest loops."""

    def question(self, workload: Workload) -> Question:
        """One bound function per flag, bound before the loop."""
        plain_context(workload)
        if not hasattr(self._snapshot, "evaluator"):
            # Runs of an earlier commit are worth comparing with.
            message = "this version binds no flags"
            raise UnsupportedError(message)
        bound = [self._snapshot.evaluator(key) for key in workload.asked]
        if len(bound) > 1:
            every = "[bound(person_id, subject).value for bound in all_bound]"
            return Question(every, {"all_bound": bound}, tuple)
        names = {"bound": bound[0]}
        if workload.payload:
            call = "((r := bound(person_id, subject)).value, r.payload)"
            return Question(call, names, _value_of)
        return Question("bound(person_id, subject).value", names)


class Many(_Loaded):
    """`evaluate(snapshot, id, properties)`, then every answer read."""

    def question(self, workload: Workload) -> Question:
        """One call for all flags of the snapshot; it is lazy, so the values are read inside."""
        if workload.payload or len(workload.asked) != len(workload.definitions["flags"]):
            message = "measured where all flags are asked for"
            raise UnsupportedError(message)
        names = {"evaluate": self._engine.evaluate, "snapshot": self._snapshot}
        keywords = "".join(f", {name}={name}" for name in workload.context)
        call = f"[r.value for r in evaluate(snapshot, person_id, subject{keywords}).values()]"
        return Question(call, {**names, **workload.context}, tuple)


def _value_of(pair: tuple[Answer, object]) -> tuple[Answer, ...]:
    """The value, once it is certain that a variant came with its payload."""
    value, payload = pair
    if isinstance(value, str) and not (isinstance(payload, dict) and payload["layout"] == value):
        message = f"the variant {value!r} came with the payload {payload!r}"
        raise WrongAnswerError(message)
    return (value,)
