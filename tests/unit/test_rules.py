"""What explanations, requirements and plans say about flags of format 2."""

import copy
import pickle
from typing import Any

import pytest

from flagengine import (
    Decidability,
    Missing,
    Reason,
    Resolution,
    RuleReference,
    Snapshot,
    evaluate,
    evaluate_flag,
    explain,
    requirements,
)
from flagengine.plan.render import render_flag
from flagengine.snapshot import evaluators_of
from tests.rules import document, experiment, having, rollout, rule_id, targeted


def planned(source: dict[str, Any]) -> list[str]:
    plan = evaluators_of(Snapshot.parse(source)).plans.plan("f")
    assert plan is not None
    return render_flag(plan).splitlines()


class TestResolutions:
    def test_the_rule_and_the_variant_are_named(self):
        found = evaluate_flag(
            document(targeted(having("plan")), experiment()), "f", "user-1", {"plan": "x"}
        )
        assert found.rule == RuleReference(
            rule_id(1), "experiment", 1, found.rule and found.rule.variant_key
        )
        assert found.to_dict()["rule"] == {
            "id": rule_id(1),
            "type": "experiment",
            "index": 1,
            "variant_key": "test" if found.value else "control",
        }

    @pytest.mark.rule("R20.82")
    def test_the_callers_default_is_not_unresolved(self):
        delegated = evaluate_flag(document(default=None), "f", "user-1")
        unknown = evaluate_flag(document(targeted(having("plan")), default=None), "f", "user-1")
        assert (delegated.value, delegated.caller_default) == (None, True)
        assert delegated.unresolved_reason is None
        assert (unknown.value, unknown.caller_default) == (None, False)
        failed = evaluate_flag(
            document(targeted(having("age", 1, "gt")), default=None), "f", "user-1", {"age": "x"}
        )
        assert (failed.reason, failed.caller_default) == (Reason.ERROR, False)

    def test_an_object_is_read_only_hashable_and_survives_pickling(self):
        found = evaluate_flag(document(default={"a": [1]}, kind="object"), "f", "user-1")
        assert isinstance(found.value, dict)
        with pytest.raises(TypeError):
            found.value["a"] = 2
        with pytest.raises(TypeError):
            found.value["a"].append(2)
        restored = pickle.loads(pickle.dumps(found))
        assert restored == found
        assert hash(restored) == hash(found)
        with pytest.raises(TypeError):
            restored.value["a"] = 2
        assert type(copy.deepcopy(found.value)) is dict

    def test_values_keep_their_json_type(self):
        one, true = (
            evaluate_flag(document(default=value, kind=kind), "f", "user-1")
            for value, kind in ((1, "number"), (True, "boolean"))
        )
        assert (type(one.value), type(true.value)) == (int, bool)
        assert one.enabled
        assert not one.variant

    def test_a_flag_of_each_format_in_one_feed(self):
        other = {"key": "g", "active": True, "filters": {"groups": [{}]}}
        refused = document(key="h")["flags"][0] | {"filters": {"version": 2}}
        source = {"flags": [*document(targeted())["flags"], other, refused]}
        found = evaluate(source, "user-1")
        assert {key: (found[key].value, found[key].config_version) for key in "fgh"} == {
            "f": (True, 2),
            "g": (True, 1),
            "h": (None, 2),
        }
        assert found["h"].unresolved_reason == "unsupported_definition"

    @pytest.mark.parametrize("version", [3, 0, "2", None, True])
    def test_an_unknown_format_has_no_version(self, version: Any):
        filters = {"version": version, "groups": [{}]}
        source = {"flags": [{"key": "f", "active": True, "filters": filters}]}
        found = evaluate_flag(source, "f", "user-1")
        assert (found.config_version, found.value) == (None, None)
        assert found.unresolved_reason == "unsupported_definition"

    def test_overrides_of_numbers_and_objects(self):
        source = Snapshot.parse(document(default=1, kind="number"))
        for value in (5, 0, {"a": {"b": 1}}, 2.5):
            for found in (
                evaluate_flag(source, "f", "user-1", overrides={"f": value}),
                evaluate_flag(source.with_overrides({"f": value}), "f", "user-1"),
            ):
                assert (found.value, found.reason) == (value, Reason.OVERRIDDEN)
                assert found.payload == value
        one = evaluate_flag(source, "f", "u", overrides={"f": {"a": 1}})
        true = evaluate_flag(source, "f", "u", overrides={"f": {"a": True}})
        assert one.raw_payload != true.raw_payload

    def test_a_snapshot_with_typed_overrides_survives_pickling(self):
        snapshot = Snapshot.parse(document()).with_overrides({"f": {"a": 1}})
        restored = pickle.loads(pickle.dumps(snapshot))
        assert restored == snapshot
        assert hash(restored.overrides) == hash(snapshot.overrides)


