"""flagengine through its functions: a flag, a bound flag, all flags, one of all; raw documents.

The timing includes reading the value, as a caller does.
"""

from __future__ import annotations

import json
from array import array
from inspect import signature
from itertools import cycle
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
    from collections.abc import Callable

    from benchmarks.specs import Answer, Person
    from benchmarks.workload import Workload

__all__ = ["Bound", "Copied", "Many", "Mapping", "Octets", "One", "Single", "Text"]

#: The number of equal documents that take turns.
_COPIES = 50


class _Loaded:
    """The base of the adapters, with a parsed snapshot."""

    bucketing: Bucketing = "posthog"

    def __init__(self) -> None:
        self._engine = imported("flagengine")
        for name in ("Snapshot", "evaluate", "evaluate_flag"):
            getattr(self._engine, name)  # imported at its first use, which is not a part of loading
        self._snapshot: Any = None

    def document(self, workload: Workload) -> str:
        """Return the definitions, which are in PostHog's format."""
        return json.dumps(workload.definitions)

    def load(self, document: str) -> Any:
        """Parse the text."""
        self._snapshot = self._engine.Snapshot.parse(document)
        return self

    def reload(self, document: str) -> Any:
        """Parse a later text of the same project, as a poll does."""
        parse = self._engine.Snapshot.parse
        later = "previous" in signature(parse).parameters
        self._snapshot = parse(document, previous=self._snapshot) if later else parse(document)
        return self

    def column(self, prefix: str, offsets: array[int], data: bytes) -> Callable[[], array[int]]:
        """Return the hashing of a column of texts, from Arrow's buffers into numbers."""
        buckets = imported("flagengine.hashing.buckets")
        columns = imported("flagengine.hashing.string_column")
        count = len(offsets) - 1
        column = columns.StringColumn(offsets=offsets, data=data, count=count)
        numbers = array("Q", bytes(8 * count))

        def run() -> array[int]:
            sha1 = buckets.Algorithm.SHA1
            columns.bucket_column(sha1, prefix, "", column, numbers, clip=True)
            return numbers

        return run

    def subject(self, person: Person) -> object:
        """Return the caller's dict."""
        return person.properties


class Single(_Loaded):
    """`evaluate_flag(snapshot, key, id, properties)`."""

    def question(self, workload: Workload) -> Question:
        """Return a call per flag, which also reads the payload if the workload has payloads."""
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
    """`snapshot.evaluator(key)`, for the fastest loops."""

    def question(self, workload: Workload) -> Question:
        """Return a bound function per flag, bound before the loop."""
        plain_context(workload)
        if not hasattr(self._snapshot, "evaluator"):
            # Earlier commits, with which runs are compared, have no bound flags.
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
    """`evaluate(snapshot, id, properties)`, and then reading every answer."""

    def question(self, workload: Workload) -> Question:
        """Return a call for all flags, which also reads the values, because `evaluate` is lazy."""
        if workload.payload or len(workload.asked) != len(workload.definitions["flags"]):
            message = "measured where all flags are asked for"
            raise UnsupportedError(message)
        names = {"evaluate": self._engine.evaluate, "snapshot": self._snapshot}
        keywords = "".join(f", {name}={name}" for name in workload.context)
        call = f"[r.value for r in evaluate(snapshot, person_id, subject{keywords}).values()]"
        return Question(call, {**names, **workload.context}, tuple)


class One(_Loaded):
    """`evaluate(definitions, id, properties)[key]`, of a snapshot."""

    _definitions = "definitions"

    def question(self, workload: Workload) -> Question:
        """Return the call that evaluates all flags and reads one."""
        if workload.payload or len(workload.asked) != 1:
            message = "measured where one flag is asked for"
            raise UnsupportedError(message)
        names = {"evaluate": self._engine.evaluate, "key": only_one(workload)}
        keywords = "".join(f", {name}={name}" for name in workload.context)
        call = f"evaluate({self._definitions}, person_id, subject{keywords})[key].value"
        return Question(call, {**names, **workload.context, "definitions": self._snapshot})


class Mapping(One):
    """The same of the parsed JSON document, one object for all calls."""

    def load(self, document: str) -> Any:
        """Parse the JSON."""
        self._snapshot = json.loads(document)
        return self


class Copied(One):
    """The same of equal documents, each another object than at the calls before."""

    _definitions = "next(definitions)"

    def load(self, document: str) -> Any:
        """Parse the JSON many times."""
        self._snapshot = cycle([json.loads(document) for _ in range(_COPIES)])
        return self


class Text(One):
    """The same of JSON text."""

    def load(self, document: str) -> Any:
        """Keep the text."""
        self._snapshot = document
        return self


class Octets(One):
    """The same of JSON text in UTF-8."""

    def load(self, document: str) -> Any:
        """Keep the bytes."""
        self._snapshot = document.encode()
        return self


def _value_of(pair: tuple[Answer, object]) -> tuple[Answer, ...]:
    """Return the value, after checking that a variant has its payload."""
    value, payload = pair
    if isinstance(value, str) and not (isinstance(payload, dict) and payload["layout"] == value):
        message = f"the variant {value!r} came with the payload {payload!r}"
        raise WrongAnswerError(message)
    return (value,)
