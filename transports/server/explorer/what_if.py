"""Another rollout of one condition: what it changes for a person, and for how many people like that person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

from flagengine import Snapshot, evaluate_flag, explain

from ...clock import Clock
from .answers import shares, shown, word
from .person import Person, refused

__all__ = ["MOST_SAMPLED", "Change", "interval", "what_if"]

MOST_SAMPLED: Final = 10_000
_SECONDS: Final = 1.5
_AT_ONCE: Final = 50


@dataclass(frozen=True)
class Change:
    """A rollout to try: the flag, the place of the condition or rule, and the percentage."""

    key: str
    condition: int
    percentage: float
    sample: int = 2_000

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Change:
        """Read a change as the page writes it.

        Raises:
            Refused: the sample is no number from 0 to the most, or the place or percentage is no number (400).
        """
        sample, place = value.get("sample", 2_000), value.get("condition")
        if type(sample) is not int or not 0 <= sample <= MOST_SAMPLED:
            raise refused(f"sample must be a number from 0 to {MOST_SAMPLED:,}, got {sample!r:.50}")
        if type(place) is not int:
            raise refused(f"condition must be a whole number, got {place!r:.50}")
        return cls(str(value.get("key")), place, _percentage(value.get("percentage")), sample)

    def of(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with the change.

        Raises:
            Refused: the flag has no such rollout, or the percentage is out of range (400).
        """
        try:
            return snapshot.with_rollout(self.key, self.percentage, self.condition)
        except (TypeError, ValueError) as error:
            raise refused(str(error)) from None


def _percentage(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise refused(f"percentage must be a number, got {value!r:.50}")


def what_if(
    snapshot: Snapshot, change: Change, person: Person, options: Mapping[str, Any], *, clock: Clock
) -> dict[str, Any]:
    """Return the person's answer before and after, its shares after, and how many of a sample change.

    The people of the sample are made up: they have the person's properties and ids of their own. The sample
    ends early when it takes too long, so ``people`` may be fewer than asked for.
    """
    changed = change.of(snapshot)
    before = evaluate_flag(snapshot, change.key, person.distinct_id, person.properties, **options)
    after = explain(changed, change.key, person.distinct_id, person.properties, **options)
    return {
        "percentage": change.percentage,
        "condition": change.condition,
        "before": shown(before),
        "after": shown(after.resolution),
        "changes": word(before) != word(after.resolution),
        "shares": shares(changed, change.key, after.to_dict()),
        "sample": _sampled(snapshot, changed, change, person, options, clock),
    }


def interval(count: int, people: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share, by Wilson's score.

    >>> [round(bound, 3) for bound in interval(500, 2000)]
    [0.232, 0.269]
    """
    if not people:
        return 0.0, 1.0
    z, share = 1.96, count / people
    middle = share + z * z / (2 * people)
    spread = z * sqrt(share * (1 - share) / people + z * z / (4 * people * people))
    scale = 1 + z * z / people
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _sampled(
    before: Snapshot,
    after: Snapshot,
    change: Change,
    person: Person,
    options: Mapping[str, Any],
    clock: Clock,
) -> dict[str, Any]:
    pairs: Counter[tuple[str, str]] = Counter()
    people, until = 0, clock.monotonic() + _SECONDS
    while people < change.sample and (people % _AT_ONCE or clock.monotonic() < until):
        other = person.named(people)
        known = {**options, **other.options}
        answers = (
            evaluate_flag(each, change.key, other.distinct_id, other.properties, **known)
            for each in (before, after)
        )
        old, new = map(word, answers)
        pairs[old, new] += 1
        people += 1
    changed = sum(count for (old, new), count in pairs.items() if old != new)
    low, high = interval(changed, people)
    return {
        "people": people,
        "changed": changed,
        "low": low,
        "high": high,
        "before": _counts(pairs, 0),
        "after": _counts(pairs, 1),
        "moves": [
            {"from": old, "to": new, "people": count}
            for (old, new), count in pairs.most_common()
            if old != new
        ],
    }


def _counts(pairs: Mapping[tuple[str, str], int], side: int) -> list[dict[str, Any]]:
    found: Counter[str] = Counter()
    for words, count in pairs.items():
        found[words[side]] += count
    return [{"value": word, "people": count} for word, count in sorted(found.items())]