class TestMissing:
    @pytest.mark.rule("R20.72", "R20.88")
    @pytest.mark.parametrize(
        ("rules", "props", "missing", "smallest"),
        [
            ([targeted(having("b")), targeted(having("a"))], {}, ("b",), ("a", "b")),
            ([targeted(having("b")), targeted(), targeted(having("a"))], {}, ("b",), ("b",)),
            ([targeted(having("b"), having("c")), targeted()], {"c": "x"}, ("b",), ("b",)),
            ([targeted(having("b"), having("c"), having("a"))], {"c": "x"}, ("b",), ("b",)),
            (
                [targeted(having("b")), targeted(having("c", 1, "gt")), targeted(having("a"))],
                {"c": "x"},
                ("b",),
                ("b",),
            ),
            (
                [
                    targeted(having("b")),
                    targeted(having("d"), having("c", 1, "gt")),
                    rollout(having("a")),
                ],
                {"c": "x"},
                ("b",),
                ("a", "b", "d"),
            ),
            (
                [targeted(having("b")), rollout(share=0), targeted(having("a"))],
                {},
                ("b",),
                ("a", "b"),
            ),
            (
                [targeted(having("b")), rollout(share=0, stops=True), targeted(having("a"))],
                {},
                ("b",),
                ("b",),
            ),
        ],
    )
    def test_what_settles_the_flag(
        self,
        rules: list[Any],
        props: dict[str, Any],
        missing: tuple[str, ...],
        smallest: tuple[str, ...],
    ):
        explanation = explain(document(*rules), "f", "user-1", props)
        assert explanation.resolution.missing == Missing(missing)
        assert explanation.smallest_missing == Missing(smallest)

    def test_nothing_settles_what_only_the_server_decides(self):
        source = document(targeted(having("a")), targeted(having("b", "(?=x)", "regex")))
        assert explain(source, "f", "user-1", {"b": "x"}).smallest_missing is None
        source = document(targeted(having("b", "(?=x)", "regex")))
        assert explain(source, "f", "user-1", {"b": "x"}).smallest_missing is None

    def test_an_error_is_settled(self):
        explanation = explain(document(targeted(having("b", "[", "regex"))), "f", "u", {"b": "x"})
        assert explanation.smallest_missing == Missing()
        text = str(explanation)
        assert text.startswith("f is an error (invalid_regex: ")
        assert "failed by rule 1" in text
        assert "ask the server" not in text


