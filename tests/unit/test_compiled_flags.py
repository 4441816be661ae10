"""Compiled flags: which calls they take, which objects they give, and that they equal the interpreter."""

import math
from inspect import getsourcelines
from typing import Any

import pytest

from flagengine import Resolution, Snapshot, evaluate, evaluate_flag, explain
from flagengine.snapshot import evaluators_of


def person(key: str, value: Any = "x", operator: str = "exact") -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": operator, "value": value}


def when(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"properties": list(filters), **more}


def depends_on(key: str) -> dict[str, Any]:
    operator = {"operator": "flag_evaluates_to", "dependency_chain": [key]}
    return {"key": key, "type": "flag", "value": True, **operator}


def flag(key: str, *conditions: dict[str, Any], **filters: Any) -> dict[str, Any]:
    return {"key": key, "active": True, "filters": {"groups": list(conditions), **filters}}


def answers(snapshot: Snapshot, key: str, props: Any, **options: Any) -> list[Resolution]:
    """Return the answers of the interpreted, the compiled and the known flag."""
    return [evaluate_flag(snapshot, key, "user-1", props, **options) for _ in range(3)]


COHORT = {"key": "id", "type": "cohort", "operator": "not_in", "value": 1}
COHORTS = {
    "1": {"type": "AND", "values": [person("b"), {"key": "id", "type": "cohort", "value": 99}]}
}
ONE = {"variants": [{"key": "v", "rollout_percentage": 100}]}
PART = {"variants": [{"key": "v", "rollout_percentage": 30}]}
GROUP = {"key": "distinct_id", "type": "group", "group_type_index": 0, "value": "user-1"}
HALF = {"id": 1, "exclusion_percentage": 50}
NOBODY = {"id": 1, "exclusion_percentage": 0}
OF_PERSONS = {"aggregation_group_type_index": None}
CONTINUOUS = {"ensure_experience_continuity": True}
DEVICE = {"bucketing_identifier": "device_id"}


@pytest.mark.parametrize(
    "definition",
    [
        # A walk ends at its last step, whatever was in doubt before.
        flag(
            "f", when(person("a")), when(COHORT), when(person("z"), variant="v"), multivariate=ONE
        ),
        flag("f", when(COHORT, rollout_percentage=0), when(person("z")), early_exit=True),
        # A step that may fail the flag leaves a reason and an index.
        flag("f", when(depends_on("gone")), when(person("a"))),
        flag("f", {}, when(depends_on("gone"))),
        flag("f", OF_PERSONS, holdout=HALF, aggregation_group_type_index=5),
        flag("f", OF_PERSONS, holdout=NOBODY, aggregation_group_type_index=5),
        flag("f", when(person("a")), when(COHORT), when(person("b"))),
        flag("f", when(depends_on("gone")), feature_enrollment=True),
        # A hash that is not known matters where it can change the answer, and only there.
        *(
            {**flag("f", when(**condition), when(person("a")), multivariate=drawn), **by}
            for by in (CONTINUOUS, DEVICE, {})
            for drawn in ({}, ONE, PART)
            for condition in ({}, {"rollout_percentage": 0}, {"rollout_percentage": 50})
        ),
        {**flag("f", {}, holdout=HALF), **DEVICE},
        {**flag("f", {}, holdout=HALF), **CONTINUOUS},
        flag("f", {}, holdout={"id": 1, "exclusion_percentage": 100}),
        flag("f", {}, holdout=NOBODY),
        flag("f", when(GROUP), when(person("distinct_id", "user-1"), rollout_percentage=0)),
        flag("f", when(person("distinct_id", "é", "icontains"))),
        flag("f", when(person("a", "é", "not_icontains"), person("a", ["é", "ö"], "is_not"))),
        flag("f", {}, feature_enrollment=True),
    ],
)
def test_a_compiled_flag_answers_as_the_interpreter(definition: dict[str, Any]) -> None:
    document = {"flags": [definition], "cohorts": COHORTS, "group_type_mapping": {"0": "company"}}
    snapshot = Snapshot.parse(document)
    some: list[dict[str, Any]] = [
        {},
        {"a": "x", "$device_id": "d"},
        {"a": "É" * 300, "b": "y", "$device_id": ""},
        {"a": "z", "b": "x", "z": "x"},
        {"b": "y"},
        {"$feature_enrollment/f": math.nan, "a": "z", "b": "z"},
        {"$feature_enrollment/f": "true"},
        {"$feature_enrollment/f": False},
    ]
    compiled = snapshot.evaluator("f")
    for distinct_id in ("user-1", "user-9", "é", "\ud800", "x" * 400, "", None):
        for props in some:
            expected = explain(snapshot, "f", distinct_id, props).resolution
            assert compiled(distinct_id, props) == expected
            assert evaluate_flag(snapshot, "f", distinct_id, props) == expected
        options: dict[str, Any] = {"groups": {"company": "c"}, "complete": True}
        expected = explain(snapshot, "f", distinct_id, {}, **options).resolution
        assert evaluate_flag(snapshot, "f", distinct_id, {}, **options) == expected


