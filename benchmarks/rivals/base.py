"""The protocol of adapters, which translate flags into an engine's format, load and evaluate them.

An adapter imports its engine when it is made, not when its module is imported. So an engine that is
not installed is only an absent row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.specs import Answer, Person
    from benchmarks.workload import Workload

__all__ = [
    "EVENT",
    "KEEP",
    "Bucketing",
    "Engine",
    "Question",
    "Rival",
    "UnsupportedError",
    "imported",
    "only_one",
    "plain_context",
    "translatable",
]

#: The hash that decides percentages: with PostHog's hash, answers must agree person by person.
Bucketing = Literal["posthog", "own"]

#: The properties of a captured event.
EVENT = {"plan": "pro", "seats": 12, "$current_url": "https://example.com/pricing"}
#: Options with which a client keeps its events until it is flushed, so that no batch is timed.
KEEP: Mapping[str, Any] = {
    "flush_at": 1_000_000,
    "flush_interval": 3600.0,
    "max_queue_size": 1_000_000,
}


class UnsupportedError(Exception):
    """The engine cannot do this workload; the message is the reason in the table."""


@dataclass(frozen=True, slots=True)
class Question:
    """A call as source text, compiled into the timing loop so that no wrapper is timed.

    Attributes:
        expression: Python source that may use `person_id`, `subject` and the names below.
        names: The other names of the expression, which become local variables of the loop.
        read: Converts the value of the expression into answers, outside the timing.
        settle: Finishes what the calls of a slot left behind, outside the timing.
    """

    expression: str
    names: Mapping[str, object] = field(default_factory=dict)
    read: Callable[[Any], tuple[Answer, ...]] = lambda answer: (answer,)
    settle: Callable[[], object] = lambda: None


class Engine(Protocol):
    """An engine with a loaded document."""

    def subject(self, person: Person) -> object:
        """Return the engine's object for the person, which is made before the timing."""
        ...

    def question(self, workload: Workload) -> Question:
        """Return the call that evaluates the flags of the workload."""
        ...


class Rival(Protocol):
    """An adapter; its constructor imports the engine, and raises ImportError without it."""

    bucketing: Bucketing

    def document(self, workload: Workload) -> str:
        """Return the flags as JSON text in the engine's own format."""
        ...

    def load(self, document: str) -> Engine:
        """Return an engine that has loaded the JSON text and is ready to answer."""
        ...


def imported(name: str) -> Any:
    """Import a module of an engine that may not be installed."""
    return import_module(name)


def translatable(workload: Workload) -> None:
    """Refuse workloads that only PostHog's format can express."""
    if not workload.flags:
        message = "its format has no equivalent"
        raise UnsupportedError(message)


def plain_context(workload: Workload) -> None:
    """Refuse workloads with groups or overrides, for calls without such arguments."""
    if workload.context:
        message = f"its call takes no {', '.join(workload.context)}"
        raise UnsupportedError(message)


def only_one(workload: Workload) -> str:
    """Return the key of the workload's only flag."""
    (key,) = workload.asked
    return key
