"""The right answers, so that no engine with wrong answers is timed.

Engines that bucket as PostHog does must agree person by person. The other engines use their own hash:
each answer must be possible for the person, and the totals must fit the shares.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from benchmarks.specs import (
    AllOf,
    Answer,
    AnyOf,
    Condition,
    Criterion,
    Filter,
    Flag,
    Operator,
    Person,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "WrongAnswerError",
    "bucket_number",
    "check_exactly",
    "check_shares",
    "distribution",
    "exact",
    "holds",
]

#: The allowed distance of a total from its mean: a run in a million fails by chance.
_TOLERATED_DEVIATIONS = 5.0
_SCALE = float(0xFFFFFFFFFFFFFFF)


class WrongAnswerError(Exception):
    """An engine gave another answer than the definition."""


def holds(criterion: Criterion, properties: Mapping[str, object]) -> bool:
    """Return whether a person with these properties satisfies the criterion."""
    match criterion:
        case AllOf(parts):
            return all(holds(part, properties) for part in parts)
        case AnyOf(parts):
            return any(holds(part, properties) for part in parts)
        case Filter():
            return _passes(criterion, properties[criterion.property])


def _passes(test: Filter, value: object) -> bool:
    match test.operator, test.operand:
        case Operator.IN, tuple() as options:
            return value in options
        case Operator.CONTAINS, str() as needle:
            return needle in str(value)
        case Operator.OVER, int() as bound:
            return isinstance(value, int) and value > bound
    message = f"a filter that no workload should have: {test}"
    raise TypeError(message)


def exact(flag: Flag, person: Person) -> Answer:
    """Return the answer with PostHog's bucketing."""
    bucket = _bucket(flag.key, person.id)
    for condition in flag.conditions:
        if _matches(condition, person) and bucket <= condition.rollout / 100:
            return _draw(flag, person) if flag.variants else True
    return False


def _matches(condition: Condition, person: Person) -> bool:
    return holds(condition.criterion, person.properties)


def _draw(flag: Flag, person: Person) -> Answer:
    bucket, bound = _bucket(flag.key, person.id, "variant"), 0.0
    for variant in flag.variants:
        bound += variant.weight / 100
        if bucket < bound:
            return variant.key
    return True


def _bucket(key: str, subject: str, salt: str = "") -> float:
    return bucket_number(f"{key}.{subject}{salt}") / _SCALE


def bucket_number(text: str) -> int:
    """Return the first 60 bits of the SHA-1 of the text."""
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:15], 16)


def distribution(flag: Flag, person: Person) -> dict[Answer, float]:
    """Return the probability of each possible answer if the hash is unknown."""
    shares: dict[Answer, float] = {}
    undecided = 1.0
    for condition in flag.conditions:
        if _matches(condition, person):
            decided = undecided * condition.rollout / 100
            undecided -= decided
            _spread(flag, decided, shares)
    shares[False] = undecided
    return {answer: share for answer, share in shares.items() if share > 0.0}


def _spread(flag: Flag, share: float, shares: dict[Answer, float]) -> None:
    if not flag.variants:
        shares[True] = shares.get(True, 0.0) + share
    for variant in flag.variants:
        shares[variant.key] = shares.get(variant.key, 0.0) + share * variant.weight / 100


def check_exactly(found: Iterable[Answer], wanted: Iterable[Answer], where: str) -> None:
    """Raise if an answer is not the expected answer."""
    for index, (answer, right) in enumerate(zip(found, wanted, strict=True)):
        # `True == 1`, but the answer 1 is wrong if True is expected.
        if answer != right or type(answer) is not type(right):
            message = f"{where}, answer {index}: expected {right!r}, found {answer!r}"
            raise WrongAnswerError(message)


def check_shares(
    found: Iterable[Answer], wanted: Iterable[Mapping[Answer, float]], where: str
) -> None:
    """Raise if an answer is impossible, or if the totals are too far from the shares."""
    counts: dict[Answer, int] = {}
    means: dict[Answer, float] = {}
    variances: dict[Answer, float] = {}
    for index, (answer, shares) in enumerate(zip(found, wanted, strict=True)):
        if answer not in shares:
            message = f"{where}, answer {index}: expected one of {set(shares)}, found {answer!r}"
            raise WrongAnswerError(message)
        counts[answer] = counts.get(answer, 0) + 1
        for possible, share in shares.items():
            means[possible] = means.get(possible, 0.0) + share
            variances[possible] = variances.get(possible, 0.0) + share * (1.0 - share)
    for possible, mean in means.items():
        tolerance = _TOLERATED_DEVIATIONS * math.sqrt(variances[possible]) + 1e-6
        if abs(counts.get(possible, 0) - mean) > tolerance:
            message = f"{where}: {possible!r} {counts.get(possible, 0)} times, expected {mean:.0f}"
            raise WrongAnswerError(message)
