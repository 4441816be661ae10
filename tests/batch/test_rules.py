"""Tables of flags of format 2: typed columns, the rules' columns, and batches of mixed people."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate_flag
from flagengine.batch import evaluate_table
from flagengine.batch.impact.causes_of_rules import cause_of_rules
from tests.rules import document, experiment, having, rollout, rule_id, targeted

PEOPLE = pa.table(
    {
        "distinct_id": [f"user-{number}" for number in range(200)] + ["", None],
        "plan": ["pro", "free", None, "x"] * 50 + ["pro", "pro"],
        "age": pa.array([*range(200), 3, 3], pa.int64()),
    }
)
MIXED = document(
    targeted(having("plan", "x"), value=0),
    rollout(having("plan"), share=30, value=1),
    rollout(having("plan"), share=60, value=2, stops=True),
    experiment(having("age", 100, "lt"), values=(3, 4), share=70, held_out=20),
    experiment(having("age", 150, "gt"), values=(3, 4), paused=True),
    default=-1,
    kind="number",
)


def column(source: Any, name: str = "f", **options: Any) -> Any:
    return evaluate_table(Snapshot.parse(source), PEOPLE, **options).read_all().column(name)


@pytest.mark.rule("R20.87")
@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (document(targeted()), pa.bool_()),
        (document(default=None), pa.bool_()),
        (document(default=1, kind="number"), pa.float64()),
        (document(default=None, kind="number"), pa.float64()),
        (document(targeted(value=1.5), default=None, kind="number"), pa.float64()),
        (document(default="a", kind="string"), pa.dictionary(pa.int32(), pa.string())),
        (document(default=None, kind="string"), pa.dictionary(pa.int32(), pa.string())),
        (document(default={"a": 1}, kind="object"), pa.dictionary(pa.int32(), pa.string())),
    ],
)
def test_a_wide_column_has_the_type_of_the_flag(source: Any, kind: pa.DataType) -> None:
    assert column(source).type == kind


@pytest.mark.rule("R20.87")
def test_values_of_each_type() -> None:
    assert column(document(default=2, kind="number"))[0].as_py() == 2.0
    assert column(document(default={"a": [1]}, kind="object"))[0].as_py() == '{"a":[1]}'
    assert column(document(default="a", kind="string"))[0].as_py() == "a"
    assert column(document(default=None))[0].as_py() is None
    forced = column(document(default=2, kind="number"), overrides={"f": {"b": 1}})
    assert forced[0].as_py() == '{"b":1}'


def test_every_row_has_the_scalar_answer() -> None:
    snapshot = Snapshot.parse(MIXED)
    found = evaluate_table(snapshot, PEOPLE, output="long", batch_rows=37).read_all().to_pylist()
    reasons = set()
    for person, row in zip(PEOPLE.to_pylist(), found, strict=True):
        props = {key: person[key] for key in ("plan", "age") if person[key] is not None}
        wanted = evaluate_flag(snapshot, "f", person["distinct_id"], props)
        assert row["reason"] == wanted.reason
        assert row["value"] == (None if wanted.value is None else str(wanted.value))
        rule = wanted.rule
        assert row["rule_id"] == (rule and rule.id)
        assert row["rule_type"] == (rule and rule.type)
        assert row["variant_key"] == (rule and rule.variant_key)
        assert row["payload"] == wanted.raw_payload
        reasons.add(row["reason"])
    assert reasons >= {"targeting_match", "rollout_miss", "unresolved", "no_rule_match", "holdout"}


def test_the_rows_are_sorted_into_few_cases() -> None:
    numbers = np.arange(20_000)
    people = pa.table({"distinct_id": [f"user-{number}" for number in numbers], "age": numbers})
    source = document(rollout(having("age", 10_000, "lt"), share=50), experiment(held_out=10))
    result = evaluate_table(Snapshot.parse(source), people, threads=1)
    result.read_all()
    assert result.stats.fallback_rows["f"] <= 8


def test_a_format_1_test_of_the_same_filter_keeps_its_own_verdict() -> None:
    leaf = having("plan", 5, "gt")
    old = {"key": "g", "active": True, "filters": {"groups": [{"properties": [leaf]}]}}
    source = {"flags": [*document(targeted(leaf))["flags"], old]}
    result = evaluate_table(Snapshot.parse(source), PEOPLE, output="long").read_all().to_pylist()
    assert [row["reason"] for row in result[:2]] == ["error", "no_condition_match"]


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        (document(targeted()), document(), "rule 1 is removed"),
        (document(), document(targeted()), "rule 1 is new"),
        (document(rollout(share=10)), document(rollout(share=90)), "rule 1: rollout 10 % → 90 %"),
        (document(rollout(share=1)), document(targeted()), "rule 1: rollout 1 % → all"),
        (document(targeted()), document(targeted(value=False)), "rule 1: value changed"),
        (document(targeted()), document(targeted(having("plan"))), "rule 1: targeting changed"),
        (document(rollout(seed="a")), document(rollout(seed="b")), "rule 1: seed changed"),
        (document(default=True), document(default=False), "default value: True → False"),
        (document(default=True), document(default=None), "default value: True → the caller's"),
        (
            document(experiment(values=(True, True))),
            document(experiment(values=(True, True), paused=True)),
            "rule 1: paused",
        ),
        (
            document(experiment(values=(True, True), paused=True)),
            document(experiment(values=(True, True))),
            "rule 1: resumed",
        ),
        (
            document(experiment(values=(True, True))),
            document(experiment(values=(True, True), held_out=99)),
            "rule 1: holdout changed",
        ),
        (
            document(experiment(values=(True, True))),
            document(experiment(values=(False, False))),
            "rule 1: variants changed",
        ),
        (
            document(rollout(share=1)),
            document(rollout(share=1, stops=True), default=False),
            "rule 1: what a rollout miss gives changed",
        ),
        (
            document(targeted(), rollout()),
            document(targeted(), targeted()),
            "another rule changed",
        ),
    ],
)
def test_the_cause_of_a_changed_answer(before: Any, after: Any, cause: str) -> None:
    old, new = Snapshot.parse(before).flags["f"], Snapshot.parse(after).flags["f"]
    for number in range(200):
        was = evaluate_flag(before, "f", f"user-{number}", {"plan": "x"})
        will_be = evaluate_flag(after, "f", f"user-{number}", {"plan": "x"})
        if was.value != will_be.value or was.rule != will_be.rule:
            break
    assert cause_of_rules(old, new, was, will_be).text == cause


def test_causes_outside_the_rules() -> None:
    flag = Snapshot.parse(document(targeted())).flags["f"]
    old_format = Snapshot.parse({"flags": [{"key": "f"}]}).flags["f"]
    swapped = document(targeted(), rollout())
    first = Snapshot.parse(swapped).flags["f"]
    swapped["flags"][0]["filters"]["rules"].reverse()
    second = Snapshot.parse(swapped).flags["f"]
    answer = evaluate_flag(document(), "f", "user-1")
    causes = [(old_format, flag), (flag, flag), (first, second)]
    assert [cause_of_rules(*pair, answer, answer).text for pair in causes] == [
        "the configuration format changed",
        "a project setting changed",
        "the order of rules changed",
    ]
    assert rule_id(0) == "00000000-0000-0000-0000-000000000000"
