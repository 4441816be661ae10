"""Explanations as text, word by word, and as data."""

import json
from typing import Any

import pytest

from flagengine import Missing, Reason, Resolution, explain

PLAN = {"key": "plan", "type": "person", "operator": "exact", "value": "pro"}
VARIANTS = [{"key": "red", "rollout_percentage": 50}, {"key": "blue", "rollout_percentage": 50}]


def _document(filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    flag = {"key": "beta", "active": True, "filters": filters}
    return {"flags": [flag], "group_type_mapping": {"0": "company"}, **more}


def _lines(document: dict[str, Any], props: Any = None, **options: Any) -> list[str]:
    return str(explain(document, "beta", "user-1", props, **options)).split("\n")


def test_a_match_shows_what_was_compared_and_drawn():
    condition = {"properties": [PLAN], "rollout_percentage": 80}
    document = _document({"groups": [condition], "multivariate": {"variants": VARIANTS}})
    assert _lines(document, {"plan": "pro"}) == GOLDEN["match"]


def test_a_missing_property_shows_what_would_settle_it():
    first = {"properties": [PLAN], "variant": "blue"}
    document = _document({"groups": [first, {}], "multivariate": {"variants": VARIANTS}})
    assert _lines(document) == GOLDEN["missing"]


def test_a_flag_that_the_caller_leaves_to_the_server_keeps_its_tree_and_loses_its_answer():
    known = explain(_document({"groups": [{"properties": [PLAN]}]}), "beta", "user-1", redact=True)
    left = Resolution("beta", None, Reason.UNRESOLVED, description="Left")
    found = known.left_open(left, "a rule of the caller")
    assert str(found).split("\n") == [
        "beta is unresolved (unresolved: Left)",
        *str(known).split("\n")[1:-2],
        "├─ undecided: a rule of the caller",
        "└─ no further inputs would settle it: ask the server",
    ]
    assert (found.resolution, found.smallest_missing, found.is_redacted) == (left, None, True)
    assert found.to_dict()["conditions"] == known.to_dict()["conditions"]


def test_a_skipped_condition_and_one_that_is_not_reached_say_so():
    grouped = {"aggregation_group_type_index": 0, "properties": []}
    document = _document({"groups": [grouped, {"properties": []}, {"properties": [PLAN]}]})
    assert _lines(document) == GOLDEN["skipped"]


def test_cohorts_and_dependencies_are_nested():
    cohorts = {
        "5": {
            "type": "OR",
            "values": [PLAN | {"negation": True}, {"type": "AND", "values": [PLAN]}],
        }
    }
    dependency = {
        "key": "base",
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": True,
        "dependency_chain": ["base"],
    }
    cohort = {"key": "id", "type": "cohort", "operator": "in", "value": 5}
    document = _document({"groups": [{"properties": [cohort, dependency]}]}, cohorts=cohorts)
    document["flags"].append({"key": "base", "active": False, "filters": {}})
    assert _lines(document, {"plan": "free"}) == GOLDEN["nested"]


def test_enrollment_and_holdout_stand_before_the_conditions():
    filters = {
        "groups": [{}],
        "feature_enrollment": True,
        "holdout": {"id": 4, "exclusion_percentage": 10},
    }
    assert _lines(_document(filters), complete=True) == GOLDEN["before"]
    assert _lines(_document(filters), {"$feature_enrollment/beta": "true"}) == GOLDEN["enrolled"]


def test_what_only_the_server_knows_is_said():
    filter_ = {"key": "plan", "type": "person", "operator": "resembles", "value": "x"}
    assert _lines(_document({"groups": [{"properties": [filter_]}]})) == GOLDEN["server"]
    assert _lines(_document({"version": 3})) == GOLDEN["format"]


def test_answers_without_a_walk_are_one_line_and_a_reason():
    document = _document({"groups": [{}]})
    assert _lines(document, overrides={"beta": "red"}) == GOLDEN["override"]
    document["flags"][0]["active"] = False
    assert _lines(document) == GOLDEN["inactive"]
    document["flags"].clear()
    assert _lines(document) == GOLDEN["unknown"]


def test_a_redacted_explanation_keeps_the_definitions_and_hides_the_values():
    document = _document({"groups": [{"properties": [PLAN]}]})
    explanation = explain(document, "beta", "user-1", {"plan": "secret"}, redact=True)
    assert "secret" not in str(explanation)
    assert "secret" not in json.dumps(explanation.to_dict())
    assert 'person plan exact "pro"; it is (redacted)' in str(explanation)


def test_a_long_value_is_cut_in_text_and_whole_in_data():
    document = _document({"groups": [{"properties": [PLAN]}]})
    explanation = explain(document, "beta", "user-1", {"plan": "x" * 1_000})
    assert "x" * 100 not in str(explanation)
    found = explanation.to_dict()["conditions"][0]["filters"][0]
    assert (found["actual"], found["expected"]) == ("x" * 1_000, "pro")


def test_the_smallest_missing_names_what_every_undecided_condition_lacks():
    tier = {"key": "tier", "type": "person", "operator": "exact", "value": "gold"}
    document = _document({"groups": [{"properties": [PLAN]}, {"properties": [tier]}]})
    assert explain(document, "beta", "user-1", {}).smallest_missing == Missing(("plan", "tier"))
    half = {"properties": [PLAN], "rollout_percentage": 50}
    decided = _document({"groups": [half, {"properties": [tier]}]})
    found = {explain(decided, "beta", f"user-{n}", {}).smallest_missing for n in range(20)}
    assert found == {Missing(("plan", "tier")), Missing(("tier",))}


def test_the_smallest_missing_leaves_out_what_cannot_matter_any_more():
    other = PLAN | {"key": "other"}
    groups = [{"properties": [PLAN]}, {"properties": [other], "rollout_percentage": 0}, {}]
    explanation = explain(_document({"groups": groups}), "beta", "user-1")
    assert explanation.smallest_missing == Missing()
    groups = [{"properties": [PLAN], "variant": "red"}, {"properties": [other]}, {}]
    filters = {
        "groups": groups,
        "multivariate": {"variants": [VARIANTS[0] | {"rollout_percentage": 0}]},
    }
    explanation = explain(_document(filters), "beta", "user-1")
    assert explanation.resolution.missing == Missing(("other", "plan"))
    assert explanation.smallest_missing == Missing(("plan",))


def test_a_dependency_that_is_named_again_is_shown_once():
    flags = [{"key": "f0", "active": True, "filters": {"groups": [{}]}}]
    for number in range(1, 40):
        filter_ = {
            "key": f"f{number - 1}",
            "type": "flag",
            "operator": "flag_evaluates_to",
            "value": True,
            "dependency_chain": [f"f{below}" for below in range(number)],
        }
        filters = {"groups": [{"properties": [filter_, filter_]}]}
        flags.append({"key": f"f{number}", "active": True, "filters": filters})
    explanation = explain({"flags": flags}, "f39", "user-1")
    assert explanation.resolution.value is True
    assert str(explanation).count("f12 is true") == 1
    assert json.dumps(explanation.to_dict()).count('"key": "f12", "value": true') == 1


@pytest.mark.parametrize(
    "value", [10**400, 10**4_000, "\ud800", b"\xff", float("nan"), {1: {2: 3}}]
)
def test_any_value_can_be_shown(value: Any):
    explanation = explain(
        _document({"groups": [{"properties": [PLAN]}]}), "beta", "u", {"plan": value}
    )
    assert str(explanation)
    assert json.dumps(explanation.to_dict())
    assert json.dumps(explanation.to_dict()["resolution"])


GOLDEN: dict[str, list[str]] = {
    "match": [
        'beta is "red" (condition_match: Matched condition set 1)',
        '├─ condition 1: gives "red"',
        '│  ├─ ✓ person plan exact "pro"; it is "pro"',
        "│  ├─ rollout: inside 80 % (0.397697 <= 0.8, by distinct id)",
        '│  └─ variant: "red" (0.124399, by distinct id)',
        "└─ decided by condition 1",
    ],
    "missing": [
        "beta is unresolved (missing_context: Inputs are missing)",
        '├─ condition 1: may give "blue"',
        '│  ├─ ? person plan exact "pro"; the property is not given',
        "│  └─ rollout: inside 100 % (no hash needed)",
        '├─ condition 2: gives "red"',
        "│  ├─ rollout: inside 100 % (no hash needed)",
        '│  └─ variant: "red" (0.124399, by distinct id)',
        "├─ undecided: inputs that are not known",
        "└─ to settle it, give: person properties plan",
    ],
    "skipped": [
        "beta is true (condition_match: Matched condition set 2)",
        "├─ condition 1: skipped: no group of type 'company' was passed",
        "├─ condition 2: gives true",
        "│  └─ rollout: inside 100 % (no hash needed)",
        "├─ condition 3: not reached",
        "└─ decided by condition 2",
    ],
    "nested": [
        "beta is false (no_condition_match: No matching condition set)",
        "├─ condition 1: no match",
        "│  ├─ ✓ cohort 5 in",
        "│  │  └─ ✓ any of",
        "│  │     ├─ ✓ not",
        '│  │     │  └─ ✗ person plan exact "pro"; it is "free"',
        "│  │     └─ ✗ all of",
        '│  │        └─ ✗ person plan exact "pro"; it is "free"',
        "│  └─ ✗ flag base evaluates to true; it is false",
        "│     └─ base is false (flag_disabled: Feature flag is disabled)",
        "│        └─ decided by the flag's inactive state",
        "└─ decided by the lack of a matching condition",
    ],
    "before": [
        "beta is true (condition_match: Matched condition set 1)",
        "├─ enrollment $feature_enrollment/beta: the property is absent",
        "├─ holdout: outside 10 % (0.178056 > 0.1, by distinct id)",
        "├─ condition 1: gives true",
        "│  └─ rollout: inside 100 % (no hash needed)",
        "└─ decided by condition 1",
    ],
    "enrolled": [
        "beta is true (super_condition_value: Super condition value)",
        '├─ enrollment $feature_enrollment/beta: it is "true"',
        "└─ decided by the enrollment",
    ],
    "server": [
        "beta is unresolved (unsupported_definition: The definition cannot be evaluated here)",
        "├─ condition 1: may give true",
        "│  ├─ ? person plan resembles \"x\"; unknown operator 'resembles'",
        "│  └─ rollout: inside 100 % (no hash needed)",
        "├─ undecided: inputs that are not known",
        "└─ no further inputs would settle it: ask the server",
    ],
    "format": [
        "beta is unresolved (unsupported_definition: The definition cannot be evaluated here: /flags/0/filters/version: configuration format must be 1 or 2, got 3; only the server can evaluate this flag [unsupported_version])",
        "├─ undecided: the flag's definition",
        "└─ no further inputs would settle it: ask the server",
    ],
    "override": [
        'beta is "red" (overridden: Overridden by the caller)',
        "└─ decided by an override",
    ],
    "inactive": [
        "beta is false (flag_disabled: Feature flag is disabled)",
        "└─ decided by the flag's inactive state",
    ],
    "unknown": [
        "beta is null (unknown_flag: No such flag in the definitions)",
        "└─ decided by the definitions, which have no such flag",
    ],
}


def test_a_draw_is_inside_when_it_gives_a_variant():
    red = {"key": "red", "rollout_percentage": 30}
    document = _document({"groups": [{}], "multivariate": {"variants": [red]}})
    draws = {
        user: explain(document, "beta", user, {}).to_dict()["conditions"][0]["draw"]["bucket"]
        for user in ("user-1", "user-2", "user-3", "user-4")
    }
    assert {bucket < 0.3 for bucket in draws.values()} == {True, False}
    for user, bucket in draws.items():
        (condition,) = explain(document, "beta", user, {}).to_dict()["conditions"]
        assert condition["draw"]["verdict"] == ("inside" if bucket < 0.3 else "outside")


@pytest.mark.parametrize("key", [None, 5, 1.5, b"beta", ("beta",)])
def test_a_key_that_is_no_text_is_explained_as_unknown(key: Any) -> None:
    found = explain({"flags": []}, key, "user-1")
    assert str(found).startswith(f"{key!r} is null (unknown_flag: ")
    assert repr(found).startswith("Explanation(")
    assert "unknown_flag" in found._repr_html_()


def test_lines_say_filters_as_they_are_told_and_leave_out_what_decided():
    seats = {"key": "seats", "type": "group", "group_type_index": 0, "value": 5}
    document = {
        "flags": [{"key": "f", "active": True, "filters": {"groups": [{"properties": [seats]}]}}],
        "group_type_mapping": {"0": "company"},
    }
    found = explain(document, "f", "u", groups={"company": "acme"}, complete=True)
    asked = []

    def say(leaf):
        asked.append(leaf)
        return "SAID"

    line = found.to_line(say, has_ending=False)
    (condition,) = line.children
    assert condition.children[0].text == "✗ SAID; the property is absent"
    (whole,) = found.to_dict()["conditions"]
    assert asked == [{name: whole["filters"][0][name] for name in asked[0]}]
    assert (asked[0]["group"], asked[0]["expected"]) == ("company", 5)
    assert found.to_line().children[-1].text == "decided by the lack of a matching condition"
