"""A definite answer is the server's answer in every possible world, according to a small model.

The model answers like a server with complete knowledge: stored properties, the cohorts that the
document lacks, the stored continuity override. It shares no code with the engine. For invented flags
and a partly known person, all worlds are tried. If the engine is definite, all worlds must agree. If
it is not, the worlds must differ, unless unknowns depend on each other (two filters on a property),
which three-valued logic cannot express.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha1
from itertools import product
from typing import Any

import pytest

from flagengine import evaluate_flag

NAMES = ("a", "b", "c")
STORED = ("x", "y", "z", None)  # None: the server does not have the property either
MISSING_COHORTS = ("deleted", "static, a member", "static, no member")
OVERRIDES = ("user-1", *(f"s{index}" for index in range(24)))
NEGATIVE = ("is_not", "is_not_set")


@dataclass(frozen=True)
class World:
    """Everything that the call leaves unknown."""

    properties: Mapping[str, str]
    missing_cohorts: str
    override: str


class FlagFailedError(Exception):
    """The server fails the flag, because its cohort was deleted."""


class Server:
    """A model with complete knowledge and two-valued logic, in the server's order of steps."""

    def __init__(self, document: dict[str, Any], world: World) -> None:
        self.flags = {flag["key"]: flag for flag in document["flags"]}
        self.cohorts = document["cohorts"]
        self.world = world

    def answer(self, key: str) -> bool | str:
        filters = self.flags[key]["filters"]
        if filters.get("feature_enrollment"):
            enrolled = self.world.properties.get(f"$feature_enrollment/{key}")
            if enrolled is not None:
                return enrolled == "true"
        share = filters.get("holdout", {}).get("exclusion_percentage")
        if share is not None and (share == 100 or _hash("holdout-user-1") <= share / 100):
            return "holdout-4"
        try:
            return self._conditions(key, filters)
        except FlagFailedError:
            return False

    def _conditions(self, key: str, filters: dict[str, Any]) -> bool | str:
        continues = self.flags[key].get("ensure_experience_continuity")
        subject = self.world.override if continues else "user-1"
        for condition in filters["groups"]:
            ordered = sorted(condition["properties"], key=lambda leaf: leaf["type"] == "cohort")
            if not all(self._filter(leaf) for leaf in ordered):
                continue
            percentage = condition["rollout_percentage"]
            if percentage == 100 or _hash(f"{key}.{subject}") <= percentage / 100:
                return _variant(key, subject, condition, filters)
            if filters.get("early_exit"):
                return False
        return False

    def _filter(self, leaf: dict[str, Any]) -> bool:
        if leaf["type"] == "person":
            return self._property(leaf)
        if leaf["type"] == "flag":
            value, expected = self.answer(leaf["key"]), leaf["value"]
            return (
                (value is not False) is expected
                if expected in {True, False}
                else (value == expected)
            )
        if self.world.missing_cohorts == "deleted" and self._lacks(str(leaf["value"])):
            raise FlagFailedError
        return self._member(str(leaf["value"])) is (leaf["operator"] == "in")

    def _property(self, leaf: dict[str, Any]) -> bool:
        operator, expected = leaf["operator"], leaf.get("value")
        value = self.world.properties.get(leaf["key"])
        if operator in {"is_set", "is_not_set"}:
            return (value is not None) is (operator == "is_set")
        if expected is None:
            return False
        if value is None:
            return operator in NEGATIVE
        members = expected if isinstance(expected, list) else [expected]
        return (value in members) is (operator == "exact")

    def _lacks(self, cohort: str) -> bool:
        if cohort not in self.cohorts:
            return True
        waiting = list(self.cohorts[cohort]["values"])
        while waiting:
            leaf = waiting.pop()
            waiting += leaf.get("values", [])
            if leaf["type"] == "cohort" and self._lacks(str(leaf["value"])):
                return True
        return False

    def _member(self, cohort: str) -> bool:
        if cohort not in self.cohorts:
            return self.world.missing_cohorts == "static, a member"
        return self._group(self.cohorts[cohort])

    def _group(self, leaf: dict[str, Any]) -> bool:
        if "values" in leaf:
            found = [self._group(member) for member in leaf["values"]]
            return all(found) if leaf["type"] == "AND" else any(found)
        cohort = leaf["type"] == "cohort"
        matches = self._member(str(leaf["value"])) if cohort else self._property(leaf)
        return matches is not leaf.get("negation", False)


def _hash(text: str) -> float:
    return float(int(sha1(text.encode()).hexdigest()[:15], 16)) / 2**60


def _variant(
    key: str, subject: str, condition: dict[str, Any], filters: dict[str, Any]
) -> bool | str:
    variants = {variant["key"]: variant["rollout_percentage"] for variant in filters["variants"]}
    if condition.get("variant") in variants:
        return str(condition["variant"])
    drawn, upper = _hash(f"{key}.{subject}variant"), 0.0
    for name, weight in variants.items():
        upper += weight / 100
        if drawn < upper:
            return str(name)
    return True


# Invented documents


def _leaf(rng: random.Random) -> dict[str, Any]:
    operator = rng.choice(["exact", "exact", "is_not", "is_not", "is_set", "is_not_set"])
    leaf = {"key": rng.choice(NAMES), "type": "person", "operator": operator}
    return leaf | {"value": rng.choice(["x", "y", ["x", "y"], None])}


