"""What one workload is: definitions, persons, the flags asked for, and the right answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.specs import Answer, Flag, Person

__all__ = ["Workload"]


@dataclass(frozen=True, slots=True)
class Workload:
    """Everything that an engine needs to be asked and checked.

    Attributes:
        name: What `workloads.make` finds it by.
        asked: The keys of the flags that every call answers.
        persons: Whom the calls are for, in turn.
        definitions: The flags in PostHog's format.
        answers: The right answers for a person, in the order of `asked`.
        flags: The same flags for rivals to translate; empty where only PostHog's format can say it.
        payload: Whether the call must hand over the variant's payload too.
        context: Further keywords of the evaluation: groups, overrides.
        decided: Whether a definite answer exists; where not, an engine must say that it has none.
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
