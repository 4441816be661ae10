"""The special paths of W7: missing properties, dependencies, groups, overrides.

Only PostHog's format has all of these, so W7 only measures engines that read this format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.expected import exact
from benchmarks.people import COUNTRIES, DOMAINS, people
from benchmarks.posthog_format import definitions_of, flag_of, person_filter
from benchmarks.specs import Answer, Condition, Filter, Flag, Operator, Person
from benchmarks.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CHAIN", "SPECIAL"]

#: The number of flags in the chain of dependencies, without the base flag.
CHAIN = 5
_COUNTRY = Filter("country", Operator.IN, COUNTRIES[:3])
_EMAIL = Filter("email", Operator.CONTAINS, DOMAINS[0])
_BASE = Flag("w7-base", (Condition((_COUNTRY, _EMAIL), 50),))


def _filters(properties: list[dict[str, object]], percent: int = 100) -> dict[str, object]:
    groups = [{"variant": None, "properties": properties, "rollout_percentage": percent}]
    return {"groups": groups, "payloads": {}, "multivariate": None}


def _base() -> dict[str, object]:
    return flag_of(1, _BASE.key, _filters([person_filter(_COUNTRY), person_filter(_EMAIL)], 50))


def _dependent(number: int, key: str, chain: list[str]) -> dict[str, object]:
    needs = {
        "key": chain[-1],
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": True,
        "dependency_chain": chain,
    }
    return flag_of(number, key, _filters([needs]))


def _single(
    name: str,
    flags: list[dict[str, object]],
    persons: tuple[Person, ...],
    answer: Callable[[Person], Answer],
    context: Mapping[str, object] | None = None,
) -> Workload:
    """Return a workload that evaluates the last of the flags."""
    return Workload(
        name=name,
        asked=(str(flags[-1]["key"]),),
        persons=persons,
        definitions=definitions_of(flags),
        answers=lambda person: (answer(person),),
        context=context or {},
    )


def _missing(persons: int) -> Workload:
    """Return W1 for persons without an e-mail address, which no engine can decide locally."""
    halves = (
        Person(person.id, {key: text for key, text in person.properties.items() if key != "email"})
        for person in people(persons)
        if person.properties["country"] in COUNTRIES[:3]
    )
    # At 100 % no percentage can exclude the person, so the missing property always matters.
    flag = flag_of(1, "w7-missing", _filters([person_filter(_COUNTRY), person_filter(_EMAIL)]))
    return _single("w7-missing", [flag], tuple(halves), lambda _: None)


def _dependency(persons: int) -> Workload:
    flags = [_base(), _dependent(2, "w7-dependent", [_BASE.key])]
    return _single("w7-dependency", flags, people(persons), lambda person: exact(_BASE, person))


def _chain(persons: int) -> Workload:
    flags, chain = [_base()], [_BASE.key]
    for number in range(CHAIN):
        key = f"w7-link-{number}"
        flags.append(_dependent(number + 2, key, list(chain)))
        chain.append(key)
    return _single("w7-chain", flags, people(persons), lambda person: exact(_BASE, person))


def _group(persons: int) -> Workload:
    """Return a workload of a company's flag, with the group's properties and bucket."""
    tier = {
        "key": "tier",
        "type": "group",
        "group_type_index": 0,
        "value": ["gold", "silver"],
        "operator": "exact",
    }
    filters = _filters([tier], 50) | {"aggregation_group_type_index": 0}
    company = "acme"
    context = {
        "groups": {"company": company},
        "group_properties": {"company": {"tier": "gold", "seats": 40, "country": "us"}},
    }
    bucketed = Flag("w7-group", (Condition(rollout=50),))
    answer = exact(bucketed, Person(company, {}))
    flags = [flag_of(1, bucketed.key, filters)]
    return _single("w7-group", flags, people(persons), lambda _: answer, context)


def _overridden(persons: int) -> Workload:
    context = {"overrides": {_BASE.key: "forced"}}
    return _single("w7-overridden", [_base()], people(persons), lambda _: "forced", context)


SPECIAL: dict[str, Callable[[int], Workload]] = {
    "w7-missing": _missing,
    "w7-dependency": _dependency,
    "w7-chain": _chain,
    "w7-group": _group,
    "w7-overridden": _overridden,
}
