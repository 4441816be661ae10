"""What a snapshot keeps of its flags: plain flags keep neither definitions, nor plans, nor unused answers."""

import gc
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from flagengine import Resolution, Snapshot, evaluate, evaluate_flag, explain
from flagengine.definitions.model import Flag
from flagengine.plan.flag_plan import FlagPlan
from flagengine.snapshot import evaluators_of
from tests.conformance.backends import HAS_ACCELERATOR

accelerated = pytest.mark.skipif(not HAS_ACCELERATOR, reason="the walk in C makes flags plain")

IDS = [f"user-{number}" for number in range(40)]


def flag(key: str, conditions: int = 1, **more: Any) -> dict[str, Any]:
    groups = [
        {
            "properties": [
                {"key": "plan", "type": "person", "value": [f"plan-{number}"], "operator": "exact"},
                {"key": "seats", "type": "person", "value": number, "operator": "gt"},
            ],
            "rollout_percentage": 50,
        }
        for number in range(conditions)
    ]
    variants = [{"key": name, "rollout_percentage": 50} for name in ("control", "test")]
    filters = {"groups": groups, "multivariate": {"variants": variants}}
    return {"key": key, "active": True, "filters": filters, **more}


def alive(kind: type) -> int:
    gc.collect()
    return sum(type(found) is kind for found in gc.get_objects())


def answers(answer: Callable[[str, dict[str, Any]], Resolution], plans: int) -> list[Resolution]:
    given = [{"plan": f"plan-{number}", "seats": 99} for number in range(plans + 1)]
    return [answer(person, props) for props in given for person in IDS]


@accelerated
def test_plain_and_inactive_flags_keep_neither_definitions_nor_plans() -> None:
    document = {"flags": [flag(f"flag-{number}") for number in range(50)]}
    document["flags"] += [flag("off", active=False), flag("broken", filters={"groups": 1})]
    snapshot = Snapshot.parse(document)
    flags, plans = alive(Flag), alive(FlagPlan)
    for person in IDS:
        for key in snapshot.keys:
            evaluate_flag(snapshot, key, person, {"plan": "plan-0", "seats": 1})
        list(evaluate(snapshot, person, {"plan": "plan-0", "seats": 1}).values())
    assert (alive(Flag), alive(FlagPlan)) == (flags + 1, plans)  # the issues of "broken" stay


@pytest.mark.parametrize("conditions", [1, 2, 30])
def test_every_answer_is_right_however_late_it_is_made(conditions: int) -> None:
    snapshot = Snapshot.parse({"flags": [flag("f", conditions)]})

    def single(person: str, props: dict[str, Any]) -> Resolution:
        return evaluate_flag(snapshot, "f", person, props)

    def interpreted(person: str, props: dict[str, Any]) -> Resolution:
        return explain(snapshot, "f", person, props).resolution

    found = answers(single, conditions)
    assert found == answers(interpreted, conditions)
    if HAS_ACCELERATOR:  # else the first use of a flag is interpreted
        assert len({id(each) for each in found}) == len(set(found))
    # The same answers, some of which are made after the generated function.
    again = snapshot.with_overrides({"other": True})
    assert not evaluate_flag(again, "f", "user-1", {}).enabled
    assert answers(again.evaluator("f"), conditions) == found


@accelerated
def test_equal_tests_of_text_are_shared_and_large_ones_are_not() -> None:
    words = [f"word-{number}" for number in range(9)]
    for value, answer in ((words[:8], True), (words, True)):
        leaf = {"key": "p", "type": "person", "value": value, "operator": "exact"}
        flags = [
            {"key": key, "active": True, "filters": {"groups": [{"properties": [leaf]}]}}
            for key in "ab"
        ]
        snapshot = Snapshot.parse({"flags": flags})
        for key in "ab":
            assert evaluate_flag(snapshot, key, "u", {"p": "WORD-7"}).value is answer
            assert evaluate_flag(snapshot, key, "u", {"p": "WORD-9"}).value is False


def test_a_flag_that_needs_generated_code_is_compiled_at_its_second_use() -> None:
    snapshot = Snapshot.parse({"flags": [flag("f", bucketing_identifier="device_id")]})
    compiled = evaluators_of(snapshot).compiled
    props = {"plan": "plan-0", "seats": 1, "$device_id": "d"}
    first = evaluate_flag(snapshot, "f", "u", props)
    assert not compiled
    assert evaluate_flag(snapshot, "f", "u", props) == first
    assert list(compiled) == ["f"]


@accelerated
def test_all_answers_take_little_more_memory_than_the_document() -> None:
    flags = [
        flag(f"flag-{number}", name=f"Flag number {number}", id=number) for number in range(300)
    ]
    text = json.dumps({"flags": flags})
    evaluate_flag(
        Snapshot.parse({"flags": flags[:1]}), "flag-0", "u", {"plan": "plan-0", "seats": 1}
    )
    gc.collect()
    tracemalloc.start()
    try:
        document = json.loads(text)
        alone = tracemalloc.get_traced_memory()[0]
        del document
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        snapshot = Snapshot.parse(text)
        for key in snapshot.keys:
            for _ in range(2):
                evaluate_flag(snapshot, key, "user-1", {"plan": "plan-0", "seats": 1})
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= 1.6 * alone


def test_filters_share_their_words_and_the_document_stays_equal() -> None:
    text = json.dumps({"flags": [flag("a"), flag("b")]})
    snapshot = Snapshot.parse(text)
    first, second = (snapshot.flags[key].conditions[0].filters[0] for key in "ab")
    assert first.key is second.key
    assert first.operator is second.operator
    assert snapshot.to_document() == json.loads(text)