def test_a_flag_is_compiled_once() -> None:
    document = {"flags": [flag("above", when(depends_on("below"))), flag("below", {})]}
    snapshot = Snapshot.parse(document).with_overrides({"forced": True})
    for key in ("above", "below", "forced"):
        assert snapshot.evaluator(key) is snapshot.evaluator(key)


def test_evaluators_come_together_as_soon_as_all_are_compiled() -> None:
    snapshot = Snapshot.parse({"flags": [flag("b", {}), flag("a", {})]})
    evaluators = evaluators_of(snapshot)
    assert evaluators.together() is None
    first = snapshot.evaluator("a")
    assert evaluators.together() is None
    second = snapshot.evaluator("b")
    found = evaluators.together()
    assert found == ({"b": 0, "a": 1}, ("b", "a"), (second, first))
    assert evaluators.together() is found


def test_evaluators_do_not_come_together_where_overrides_may_add_flags() -> None:
    snapshot = Snapshot.parse({"flags": [flag("b", {})]}).with_overrides({"a": True})
    for key in ("a", "b"):
        snapshot.evaluator(key)
    assert evaluators_of(snapshot).together() is None


def test_a_flag_may_follow_an_inactive_flag_that_follows_another() -> None:
    below = {**flag("b", when(depends_on("a"))), "active": False}
    document = {"flags": [flag("a", when(person("p"))), below, flag("c", when(depends_on("b")))]}
    for order in ("bccc", "bbcc", "ccba", "abcabc"):
        snapshot = Snapshot.parse(document)
        for key in order:
            expected = explain(snapshot, key, "user-1", {"p": "x"}).resolution
            assert evaluate_flag(snapshot, key, "user-1", {"p": "x"}) == expected


