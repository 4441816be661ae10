"""Calls of an engine outside the timing loop, to check its answers and to time its first answer."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from benchmarks.expected import check_exactly, check_shares, distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.rivals.base import Bucketing, Question
    from benchmarks.specs import Answer
    from benchmarks.workload import Workload

__all__ = ["ask_of", "check"]

#: A limit, because checking a hundred flags for thousands of persons takes longer than timing them.
_CHECKED_ANSWERS = 20_000


def ask_of(question: Question) -> Callable[[str, object], Any]:
    """Return the call of the timing loop as a function."""
    source = f"lambda person_id, subject: ({question.expression})"
    # The expressions come from the adapters.
    ask: Callable[[str, object], Any] = eval(source, dict(question.names))
    return ask


def check(
    workload: Workload,
    question: Question,
    subjects: Sequence[tuple[str, object]],
    bucketing: Bucketing,
) -> None:
    """Raise WrongAnswerError unless the engine's answers are those of the definitions."""
    ask, count = ask_of(question), max(1, _CHECKED_ANSWERS // max(1, len(workload.asked)))
    found = [question.read(ask(person_id, subject)) for person_id, subject in subjects[:count]]
    answers: chain[Answer] = chain.from_iterable(found)
    persons = workload.persons[:count]
    if bucketing == "posthog":
        wanted = chain.from_iterable(workload.answers(person) for person in persons)
        check_exactly(answers, wanted, workload.name)
        return
    flags = [flag for flag in workload.flags if flag.key in workload.asked]
    shares = (distribution(flag, person) for person in persons for flag in flags)
    check_shares(answers, shares, workload.name)
