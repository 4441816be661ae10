"""flagengine through each of its three entries: one flag, one bound flag, all flags."""

from __future__ import annotations

import json
from typing import Any

from ..specs import Answer, Person
from ..workload import Workload
from .base import Bucketing, Question, UnsupportedError, imported, only_one, plain_context

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

    def load(self, document: str) -> Any:  # noqa: ANN401 - the adapter itself, of whichever class
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
        if len(workload.asked) > 1:
            every = f"[{call} for key in keys]"
            return Question(every, {**names, "keys": workload.asked}, _values)
        names |= {"key": only_one(workload), **workload.context}
        if workload.payload:
            return Question(f"(r := {call}, r.payload)", names, _value_before_payload)
        return Question(call, names, lambda resolution: (resolution.value,))


class Bound(_Loaded):
    """`snapshot.evaluator(key)`, for the tightest loops."""

    def question(self, workload: Workload) -> Question:
        """One bound function per flag, bound before the loop."""
        plain_context(workload)
        bound = [self._snapshot.evaluator(key) for key in workload.asked]
        if len(bound) > 1:
            every = "[bound(person_id, subject) for bound in all_bound]"
            return Question(every, {"all_bound": bound}, _values)
        names = {"bound": bound[0]}
        if workload.payload:
            call = "(r := bound(person_id, subject), r.payload)"
            return Question(call, names, _value_before_payload)
        return Question("bound(person_id, subject)", names, lambda found: (found.value,))


class Many(_Loaded):
    """`evaluate(snapshot, id, properties)`, then every answer read."""

    def question(self, workload: Workload) -> Question:
        """One call for all flags of the snapshot; it is lazy, so the values are read inside."""
        if workload.payload or len(workload.asked) != len(workload.definitions["flags"]):  # type: ignore[arg-type]
            message = "measured where all flags are asked for"
            raise UnsupportedError(message)
        names = {"evaluate": self._engine.evaluate, "snapshot": self._snapshot}
        keywords = "".join(f", {name}={name}" for name in workload.context)
        call = f"[r.value for r in evaluate(snapshot, person_id, subject{keywords}).values()]"
        return Question(call, {**names, **workload.context}, tuple)


def _values(resolutions: list[Any]) -> tuple[Answer, ...]:
    return tuple(resolution.value for resolution in resolutions)


def _value_before_payload(pair: tuple[Any, object]) -> tuple[Answer, ...]:
    resolution, payload = pair
    if isinstance(resolution.value, str) and payload is None:
        message = f"no payload for the variant {resolution.value!r}"
        raise ValueError(message)
    return (resolution.value,)
