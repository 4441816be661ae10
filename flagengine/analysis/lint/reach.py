"""Who reaches which rule of a format 2 flag: a proof about populations, without any subject.

A population is everyone who matches a set of predicates. A rule applies to all of it if the rule's own
predicates are among them; otherwise nothing is known about the rule. Rollouts that hash the same text
share their draw, and other draws are independent. Someone who has missed a rollout of 30 % lies above
30 % of its draw, so the people who get past some rules are described by one lower bound for each draw.
"""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from flagengine.definitions.rules.model import Rule, RuleSet

__all__ = ["Population", "Reach", "Region", "Walk", "written"]

Population = AbstractSet[str]

_ALL: Final = 100.0
_NO_DRAW: Final = "everyone"
"""The draw of rules that take everyone: nothing is hashed, and everyone is below 100 %."""


@dataclass(frozen=True, slots=True)
class Region:
    """People of a population on whom one rule decides.

    ``bounds`` has the percentages between which they lie, by draw. ``serves`` is the JSON text of what
    they get, and ``is_default`` tells whether it is the flag's default value.
    """

    rule: int
    serves: str
    is_default: bool
    bounds: Mapping[str, tuple[float, float]]

    def meets(self, other: "Region") -> bool:
        """Tell whether somebody can be in both regions."""
        pairs = [
            (self.bounds[draw], other.bounds[draw]) for draw in self.bounds.keys() & other.bounds
        ]
        return all(max(low, least) < min(high, most) for (low, high), (least, most) in pairs)


@dataclass(frozen=True, slots=True)
class Reach:
    """The rules of a flag with the texts that are compared, each written once.

    ``predicates`` and ``serves`` are by rule; ``default`` is the flag's default value.
    """

    rules: tuple[Rule, ...]
    predicates: tuple[frozenset[str], ...]
    serves: tuple[str, ...]
    default: str

    @classmethod
    def of(cls, rule_set: RuleSet) -> "Reach":
        """Write the texts of a flag's rules."""
        rules = rule_set.rules
        predicates, serves = tuple(map(_predicates, rules)), tuple(map(_serves, rules))
        return cls(rules, predicates, serves, written(rule_set.default))

    def walk(self, population: Population) -> "Walk":
        """Let a population walk through the rules, up to the first that may or may not apply."""
        found = Walk(self)
        for index, predicates in enumerate(self.predicates):
            if found.is_over or not predicates <= population:
                break
            found.enter(index)
        return found


@dataclass(slots=True)
class Walk:
    """A population on its way through the rules: who is decided, and what the others have missed."""

    reach: Reach
    regions: list[Region] = field(default_factory=list)
    missed: dict[str, float] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nobody is left."""
        return any(low >= _ALL for low in self.missed.values())

    def enter(self, index: int) -> None:
        """Let a rule decide that applies to the whole population."""
        rule, default = self.reach.rules[index], self.reach.default
        serves = self.reach.serves[index]
        if rule.paused:
            self._claim(index, default, _NO_DRAW, _ALL, is_default=True)
        if rule.holdout is not None:
            share = rule.holdout.exclusion_percentage
            self._claim(index, default, rule.holdout.seed, share, is_default=True)
        if rule.rollout_percentage is None:
            self._claim(index, serves, _NO_DRAW, _ALL)
        else:
            self._claim(index, serves, f"{rule.seed}.", rule.rollout_percentage)
        if rule.stops:
            self._claim(index, default, _NO_DRAW, _ALL, is_default=True)

    def _claim(
        self, index: int, serves: str, draw: str, share: float, *, is_default: bool = False
    ) -> None:
        """Decide on those inside a share of a draw; the others have missed it."""
        low = self.missed.get(draw, 0.0)
        if low < share and not self.is_over:
            bounds = {name: (least, _ALL) for name, least in self.missed.items()}
            bounds[draw] = (low, share)
            self.regions.append(Region(index, serves, is_default, bounds))
        self.missed[draw] = max(low, share)


def _predicates(rule: Rule) -> frozenset[str]:
    """Return a rule's predicates as texts, which tell 1 from true."""
    return frozenset(
        written([leaf.key, leaf.operator, leaf.value, leaf.negation]) for leaf in rule.filters
    )


def _serves(rule: Rule) -> str:
    """Return what a rule serves: its value, or the weights and values of its variants."""
    return written([[variant.weight, variant.value] for variant in rule.variants] or rule.value)


def written(value: Any) -> str:
    """Return a JSON value as text; equal texts mean equal values of equal types."""
    return json.dumps(value, sort_keys=True)
