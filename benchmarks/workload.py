"""A workload: definitions, persons, the flags to evaluate, and the right answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.specs import Answer, Flag, Person

__all__ = ["Workload"]


@dataclass(frozen=True, slots=True)
class Workload:
    """The data that is needed to call an engine and to check its answers.

    Attributes:
        name: The name for `workloads.make`.
        asked: The keys of the flags that every call evaluates.
        persons: The persons of the calls, in turn.
        definitions: The flags in PostHog's format.
        answers: Returns the right answers for a person, in the order of `asked`.
        flags: The same flags in neutral form; empty if only PostHog's format can express them.
        payload: Whether the call must return the variant's payload too.
        context: Further keywords of the evaluation: groups, overrides.
        decided: Whether a definite answer exists; otherwise an engine must not decide.
    """

    name: str
    asked: tuple[str, ...]
    persons: tuple[Person, ...]
    definitions: Mapping[str, Any]
    answers: Callable[[Person], tuple[Answer, ...]]
    flags: tuple[Flag, ...] = ()
    payload: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    decided: bool = True
