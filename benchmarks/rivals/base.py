"""What an adapter is: it writes the flags in its engine's format, loads them, and asks.

An adapter imports its engine when it is made, not when its module is imported, so that an engine
that is not installed is one absent row and not a broken benchmark.
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

#: Whose hash decides percentages: with PostHog's, answers must agree person by person.
Bucketing = Literal["posthog", "own"]


class UnsupportedError(Exception):
    """The engine cannot be given this workload; the message says why, for the table."""


@dataclass(frozen=True, slots=True)
class Question:
    """One call as source text, compiled into the timing loop so that no wrapper is timed.

    Attributes:
        expression: Python source that may use `person_id`, `subject` and the names below.
        names: What else the expression uses; they become local variables of the loop.
        read: Turns what the expression gives into answers; runs outside the timing.
    """

    expression: str
    names: Mapping[str, object] = field(default_factory=dict)
    read: Callable[[Any], tuple[Answer, ...]] = lambda answer: (answer,)


class Engine(Protocol):
    """An engine that has loaded a document."""

    def subject(self, person: Person) -> object:
        """The person as the engine's call takes it; made before the timing, in its favour."""
        ...

    def question(self, workload: Workload) -> Question:
        """How the flags of the workload are asked for."""
        ...


class Rival(Protocol):
    """An adapter; making one imports the engine and raises ImportError without it."""

    bucketing: Bucketing

    def document(self, workload: Workload) -> str:
        """The flags as JSON text in the engine's own format."""
        ...

    def load(self, document: str) -> Engine:
        """From the JSON text to an engine that is ready to answer."""
        ...


def imported(name: str) -> Any:
    """A module of an engine that may not be installed."""
    return import_module(name)


def translatable(workload: Workload) -> None:
    """Refuse what only PostHog's format can say."""
    if not workload.flags:
        message = "its format has no equivalent"
        raise UnsupportedError(message)


def plain_context(workload: Workload) -> None:
    """Refuse groups and overrides, for calls that take none."""
    if workload.context:
        message = f"its call takes no {', '.join(workload.context)}"
        raise UnsupportedError(message)


def only_one(workload: Workload) -> str:
    """The key of the only flag, where a call answers one."""
    (key,) = workload.asked
    return key
