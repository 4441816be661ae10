"""Threads that share snapshots get the interpreter's answers (SPEC R6.15)."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from flagengine import Resolution, Snapshot, evaluate, evaluate_flag, explain
from flagengine.inputs.environment import current_time
from flagengine.inputs.request import Request
from flagengine.inputs.subject import Subject
from tests.threads import at_once

NOW = datetime(2024, 6, 8, 12, tzinfo=UTC)
SWAPS = 1_000


@pytest.fixture(autouse=True)
def _hurried_threads() -> Iterator[None]:
    """Make threads switch very often."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def _filter(key: str, operator: str, value: Any) -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": operator, "value": value}


def _depending(key: str) -> dict[str, Any]:
    of_type = {"type": "flag", "operator": "flag_evaluates_to", "value": True}
    return {"key": key, "dependency_chain": [key], **of_type}


FILTERS: list[list[dict[str, Any]]] = [
    [],
    [_filter("plan", "exact", ["pro", "free"])],
    [_filter("plan", "icontains", "r"), _filter("age", "gt", 5)],
    [_filter("age", "between", [1, 9])],
    [_filter("version", "semver_gte", "1.2.0")],
    [_filter("joined", "is_date_after", "30d")],
    [{"key": "id", "type": "cohort", "value": 1}],
    [{"key": "id", "type": "cohort", "value": 2, "operator": "not_in"}],
    [_depending("flag-1")],
    [_depending("flag-2"), _filter("plan", "is_set", None)],
]
VARIANTS = [{"key": name, "rollout_percentage": 30} for name in ("control", "test")]
COHORTS = {
    "1": {"type": "OR", "values": [_filter("plan", "exact", "pro"), _filter("age", "lt", 3)]},
    "2": {"type": "AND", "values": [{"key": "id", "type": "cohort", "value": 1}]},
}
PERSONS: list[dict[str, Any]] = [
    {},
    {"plan": "pro", "age": 7, "version": "1.3.0", "joined": "2024-06-01"},
    {"plan": "PRO", "age": 2.5, "version": "2", "joined": "2020-01-01"},
    {"plan": "é", "age": True, "version": None, "joined": "7d"},
]
IDS: list[Any] = ["user-1", "user-2", "é" * 150, 7, "", "\ud800"]
OPTIONS: list[dict[str, Any]] = [{"now": NOW}, {"now": NOW, "complete": True}]


def document(rollout: int = 50) -> dict[str, Any]:
    flags = []
    for number in range(40):
        condition = {
            "properties": FILTERS[number % len(FILTERS)],
            "rollout_percentage": (rollout, 100)[number % 2],
        }
        filters: dict[str, Any] = {"groups": [condition], "early_exit": number % 3 == 0}
        if number % 4 == 0:
            filters["multivariate"] = {"variants": VARIANTS}
        flags.append({"key": f"flag-{number}", "active": True, "filters": filters})
    return {"flags": flags, "cohorts": COHORTS}


def questions() -> Iterator[tuple[Any, dict[str, Any], dict[str, Any]]]:
    yield from (
        (distinct_id, props, options)
        for distinct_id in IDS
        for props in PERSONS
        for options in OPTIONS
    )


def interpreted(snapshot: Snapshot) -> list[dict[str, Resolution]]:
    return [
        {
            key: explain(snapshot, key, distinct_id, props, **options).resolution
            for key in snapshot.keys
        }
        for distinct_id, props, options in questions()
    ]


def answers_of(snapshot: Snapshot, order: int) -> list[dict[str, Resolution]]:
    """Evaluate all calls, flag by flag or at once and in an order that depends on the thread."""
    keys = list(snapshot.keys)
    turned = keys[order * 5 :] + keys[: order * 5]
    found = []
    for distinct_id, props, options in questions():
        if order % 2:
            answers = {
                key: evaluate_flag(snapshot, key, distinct_id, props, **options) for key in turned
            }
        else:
            answers = dict(evaluate(snapshot, distinct_id, props, **options).items())
        found.append(answers)
    return found


@pytest.mark.rule("R6.15")
@pytest.mark.parametrize("attempt", range(5))
def test_threads_that_compile_a_fresh_snapshot_at_once_all_get_the_interpreters_answers(
    attempt: int,
) -> None:
    text = document(rollout=10 + 17 * attempt)
    expected = interpreted(Snapshot.parse(text))
    fresh = Snapshot.parse(text)
    for found in at_once(8, lambda order: answers_of(fresh, order)):
        assert found == expected


def test_threads_that_bind_the_same_flag_get_functions_that_answer_alike() -> None:
    snapshots = [Snapshot.parse(document()) for _ in range(20)]
    expected = interpreted(snapshots[0])[2]["flag-8"]
    distinct_id, props, options = list(questions())[2]
    subject = Subject(distinct_id, props, Request.parse(options), current_time)

    def bind(_: int) -> list[Resolution]:
        return [snapshot.evaluator("flag-8")(distinct_id, props, subject) for snapshot in snapshots]

    assert at_once(8, bind) == [[expected] * len(snapshots)] * 8


def test_threads_share_one_evaluation() -> None:
    snapshot = Snapshot.parse(document())
    distinct_id, props, options = list(questions())[3]
    expected = interpreted(snapshot)[3]
    shared = evaluate(snapshot, distinct_id, props, **options)

    def read(order: int) -> dict[str, Resolution]:
        keys = list(shared)
        one_by_one = {key: shared[key] for key in keys[order:] + keys[:order]}
        return one_by_one | dict(shared.items()) if order % 2 else one_by_one

    assert at_once(8, read) == [expected] * 8


def test_explanations_and_compiled_flags_do_not_disturb_each_other() -> None:
    snapshot = Snapshot.parse(document())
    expected = interpreted(snapshot)[4]
    distinct_id, props, options = list(questions())[4]

    def ask(order: int) -> dict[str, Resolution]:
        if order % 2:
            return dict(evaluate(snapshot, distinct_id, props, **options).items())
        return {
            key: explain(snapshot, key, distinct_id, props, **options).resolution
            for key in snapshot.keys
        }

    assert at_once(8, ask) == [expected] * 8


@pytest.mark.rule("R6.15")
def test_readers_see_the_answers_of_one_of_two_snapshots_while_they_are_swapped() -> None:
    """A reader keeps the snapshot that it has taken, while others are garbage-collected."""
    texts = [document(0), document(100)]
    parsed = [Snapshot.parse(text) for text in texts]
    distinct_id, props, options = "user-1", PERSONS[1], {"now": NOW}
    possible = [
        dict(evaluate(snapshot, distinct_id, props, **options).items()) for snapshot in parsed
    ]
    assert possible[0] != possible[1]
    current = [parsed[0]]
    done: list[bool] = []

    def swap() -> int:
        for number in range(SWAPS):
            current[0] = Snapshot.parse(texts[number % 2])
        done.append(True)
        return SWAPS

    def read() -> int:
        rounds = 0
        while not done or not rounds:
            taken = current[0]
            assert dict(evaluate(taken, distinct_id, props, **options).items()) in possible
            keys = [f"flag-{(rounds + i) % 40}" for i in range(5)]
            one_by_one = {
                key: evaluate_flag(taken, key, distinct_id, props, **options) for key in keys
            }
            assert any(one_by_one.items() <= answers.items() for answers in possible)
            rounds += 1
        return rounds

    *rounds, swaps = at_once(5, lambda number: swap() if number == 4 else read())
    assert swaps == SWAPS
    assert min(rounds) > 0