def _reference(rng: random.Random, ids: list[int]) -> dict[str, Any]:
    return {"key": "id", "type": "cohort", "operator": "in", "value": rng.choice(ids)}


def _cohort(rng: random.Random, ids: list[int], depth: int = 0) -> dict[str, Any]:
    values: list[dict[str, Any]] = []
    for _ in range(rng.randint(1, 3)):
        if depth == 0 and rng.random() < 0.3:
            values.append(_cohort(rng, ids, 1))
        else:
            leaf = _reference(rng, ids) if rng.random() < 0.25 else _leaf(rng)
            values.append(leaf | {"negation": rng.random() < 0.3})
    return {"type": rng.choice(["AND", "OR"]), "values": values}


def _filter(rng: random.Random, *, may_depend: bool) -> dict[str, Any]:
    kind = rng.random()
    if may_depend and kind < 0.15:
        expected = rng.choice([True, False, "v1", "v2"])
        dependency = {"key": "base", "type": "flag", "operator": "flag_evaluates_to"}
        return dependency | {"value": expected, "dependency_chain": ["base"]}
    if kind < 0.4:
        return _reference(rng, [1, 2, 3, 99]) | {"operator": rng.choice(["in", "not_in"])}
    return _leaf(rng)


def _flag(rng: random.Random, key: str, *, may_depend: bool) -> dict[str, Any]:
    conditions = [
        {
            "properties": [_filter(rng, may_depend=may_depend) for _ in range(rng.randint(0, 2))],
            "rollout_percentage": rng.choice([100, 100, 50, 0]),
            "variant": rng.choice([None, "v1", "v2", "none of them"]),
        }
        for _ in range(rng.randint(1, 3))
    ]
    weights = rng.choice([(), (50, 50), (100, 0), (0, 30), (50, 0)])
    variants = [
        {"key": name, "rollout_percentage": weight}
        for name, weight in zip(("v1", "v2"), weights, strict=False)
    ]
    filters: dict[str, Any] = {"groups": conditions, "multivariate": {"variants": variants}}
    filters["variants"] = variants  # for the model; an engine ignores it
    filters["early_exit"] = rng.random() < 0.3
    filters["feature_enrollment"] = rng.random() < 0.12
    if rng.random() < 0.15:
        filters["holdout"] = {"id": 4, "exclusion_percentage": rng.choice([0, 50, 100])}
    flag = {"key": key, "active": True, "filters": filters}
    return flag | {"ensure_experience_continuity": rng.random() < 0.25}


def _document(rng: random.Random) -> dict[str, Any]:
    return {
        "flags": [_flag(rng, "flag-a", may_depend=True), _flag(rng, "base", may_depend=False)],
        "cohorts": {
            "1": _cohort(rng, [2, 3, 99]),
            "2": _cohort(rng, [3, 99]),
            "3": _cohort(rng, [99]),
        },
    }


def _worlds(document: dict[str, Any], known: Mapping[str, str]) -> Iterator[World]:
    enrollable = [
        flag["key"] for flag in document["flags"] if flag["filters"]["feature_enrollment"]
    ]
    choices: dict[str, tuple[str | None, ...]] = {
        name: STORED for name in NAMES if name not in known
    }
    choices |= {f"$feature_enrollment/{key}": ("true", "no", None) for key in enrollable}
    continues = any(flag["ensure_experience_continuity"] for flag in document["flags"])
    for stored in product(*choices.values()):
        pairs = zip(choices, stored, strict=True)
        properties = {**known, **{name: value for name, value in pairs if value is not None}}
        for missing_cohorts, override in product(
            MISSING_COHORTS, OVERRIDES if continues else OVERRIDES[:1]
        ):
            yield World(properties, missing_cohorts, override)


@pytest.mark.rule("R5.2", "R5.10", "R10.8", "R11.7", "R18.1")
@pytest.mark.parametrize("start", range(0, 400, 50))
def test_a_definite_answer_is_the_servers_in_every_world(start: int) -> None:
    definite = 0
    for seed in range(start, start + 50):
        rng = random.Random(seed)
        document = _document(rng)
        known = {name: rng.choice("xyz") for name in NAMES if rng.random() < 0.6}
        resolution = evaluate_flag(document, "flag-a", "user-1", known)
        if resolution.unresolved_reason is None:
            answers = {
                Server(document, world).answer("flag-a") for world in _worlds(document, known)
            }
            assert answers == {resolution.value}, (seed, document["flags"], known)
            definite += 1
    assert definite >= 10


@pytest.mark.rule("R5.2", "R5.4")
def test_few_answers_are_withheld_without_need() -> None:
    needless = unresolved = 0
    for seed in range(300):
        rng = random.Random(seed)
        document = _document(rng)
        known = {name: rng.choice("xyz") for name in NAMES if rng.random() < 0.6}
        if evaluate_flag(document, "flag-a", "user-1", known).unresolved_reason is None:
            continue
        unresolved += 1
        answers = set()
        for world in _worlds(document, known):
            answers.add(Server(document, world).answer("flag-a"))
            if len(answers) > 1:
                break
        needless += len(answers) == 1
    assert needless <= unresolved * 0.15
