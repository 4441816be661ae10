"""The workloads W1 to W4 and W6, and the look-up of all workloads by name.

Deterministic: the same name and the same number of persons give the same workload everywhere.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.expected import exact
from benchmarks.growth_workloads import GROWTH
from benchmarks.people import COUNTRIES, DOMAINS, PLANS, people
from benchmarks.posthog_format import definitions
from benchmarks.special_workloads import SPECIAL
from benchmarks.specs import AllOf, AnyOf, Condition, Filter, Flag, Operator, Variant
from benchmarks.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BOOLEAN", "COHORT", "VARIANTS", "make", "mix", "names", "of_flags"]

_SEED = 3
_FORTY = 40
_HUNDRED = 100
#: Ten flags of the mix, in turn.
_KINDS = ("boolean",) * 4 + ("variants",) * 3 + ("percent",) * 2 + ("any-of-five",)
_PAYLOADS = {name: json.dumps({"layout": name, "columns": 3}) for name in ("control", "a", "b")}
_THIRDS = (
    Variant("control", 34, _PAYLOADS["control"]),
    Variant("a", 33, _PAYLOADS["a"]),
    Variant("b", 33, _PAYLOADS["b"]),
)


def _boolean(key: str, countries: tuple[str, ...], needle: str, percent: int) -> Flag:
    filters = (
        Filter("country", Operator.IN, countries),
        Filter("email", Operator.CONTAINS, needle),
    )
    return Flag(key, (Condition(filters, percent),))


def _variants(key: str, plan: str) -> Flag:
    return Flag(key, (Condition((Filter("plan", Operator.IN, (plan,)),)),), _THIRDS)


def _any_of_five(key: str, source: random.Random) -> Flag:
    """Return a flag with five conditions of two filters, of which each person matches another."""
    return Flag(
        key,
        tuple(
            Condition(
                (
                    Filter("country", Operator.IN, (source.choice(COUNTRIES[2:]),)),
                    Filter("seats", Operator.OVER, source.randrange(20, 80)),
                )
            )
            for _ in range(5)
        ),
    )


BOOLEAN = _boolean("w1-boolean", COUNTRIES[:3], DOMAINS[0], 50)
VARIANTS = _variants("w2-variants", "pro")
COHORT = Flag(
    "w4-cohort",
    (
        Condition(
            cohort=AllOf(
                (
                    AnyOf(
                        (
                            Filter("country", Operator.IN, COUNTRIES[:3]),
                            Filter("plan", Operator.IN, ("enterprise",)),
                        )
                    ),
                    AnyOf(
                        (
                            Filter("seats", Operator.OVER, 50),
                            Filter("email", Operator.CONTAINS, DOMAINS[0]),
                        )
                    ),
                )
            )
        ),
    ),
)


def mix(count: int) -> tuple[Flag, ...]:
    """Return flags in the proportions of W3: 40 like W1, 30 like W2, 20 percentages, 10 of five ORs.

    A larger mix begins with the flags of a smaller mix.
    """
    # A fixed seed, because the flags must be the same in every run.
    source = random.Random(_SEED)
    return tuple(_one_of_the_mix(number, source) for number in range(count))


def _one_of_the_mix(number: int, source: random.Random) -> Flag:
    key = f"{_KINDS[number % len(_KINDS)]}-{number}"
    match _KINDS[number % len(_KINDS)]:
        case "boolean":
            countries = tuple(source.sample(COUNTRIES, 3))
            return _boolean(key, countries, source.choice(DOMAINS), 50)
        case "variants":
            return _variants(key, source.choice(PLANS))
        case "percent":
            return Flag(key, (Condition(rollout=source.randrange(10, 91)),))
        case _:
            return _any_of_five(key, source)


def _workload(name: str, flags: tuple[Flag, ...], persons: int, *, payload: bool) -> Workload:
    return Workload(
        name=name,
        asked=tuple(flag.key for flag in flags),
        persons=people(persons),
        definitions=definitions(flags),
        answers=lambda person: tuple(exact(flag, person) for flag in flags),
        flags=flags,
        payload=payload,
    )


def of_flags(name: str, count: int, flags: tuple[Flag, ...] | None = None) -> Workload:
    """Return a workload of all of these flags, or of the mix, for one person."""
    return _workload(name, mix(count) if flags is None else flags, 1, payload=False)


def _forty(persons: int) -> Workload:
    """Return a workload that evaluates the first of forty flags of the mix."""
    flags = mix(_FORTY)
    return replace(
        _workload("forty", flags, persons, payload=False),
        asked=(flags[0].key,),
        answers=lambda person: (exact(flags[0], person),),
    )


def _for_server(persons: int) -> Workload:
    """Return W3 for a caller that names its runtime, which one of the flags is restricted to."""
    workload = _workload("w3-runtime", mix(_HUNDRED), persons, payload=False)
    first, *others = workload.definitions["flags"]
    flags = [{**first, "evaluation_runtime": "server"}, *others]
    return replace(
        workload,
        definitions={**workload.definitions, "flags": flags},
        flags=(),
        context={"evaluation_runtime": "server"},
    )


def _capture(persons: int) -> Workload:
    """Return a workload that asks for no flag: its persons are those of events."""
    return _workload("capture", (), persons, payload=False)


_OTHERS: dict[str, Callable[[int], Workload]] = {
    "w3-runtime": _for_server,
    "forty": _forty,
    "capture": _capture,
    **SPECIAL,
}

_PLAIN: dict[str, tuple[Callable[[], tuple[Flag, ...]], bool]] = {
    "w1": (lambda: (BOOLEAN,), False),
    "w2": (lambda: (VARIANTS,), True),
    "w3": (lambda: mix(_HUNDRED), False),
    "w4": (lambda: (COHORT,), False),
    "w6": (lambda: mix(1_000), False),
    # Only the first flag of W6, for its first answer.
    "w6-first": (lambda: mix(1), False),
}


def names() -> tuple[str, ...]:
    """Return all names for `make`; of the growth curves, only the families."""
    return (*_PLAIN, *_OTHERS, *GROWTH)


def make(name: str, persons: int) -> Workload:
    """Return the workload of a name: `w1`, `w7-group`, or a family and a size, `flags/1000`."""
    family, _, size = name.partition("/")
    if family == "mix":
        return _workload(name, mix(int(size)), persons, payload=False)
    if family in GROWTH:
        return GROWTH[family](int(size), persons)
    if name in _OTHERS:
        return _OTHERS[name](persons)
    flags, payload = _PLAIN[name]
    return _workload(name, flags(), persons, payload=payload)
