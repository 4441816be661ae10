"""The answers of the workloads, of an oracle and of flagengine are the same."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import flagengine
from benchmarks.asking import check
from benchmarks.growth_workloads import GROWTH
from benchmarks.people import COUNTRIES, DOMAINS, HOT, people
from benchmarks.rivals.ours import Bound, Many, Single
from benchmarks.special_workloads import SPECIAL
from benchmarks.workloads import make

if TYPE_CHECKING:
    from types import ModuleType

    from benchmarks.rivals.base import Rival

NAMES = (
    *("w1", "w2", "w3", "w3-runtime", "w4", "w6-first", "forty"),
    *SPECIAL,
    "mix/10",
    *(f"{family}/{size}" for family in GROWTH for size in (1, 12, 20)),
)
PERSONS = 60


def _neighbour(name: str) -> ModuleType:
    """Return a module of this folder, which is not a package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Oracle = _neighbour("oracle").Oracle


@pytest.mark.parametrize("name", NAMES)
def test_an_independent_oracle_gives_the_expected_answers(name: str) -> None:
    workload = make(name, PERSONS)
    oracle = Oracle(workload.definitions)
    for person in workload.persons:
        found = [
            oracle.answer(key, person.id, person.properties, **workload.context)
            for key in workload.asked
        ]
        assert found == list(workload.answers(person))


@pytest.mark.parametrize("name", NAMES)
def test_flagengine_gives_the_expected_answers(name: str) -> None:
    workload = make(name, PERSONS)
    snapshot = flagengine.Snapshot.parse(json.dumps(workload.definitions))
    context: dict[str, Any] = dict(workload.context)
    for person in workload.persons:
        found = [
            flagengine.evaluate_flag(
                snapshot, key, person.id, dict(person.properties), **context
            ).value
            for key in workload.asked
        ]
        assert found == list(workload.answers(person))


def test_a_thousand_flags_are_answered_as_expected_for_one_person() -> None:
    workload = make("w6", 1)
    snapshot = flagengine.Snapshot.parse(json.dumps(workload.definitions))
    (person,) = workload.persons
    found = flagengine.evaluate(snapshot, person.id, dict(person.properties))
    assert tuple(found[key].value for key in workload.asked) == workload.answers(person)


@pytest.mark.parametrize("adapter", [Single, Bound, Many])
@pytest.mark.parametrize("name", ["w1", "w3", "w4"])
def test_what_the_timing_loop_calls_gives_the_expected_answers(
    adapter: type[Rival], name: str
) -> None:
    workload, rival = make(name, PERSONS), adapter()
    engine = rival.load(rival.document(workload))
    subjects = [(person.id, engine.subject(person)) for person in workload.persons]
    check(workload, engine.question(workload), subjects, rival.bucketing)


@pytest.mark.parametrize("adapter", [Single, Bound])
def test_a_variant_comes_with_its_payload(adapter: type[Rival]) -> None:
    workload, rival = make("w2", PERSONS), adapter()
    engine = rival.load(rival.document(workload))
    subjects = [(person.id, engine.subject(person)) for person in workload.persons]
    check(workload, engine.question(workload), subjects, rival.bucketing)


def test_the_same_name_makes_the_same_workload() -> None:
    first, second = make("w3", PERSONS), make("w3", PERSONS)
    assert first.definitions == second.definitions
    assert first.persons == second.persons


def test_fewer_persons_are_the_first_of_more() -> None:
    assert people(HOT)[:10] == people(10)


def test_persons_have_a_uuid_and_seven_properties() -> None:
    for person in people(PERSONS):
        assert len(person.id) == len("00000000-0000-0000-0000-000000000000")
        assert len(person.properties) == 7


def test_w1_hashes_about_half_of_the_persons() -> None:
    def is_hashed(properties: dict[str, object]) -> bool:
        return properties["country"] in COUNTRIES[:3] and DOMAINS[0] in str(properties["email"])

    hashed = sum(is_hashed(dict(person.properties)) for person in people(1_000))
    assert 400 < hashed < 600


def test_w3_has_the_mix_that_it_says() -> None:
    kinds = [key.rsplit("-", 1)[0] for key in make("w3", 1).asked]
    assert [kinds.count(kind) for kind in ("boolean", "variants", "percent", "any-of-five")] == [
        *(40, 30, 20, 10)
    ]


def test_every_answer_of_w1_and_w2_occurs() -> None:
    for name, wanted in (("w1", {True, False}), ("w2", {False, "control", "a", "b"})):
        workload = make(name, HOT)
        found = {answer for person in workload.persons for answer in workload.answers(person)}
        assert found == wanted