class TestWords:
    def test_a_plan(self):
        source = document(
            targeted(having("plan"), value="a"),
            rollout(value="b", stops=True),
            experiment(values=("c", "d"), held_out=5),
            experiment(paused=True, values=("e", "f")),
            default=None,
            kind="string",
        )
        assert planned(source) == [
            "flag f",
            '  rule 1 (targeted_release): all by person get "a"',
            '    if person plan exact "pro"',
            '  rule 2 (percentage_rollout): 50 % by person get "b"',
            "    the others whose filters match stop here with the caller's default",
            '  rule 3 (experiment): all by person get "c" (control, 50 %) or "d" (test, 50 %)',
            "    hold out 5 %: the caller's default",
            '  rule 4 (experiment): all by person get "e" (control, 50 %) or "f" (test, 50 %)',
            "    the rule is paused: everyone whose filters match gets the caller's default",
            "  otherwise the caller's default",
        ]
        assert planned(document(active=False))[1] == "  is not active: no value"

    def test_an_explanation(self):
        source = document(
            targeted(having("plan")), experiment(held_out=0, share=100), targeted(), default=None
        )
        explanation = explain(source, "f", "user-1", {"plan": "x"})
        text = str(explanation)
        assert "rule 1: no match" in text
        assert "holdout: outside 0 %" in text
        assert "of variant" in text
        assert "rule 3: not reached" in text
        rule = explanation.to_dict()["conditions"][1]
        assert (rule["kind"], rule["variant_key"]) == (
            "rule",
            "test" if explanation.resolution.value else "control",
        )
        assert rule["holdout"]["verdict"] == "outside"
        assert explanation.to_dict()["conditions"][0]["variant_key"] is None

    def test_an_explanation_of_the_callers_default(self):
        text = str(explain(document(default=None), "f", "user-1"))
        assert text.startswith("f is the caller's default (no_rule_match: No matching rule)")
        paused = str(explain(document(experiment(paused=True), default=None), "f", "user-1"))
        assert "rule 1: gives the caller's default" in paused

    def test_an_explanation_of_a_rule_that_is_stuck(self):
        text = str(explain(document(targeted(having("plan"))), "f", "user-1"))
        assert "rule 1: ends without an answer" in text
        assert "to settle it, give: person properties plan" in text
        assert "undecided: rule 1" in text


class TestRequirements:
    @pytest.mark.parametrize(
        ("source", "properties", "distinct_id", "decided"),
        [
            (document(), (), False, "always"),
            (document(targeted(having("a"))), ("a",), False, "always"),
            (document(rollout(having("a"))), ("a",), True, "always"),
            (document(experiment(paused=True)), (), False, "always"),
            (document(experiment(held_out=10)), (), True, "always"),
            (document(targeted(having("a", "(?=x)", "regex"))), ("a",), False, "sometimes"),
            (
                document(targeted(), targeted(having("a", "(?=x)", "regex"))),
                ("a",),
                False,
                "always",
            ),
            (
                document(rollout(share=0, stops=True), targeted(having("a", "(?=x)", "regex"))),
                ("a",),
                True,
                "always",
            ),
            (
                document(experiment(held_out=100), targeted(having("a", "(?=x)", "regex"))),
                ("a",),
                True,
                "always",
            ),
            (document(targeted(having("a", "[", "regex"))), ("a",), False, "always"),
            (document(active=False), (), False, "always"),
        ],
    )
    def test_of_rules(
        self, source: Any, properties: tuple[str, ...], distinct_id: bool, decided: str
    ):
        found = requirements(source, "f")
        assert found.person_properties == properties
        assert found.distinct_id is distinct_id
        assert found.decided_locally is Decidability(decided)

    def test_the_obstacle_is_named(self):
        found = requirements(document(targeted(having("a", "(?=x)", "regex"))), "f")
        assert "look-ahead" in " ".join(found.why)


def test_a_long_id_with_a_lone_surrogate_is_the_empty_subject():
    source = Snapshot.parse(document(rollout(share=100)))
    for identity in ("\ud800", "x" * 250 + "\ud800", None, "", True, []):
        for _ in range(3):
            assert evaluate_flag(source, "f", identity).reason is Reason.NO_RULE_MATCH
    assert isinstance(evaluate_flag(source, "f", "é" * 250), Resolution)
    assert evaluate_flag(source, "f", "é" * 250).value is True