def test_equal_answers_are_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps many answers keeps few objects."""
    both = when(person("a", "^x", "regex"), person("b", "^x", "regex"))
    above = when(depends_on("below"))
    flags = [flag("below", both), flag("above", above)]
    snapshot = Snapshot.parse({"flags": flags})
    doubts: list[dict[str, str]] = [{}, {"a": "x"}, {"b": "x"}]
    for key in ("below", "above"):
        evaluator = snapshot.evaluator(key)
        for _ in range(2):
            assert len({id(evaluator("user-1", props)) for props in doubts * 2}) <= 3
        wrong = [{"a": "y", "b": "x"}, {"a": "x", "b": "y"}, {"a": "y", "b": "y"}]
        assert len({id(evaluator(f"user-{row}", props)) for row in (1, 2) for props in wrong}) == 1
        before = [evaluator("user-1", props) for props in doubts]
        assert all(
            evaluator("user-1", props) is answer
            for props, answer in zip(doubts, before, strict=True)
        )
        monkeypatch.setattr("flagengine.compiled.runtime._REMEMBERED", 3)
        assert all(
            evaluator("user-1", props) is answer
            for props, answer in zip(doubts, before, strict=True)
        )
        monkeypatch.undo()


def test_forced_answers_are_one_object_until_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flagengine.compiled.evaluators._MAX_FORCED", 3)
    evaluators = evaluators_of(Snapshot.parse({"flags": [flag("f", {})]}))
    values = [True, False, "blue"]
    found = [evaluators.forced("f", value) for value in values]
    assert all(
        evaluators.forced("f", value) is answer for value, answer in zip(values, found, strict=True)
    )
    evaluators.forced("f", "red")
    assert evaluators.forced("f", True) is not found[0]


def test_groups_may_nest_deeper_than_blocks_of_python() -> None:
    def nested(depth: int) -> dict[str, Any]:
        if not depth:
            return {"type": "AND", "values": [person("a"), person("b")]}
        word = "OR" if depth % 2 else "AND"
        last = person("a" if depth % 2 else "c", "x" if depth % 2 else "y")
        return {"type": word, "values": [nested(depth - 1), nested(0), last]}

    definition = nested(18)
    member = {"key": "id", "type": "cohort", "value": 1}
    snapshot = Snapshot.parse({"flags": [flag("f", when(member))], "cohorts": {"1": definition}})
    plan = evaluators_of(snapshot).plans.plan("f")
    assert plan is not None
    generated = evaluators_of(snapshot).generated(plan)
    for props in ({"a": "x", "b": "x", "c": "y"}, {"a": "z", "c": "y"}, {"b": "x"}, {"c": "z"}):
        expected = explain(snapshot, "f", "user-1", props).resolution
        assert generated("user-1", props) == expected


class TestOverriding:
    SNAPSHOT = Snapshot.parse(
        {"flags": [flag("a", {}), flag("b", when(depends_on("a"))), flag("c", {})]}
    )

    def test_a_hidden_flag_that_is_overridden_keeps_its_place(self) -> None:
        hidden = {**flag("a", {}), "evaluation_runtime": "server"}
        snapshot = Snapshot.parse({"flags": [hidden, flag("b", {})]})
        seen = evaluate(snapshot, "user-1", evaluation_runtime="client")
        assert list(seen) == ["b"]
        seen = evaluate(
            snapshot, "user-1", evaluation_runtime="client", overrides={"a": False, "z": True}
        )
        assert list(seen) == ["a", "b", "z"]
        assert list(evaluate(snapshot.with_overrides({"z": True}), "user-1")) == ["a", "b", "z"]

    def test_an_unknown_flag_stays_unknown_with_every_option(self) -> None:
        for option in ({"evaluation_runtime": "client"}, {"overrides": {"a": False}}):
            for found in answers(self.SNAPSHOT, "gone", {}, **option):
                assert found == explain(self.SNAPSHOT, "gone", "user-1", {}).resolution

    @pytest.mark.parametrize(
        "below",
        [{}, {"a": False}, {"payloads": {"a": 1}}, {"flags": {"a": "x"}, "payloads": {"a": 1}}],
    )
    @pytest.mark.parametrize(
        "above",
        [
            {"a": "blue"},
            {"payloads": {"a": 2}},
            {"flags": {"a": "blue"}, "payloads": {"a": 2}},
            False,
            {"flags": False},
            {"payloads": False},
            {"c": False},
        ],
    )
    @pytest.mark.parametrize("more", [{}, {"missing_group": "unresolved"}])
    def test_layers_give_what_the_interpreter_gives(
        self, below: Any, above: Any, more: dict[str, Any]
    ) -> None:
        snapshot = self.SNAPSHOT.with_overrides(below)
        for key in ("a", "b", "c"):
            expected = explain(snapshot, key, "user-1", {}, overrides=above, **more).resolution
            assert answers(snapshot, key, {}, overrides=above, **more) == [expected] * 3
            assert answers(snapshot, key, {}) == [explain(snapshot, key, "user-1").resolution] * 3
        for _ in range(3):
            every = evaluate(snapshot, "user-1", {}, overrides=above, **more)
            some = evaluate(snapshot, "user-1", {}, flag_keys=["c", "a"], overrides=above, **more)
            assert {key: every[key] for key in ("c", "a")} == dict(some.items())
            few = evaluate(snapshot, "user-1", {}, flag_keys=["c"])
            assert few["c"] == explain(snapshot, "c", "user-1").resolution


def test_a_generated_function_shows_its_source_line_by_line() -> None:
    snapshot = Snapshot.parse({"flags": [flag("f", when(person("p", "1.0", "semver_eq")))]})
    first, *others = getsourcelines(snapshot.evaluator("f"))[0]
    assert first == "def evaluate(distinct_id, props, subject=None):\n"
    assert all(line.endswith("\n") for line in others)


def test_without_the_accelerator_text_is_tested_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("text_tests", "plain"):
        monkeypatch.setattr(f"flagengine.compiled.{module}.accelerator", None)
    snapshot = Snapshot.parse({"flags": [flag("f", when(person("p", "x")))]})
    assert [answer.value for answer in answers(snapshot, "f", {"p": "X"})] == [True] * 3
