"""flagengine's client with local evaluation; its batches go to a transport that discards them."""

from __future__ import annotations

import gc
import json
from time import perf_counter, perf_counter_ns
from typing import TYPE_CHECKING, Any, ClassVar

from benchmarks.loading import resident
from benchmarks.rivals.base import EVENT, KEEP, Bucketing, Question, imported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.specs import Answer, Person
    from benchmarks.workload import Workload

__all__ = ["Capture", "EvaluateFlags", "Getter", "ToldGetter", "ZstandardCapture", "remember"]

#: The number of reads between two flushes.
_STEP = 1_000


class _Client:
    bucketing: Bucketing = "posthog"
    #: Options of the client that delivers events.
    _delivering: ClassVar[Mapping[str, object]] = {"gzip": True}

    def __init__(self) -> None:
        self._module = imported("flagengine.transports")
        self._client: Any = None

    def document(self, workload: Workload) -> str:
        """Return the definitions, which are in PostHog's format."""
        return json.dumps(workload.definitions)

    def load(self, document: str) -> Any:
        """Return a client with these definitions, whose events wait for a flush."""
        self._client = self._made(json.loads(document), transport=_swallow(self._module), **KEEP)
        return self

    def subject(self, person: Person) -> object:
        """Return the caller's dict."""
        return person.properties

    def deliver(self, host: str, events: int) -> float:
        """Return the events per second from the first `capture` until the client has shut down."""
        made = self._made({"flags": []}, host=host, max_queue_size=events, **self._delivering)
        return deliver(made, events)

    def remember(self, ids: int) -> dict[str, float]:
        """Return the result of `remember` for a new client."""
        return remember(self._client, ids)

    def _made(self, definitions: Mapping[str, object], **options: Any) -> Any:
        source = self._module.MemoryDefinitions(definitions)
        return self._module.Client("phc_none", definitions=source, **options)

    def _asking(self, workload: Workload, call: str, more: str = "") -> Question:
        given = "".join(f", {name}={name}" for name in workload.context)
        keywords = f"person_properties=subject, only_evaluate_locally=True{given}{more}"
        names = {"client": self._client, **workload.context}
        return Question(call.format(keywords), names, settle=self._client.flush)


class ToldGetter(_Client):
    """`get_feature_flag`, whose event was sent at the first read for the person."""

    _more = ""

    def question(self, workload: Workload) -> Question:
        """Return a local read of the flag."""
        (key,) = workload.asked
        return self._asking(
            workload, f"client.get_feature_flag({key!r}, person_id, {{}})", self._more
        )


class Getter(ToldGetter):
    """`get_feature_flag` without an event."""

    _more = ", send_feature_flag_events=False"


class EvaluateFlags(_Client):
    """`evaluate_flags`: all flags of a person; the values are read outside the timing."""

    def question(self, workload: Workload) -> Question:
        """Return a local call for all flags of the snapshot."""
        asked = self._asking(workload, "client.evaluate_flags(person_id, {})")

        def read(found: Any) -> tuple[Answer, ...]:
            return tuple(found.get_flag(key) for key in workload.asked)

        return Question(asked.expression, asked.names, read, asked.settle)


class Capture(_Client):
    """`capture`: the caller's time, and the events that a worker delivers."""

    def question(self, workload: Workload) -> Question:
        """Return a call that queues an event."""
        del workload
        call = "client.capture('viewed', distinct_id=person_id, properties=event)"
        names = {"client": self._client, "event": EVENT}
        return Question(call, names, lambda _: (), self._client.flush)


class ZstandardCapture(Capture):
    """The same with zstd, where a server takes it."""

    _delivering: ClassVar[Mapping[str, object]] = {"capture_compression": "zstd"}


def _swallow(module: Any) -> Any:
    class Swallow:
        def request(self, request: object) -> Any:
            del request
            return module.Response(200)

    return Swallow()


def deliver(client: Any, events: int) -> float:
    """Return the events per second from the first `capture` until the client has shut down."""
    started = perf_counter()
    for _ in range(events):
        client.capture("viewed", distinct_id="user-8", properties=EVENT)
    client.shutdown()
    return events / (perf_counter() - started)


def remember(client: Any, ids: int) -> dict[str, float]:
    """Read the flag `flag-0` for new ids; return nanoseconds a read, and the growth of memory.

    The events are flushed on the way, so what is left is what the client remembers.
    """
    _read(client, "first", _STEP)
    gc.collect()
    before = resident()
    taken = _read(client, "id", ids)
    gc.collect()
    return {"ns": taken / ids, "bytes": max(0, resident() - before)}


def _read(client: Any, prefix: str, ids: int) -> int:
    """Return the nanoseconds of the reads alone."""
    taken = 0
    for start in range(0, ids, _STEP):
        names = [f"{prefix}-{number}" for number in range(start, min(start + _STEP, ids))]
        started = perf_counter_ns()
        for name in names:
            client.get_feature_flag(
                "flag-0",
                name,
                person_properties={"country": "us", "email": "ada@corp.example"},
                only_evaluate_locally=True,
            )
        taken += perf_counter_ns() - started
        client.flush()
    return taken
