"""Workloads of any size, which show the growth of cost.

Each family varies one number and is otherwise like W1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.expected import exact
from benchmarks.people import COUNTRIES, DOMAINS, people
from benchmarks.posthog_format import definitions, definitions_of, flag_of, person_filter
from benchmarks.specs import Condition, Filter, Flag, Operator, Person
from benchmarks.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GROWTH", "SIZES"]

_W1 = (
    Filter("country", Operator.IN, COUNTRIES[:3]),
    Filter("email", Operator.CONTAINS, DOMAINS[0]),
)


def _of_flags(name: str, flags: tuple[Flag, ...], asked: Flag, who: tuple[Person, ...]) -> Workload:
    return Workload(
        name=name,
        asked=(asked.key,),
        persons=who,
        definitions=definitions(flags),
        answers=lambda person: (exact(asked, person),),
        flags=flags,
    )


def _flags(size: int, persons: int) -> Workload:
    """Return a workload that evaluates one flag of many, of which it needs no other."""
    flags = tuple(Flag(f"flag-{number}", (Condition(_W1, 50),)) for number in range(size))
    return _of_flags(f"flags/{size}", flags, flags[size // 2], people(persons))


def _conditions(size: int, persons: int) -> Workload:
    """Return a workload of a flag with many conditions, of which only the last can match."""
    never = (Filter("country", Operator.IN, ("nowhere",)), _W1[1])
    conditions = (*(Condition(never) for _ in range(size - 1)), Condition(_W1, 50))
    flag = Flag("conditions", conditions)
    return _of_flags(f"conditions/{size}", (flag,), flag, people(persons))


def _operands(size: int, persons: int) -> Workload:
    """Return a workload of a flag with a long list of values, of which the last ones match."""
    fillers = tuple(f"country {number}" for number in range(size - 1))
    listed = Filter("country", Operator.IN, (*fillers, COUNTRIES[0]))
    flag = Flag("operands", (Condition((listed, _W1[1]), 50),))
    # Few persons, because some engines look at every value of the list.
    return _of_flags(f"operands/{size}", (flag,), flag, people(min(persons, 20)))


def _chain(size: int, persons: int) -> Workload:
    """Return a workload of a flag at the end of a chain of dependencies."""
    base = Flag("chain-0", (Condition(_W1, 50),))
    flags = [*definitions((base,))["flags"]]  # type: ignore[misc]
    keys = [base.key]
    for number in range(1, size + 1):
        needs = {
            "key": keys[-1],
            "type": "flag",
            "operator": "flag_evaluates_to",
            "value": True,
            "dependency_chain": list(keys),
        }
        group = {"variant": None, "properties": [needs], "rollout_percentage": 100}
        filters: dict[str, object] = {"groups": [group], "payloads": {}, "multivariate": None}
        keys.append(f"chain-{number}")
        flags.append(flag_of(number + 1, keys[-1], filters))
    return Workload(
        name=f"chain/{size}",
        asked=(keys[-1],),
        persons=people(persons),
        definitions=definitions_of(flags),
        answers=lambda person: (exact(base, person),),
    )


def _properties(size: int, persons: int) -> Workload:
    """Return a workload of persons with many properties that the flag does not read."""
    flag = Flag("properties", (Condition(_W1, 50),))
    extra = {f"extra_{number}": f"text {number}" for number in range(max(0, size - 7))}
    # Few persons, because a thousand properties of ten thousand persons would not fit into memory.
    who = tuple(
        Person(person.id, {**extra, **person.properties}) for person in people(min(persons, 200))
    )
    return _of_flags(f"properties/{size}", (flag,), flag, who)


def _cohorts(size: int, persons: int) -> Workload:
    """Return a workload of nested cohorts, of which the innermost decides."""
    innermost = {"type": "AND", "values": [person_filter(test) for test in _W1]}
    cohorts: dict[str, object] = {"1": innermost}
    for number in range(2, size + 1):
        inner = {"key": "id", "type": "cohort", "value": number - 1}
        cohorts[str(number)] = {"type": "OR", "values": [{"type": "AND", "values": [inner]}]}
    outermost = {"key": "id", "type": "cohort", "value": size, "operator": "in"}
    group = {"variant": None, "properties": [outermost], "rollout_percentage": 50}
    filters: dict[str, object] = {"groups": [group], "payloads": {}, "multivariate": None}
    twin = Flag("cohorts", (Condition(_W1, 50),))
    return Workload(
        name=f"cohorts/{size}",
        asked=(twin.key,),
        persons=people(persons),
        definitions=definitions_of([flag_of(1, twin.key, filters)], cohorts),
        answers=lambda person: (exact(twin, person),),
    )


GROWTH: dict[str, Callable[[int, int], Workload]] = {
    "flags": _flags,
    "conditions": _conditions,
    "operands": _operands,
    "properties": _properties,
    "cohorts": _cohorts,
    "chain": _chain,
}

#: The sizes of each curve. Cohorts stop at 24, which have two groups each, and chains at 49
#: dependencies: the limits of nesting and of a chain are 50. `ids` are new ids of a client's read.
SIZES: dict[str, tuple[int, ...]] = {
    "flags": (1, 10, 100, 1_000, 10_000),
    "mix": (10, 100, 1_000),
    "load": (1, 10, 100, 1_000, 10_000),
    "conditions": (1, 3, 10, 30, 100, 300, 1_000),
    "operands": (1, 10, 100, 1_000, 10_000, 100_000),
    "properties": (7, 30, 100, 300, 1_000),
    "cohorts": (1, 2, 5, 10, 24),
    "chain": (1, 2, 5, 10, 25, 49),
    "ids": (1_000, 10_000, 100_000, 1_000_000),
}
