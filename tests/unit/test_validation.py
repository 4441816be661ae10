"""A broken document per code, and the guarantees of validation for all of them."""

import json
import sys

import pytest
from jsonschema import Draft202012Validator

from flagengine.analysis.lint import CATALOGUE, Severity
from flagengine.analysis.lint.validation import Finding, schema, validate

G = "/flags/0/filters/groups/0"
P = f"{G}/properties/0"


def flag(key="a", **members):
    return {"key": key, "active": True, "filters": {"groups": [{}]}} | members


def document(*flags, **members):
    return {"flags": list(flags)} | members


def configured(**filters):
    return document(flag(filters={"groups": [{}]} | filters))


def conditions(*groups, **filters):
    return configured(groups=list(groups), **filters)


def filtering(operator="exact", value="x", **members):
    filter_ = {"key": "p", "type": "person", "operator": operator, "value": value} | members
    return conditions({"properties": [filter_]})


def variants(*weights, **members):
    keys = "abcdef"
    return configured(
        multivariate={
            "variants": [
                {"key": keys[index], "rollout_percentage": weight}
                for index, weight in enumerate(weights)
            ]
        },
        **members,
    )


def cohort(*values, kind="AND", **members):
    asks = {"properties": [{"key": "id", "type": "cohort", "value": 1}]}
    definition = {"type": kind, "values": list(values)}
    return conditions(asks) | {"cohorts": {"1": definition} | members}


def ruled(**members):
    filters = {"version": 2, "return_type": "boolean", "default_value": None, "rules": [RULE]}
    return document(flag(filters=filters | members))


F = "/flags/0/filters"
RULE = {
    "id": "11111111-1111-4111-8111-111111111111",
    "rule_type": "targeted_release",
    "targeting": {"properties": []},
    "value": True,
}
OTHER = RULE | {"id": "22222222-2222-4222-8222-222222222222"}
ROLLOUT = OTHER | {
    "rule_type": "percentage_rollout",
    "rollout_percentage": 20,
    "on_rollout_miss": "continue",
    "assignment_algorithm": "sha1_60_v1",
    "seed": "s",
}


def asked(operator, value):
    predicate = {"key": "plan", "type": "person", "operator": operator, "value": value}
    return RULE | {"targeting": {"properties": [predicate]}}


PLAN = {"key": "plan", "type": "person", "value": "pro"}
DEPENDS = {"key": "a", "type": "flag", "operator": "flag_evaluates_to", "value": True}
NESTED = json.loads("[" * 200 + "]" * 200)

BROKEN = [
    ("not_json", "{", ""),
    ("not_an_object", [], ""),
    ("not_an_object", document(flag(filters=[])), "/flags/0/filters"),
    ("missing_key", {}, "/flags"),
    ("missing_key", document({"active": True}), "/flags/0/key"),
    ("wrong_type", {"flags": None}, "/flags"),
    ("wrong_type", document(flag(active="yes")), "/flags/0/active"),
    ("duplicate_key", document(flag(), flag()), "/flags/1/key"),
    ("unknown_operator", filtering("icontain"), f"{P}/operator"),
    ("unknown_filter_type", filtering(type="persn"), f"{P}/type"),
    ("unsupported_version", configured(version=3), "/flags/0/filters/version"),
    (
        "unsupported_rule",
        ruled(aggregation_group_type_index=0),
        f"{F}/aggregation_group_type_index",
    ),
    ("unknown_member", ruled(groups=[]), f"{F}/groups"),
    ("invalid_value", ruled(return_type="json"), f"{F}/return_type"),
    ("out_of_range", ruled(return_type="string", default_value=""), f"{F}/default_value"),
    ("not_unique", ruled(rules=[RULE, RULE]), f"{F}/rules/1/id"),
    ("too_large", ruled(rules=[RULE | {"description": "x" * 2**19}]), F),
    ("too_deep", filtering(value=NESTED), f"{P}/value"),
    ("dependency_cycle", conditions({"properties": [DEPENDS]}), "/flags/0"),
    ("cohort_cycle", cohort({"key": "id", "type": "cohort", "value": 1}), "/cohorts/1"),
    ("missing_cohort", filtering("in", 7, type="cohort"), f"{P}/value"),
    ("missing_dependency", conditions({"properties": [DEPENDS]}), f"{P}/dependency_chain"),
    ("unknown_hash", document(flag(flagengine={"hash": "md5"})), "/flags/0/flagengine/hash"),
    ("unknown_hash", document(flagengine={"hash": "md5"}), "/flagengine/hash"),
    ("schema", document(flag(id="7")), "/flags/0/id"),
    ("misspelt_field", conditions({"rollout_percentge": 5}), f"{G}/rollout_percentge"),
    ("misspelt_field", conditions({"rolloutPercentage": 5}), f"{G}/rolloutPercentage"),
    ("unknown_field", document(flag(colour="red")), "/flags/0/colour"),
    ("legacy_field", configured(super_groups=[{}]), "/flags/0/filters/super_groups"),
    ("legacy_field", configured(holdout_groups=[{}]), "/flags/0/filters/holdout_groups"),
    ("legacy_field", filtering("min", 5), f"{P}/operator"),
    ("empty_key", document(flag("")), "/flags/0/key"),
    ("empty_key", filtering(key=""), f"{P}/key"),
    ("empty_key", document(group_type_mapping={"0": ""}), "/group_type_mapping/0"),
    ("no_conditions", conditions(), "/flags/0/filters/groups"),
    ("unreachable_condition", conditions({}, {"properties": [PLAN]}), "/flags/0/filters/groups/1"),
    ("zero_rollout", conditions({"rollout_percentage": 0}), f"{G}/rollout_percentage"),
    (
        "percentage_out_of_range",
        conditions({"rollout_percentage": 101}),
        f"{G}/rollout_percentage",
    ),
    (
        "percentage_out_of_range",
        configured(holdout={"id": 1, "exclusion_percentage": -1}),
        "/flags/0/filters/holdout/exclusion_percentage",
    ),
    (
        "duplicate_variant",
        configured(multivariate={"variants": [{"key": "a", "rollout_percentage": 50}] * 2}),
        "/flags/0/filters/multivariate/variants/1/key",
    ),
    ("weights_not_100", variants(50, 40), "/flags/0/filters/multivariate/variants"),
    ("unreachable_variant", variants(100, 10), "/flags/0/filters/multivariate/variants/1"),
    ("unknown_pin", conditions({"variant": "b"}), f"{G}/variant"),
    ("payload_not_json", configured(payloads={"true": "hi"}), "/flags/0/filters/payloads/true"),
    ("payload_not_json", configured(payloads={"true": "[NaN]"}), "/flags/0/filters/payloads/true"),
    ("raw_payload", configured(payloads={"true": {}}), "/flags/0/filters/payloads/true"),
    ("unused_payload", configured(payloads={"false": "1"}), "/flags/0/filters/payloads/false"),
    ("null_operand", filtering("is_not", None), f"{P}/value"),
    ("null_operand", filtering("in", None, type="cohort"), f"{P}/value"),
    ("malformed_operand", filtering("in", "all", type="cohort"), f"{P}/value"),
    ("malformed_operand", filtering("gt", "many"), f"{P}/value"),
    ("malformed_operand", filtering("not_between", [2, 1]), f"{P}/value"),
    ("malformed_operand", filtering("semver_eq", "latest"), f"{P}/value"),
    ("malformed_operand", filtering("is_date_before", "whenever"), f"{P}/value"),
    ("malformed_operand", filtering("is_date_after", 2024), f"{P}/value"),
    ("invalid_pattern", filtering("regex", "("), f"{P}/value"),
    ("invalid_pattern", filtering("not_regex", "("), f"{P}/value"),
    ("untranslatable_pattern", filtering("regex", "a(?=b)"), f"{P}/value"),
    ("undecidable_date", filtering("is_date_before", "June 1, 2024"), f"{P}/value"),
    ("misplaced_operator", filtering("in", [1]), f"{P}/operator"),
    ("misplaced_operator", filtering("gt", 1, type="cohort"), f"{P}/operator"),
    ("misplaced_operator", filtering("exact", True, type="flag"), f"{P}/operator"),
    ("misplaced_operator", cohort(DEPENDS), "/cohorts/1/values/0/operator"),
    ("wrong_type", cohort(PLAN, kind="property"), "/cohorts/1/type"),
    (
        "unnamed_group",
        configured(aggregation_group_type_index=0),
        "/flags/0/filters/aggregation_group_type_index",
    ),
    ("unnamed_group", filtering(type="group"), f"{P}/group_type_index"),
    ("empty_group", cohort(), "/cohorts/1"),
    ("unreachable_lower_rule", ruled(rules=[RULE, OTHER]), f"{F}/rules/1"),
    ("rollout_miss_can_enter_lower_rule", ruled(rules=[ROLLOUT, RULE]), f"{F}/rules/1"),
    (
        "null_operand",
        ruled(rules=[asked("exact", None)]),
        f"{F}/rules/0/targeting/properties/0/value",
    ),
    (
        "invalid_pattern",
        ruled(rules=[asked("regex", "(")]),
        f"{F}/rules/0/targeting/properties/0/value",
    ),
    ("never_local", filtering("regex", "a(?=b)"), "/flags/0"),
    (
        "sometimes_local",
        conditions({"properties": [PLAN, {"key": "id", "type": "cohort", "value": 7}]}),
        "/flags/0",
    ),
]

FINE = [
    variants(33.33, 33.33, 33.34),
    variants(50, 50, payloads={"a": '"x"'}, holdout={"id": 3, "exclusion_percentage": 5}),
    conditions({"properties": [PLAN], "rollout_percentage": 10}, {"rollout_percentage": 50}),
    conditions({"properties": [PLAN], "rollout_percentage": 0}, {}, early_exit=True),
    conditions({"rollout_percentage": 10}, {"rollout_percentage": 50}),
    conditions({"aggregation_group_type_index": 0}, {}) | {"group_type_mapping": {"0": "company"}},
    cohort(PLAN, {"key": "mail", "type": "person", "operator": "is_set"}),
    cohort({"type": "property", "values": [PLAN]}),
    filtering("is_date_after", "-30d"),
    filtering("regex", r"@(example|test)\.com$"),
    conditions({"exposure_frozen_at": None, "description": "x"}),
    ruled(),
    ruled(rules=[]),
    ruled(rules=[ROLLOUT | {"on_rollout_miss": "return_default"}]),
    ruled(rules=[asked("is_set", None), OTHER | {"value": False}]),
]


@pytest.mark.parametrize(("code", "broken", "pointer"), BROKEN)
def test_a_broken_document_gives_the_code_at_its_place(code, broken, pointer):
    assert (code, pointer) in [(finding.code, finding.pointer) for finding in validate(broken)]


def test_every_code_has_a_broken_document_that_gives_it():
    with_another_document = {"rule_order_changes_traffic"}  # see test_rule_findings.py
    assert {code for code, _, _ in BROKEN} | with_another_document == set(CATALOGUE)


@pytest.mark.parametrize("fine", FINE)
def test_of_a_document_as_it_is_meant_there_is_nothing_to_say(fine):
    assert validate(fine) == ()


@pytest.mark.parametrize(("code", "broken", "pointer"), BROKEN)
def test_every_finding_is_complete_and_said_once(code, broken, pointer):
    del code, pointer
    found = validate(broken)
    assert len(set(found)) == len(found)
    for finding in found:
        assert finding.severity is CATALOGUE[finding.code].severity
        assert finding.message
        assert finding.hint
        assert "\n" not in finding.message + finding.hint


def test_the_engines_issue_wins_over_the_schema():
    broken = document(flag(active="yes", filters={"groups": [{"rollout_percentage": "5"}]}))
    assert [finding.code for finding in validate(broken)] == ["wrong_type", "wrong_type"]


def test_a_list_of_a_wrong_type_is_reported_once():
    broken = document(flag(evaluation_contexts=["web", 1, 2]))
    assert [finding.code for finding in validate(broken)] == ["wrong_type"]


def test_another_configuration_format_is_not_looked_into():
    broken = configured(version=3, groups="?", rules=[1], payloads={"x": "y"})
    assert [finding.code for finding in validate(broken)] == ["unsupported_version"]


def test_a_refused_flag_of_format_2_has_the_engines_findings_alone():
    broken = ruled(rules=[{**RULE, "value": "x", "seed": 1}], groups=[])
    assert [finding.code for finding in validate(broken)] == [
        "unknown_member",
        "unknown_member",
        "wrong_type",
    ]


def test_near_misses_are_named():
    def hint(broken):
        return min(validate(broken), key=lambda finding: finding.code.endswith("local")).hint

    assert hint(filtering("icontain")) == "Did you mean icontains?"
    assert hint(filtering(type="persn")) == "Did you mean person?"
    assert hint(variants(50, 50, payloads={"aa": "1"})) == "Did you mean 'a'?"
    assert hint(document({"key": "a", "actve": True})) == "Rename the member to active."


def test_findings_stand_in_the_documents_order():
    flags = [flag(str(index), colour=1) for index in range(12)]
    pointers = [finding.pointer for finding in validate(document(*flags))]
    assert pointers == [f"/flags/{index}/colour" for index in range(12)]


def test_an_earlier_condition_covers_only_those_who_reach_a_later_one():
    def codes(*groups, **filters):
        found = validate(conditions(*groups, **filters) | {"group_type_mapping": {"0": "company"}})
        return [finding.pointer[-1] for finding in found if finding.code == "unreachable_condition"]

    mail = {"key": "mail", "type": "person", "operator": "is_set"}
    company = {"aggregation_group_type_index": 0}
    assert codes({"properties": [PLAN]}, {"properties": [PLAN, mail]}) == ["1"]
    assert codes({"properties": [PLAN, mail]}, {"properties": [PLAN]}) == []
    assert codes({"rollout_percentage": 20}, {"rollout_percentage": 10}) == ["1"]
    assert codes({"rollout_percentage": 20}, company | {"rollout_percentage": 10}) == []
    assert codes({}, company) == ["1"]
    assert codes(company, {}) == []
    assert codes({"rollout_percentage": 1}, {"properties": [mail]}, early_exit=True) == ["1"]


def test_text_bytes_and_mappings_give_the_same_findings():
    broken = filtering("icontain")
    assert validate(broken) == validate(json.dumps(broken)) == validate(json.dumps(broken).encode())


def test_validation_leaves_the_document_alone():
    broken = filtering("icontain")
    before = json.dumps(broken)
    validate(broken)
    assert json.dumps(broken) == before


def nested_cohort(depth):
    group = PLAN
    for _ in range(depth):
        group = {"type": "AND", "values": [group]}
    return cohort() | {"cohorts": {"1": group}}


@pytest.mark.parametrize("depth", [60, 150, 1_000, 50_000])
def test_a_cohort_nested_very_deep_is_a_finding_and_never_raises(depth):
    assert validate(nested_cohort(depth))


def test_a_cohort_nested_too_deep_is_named_as_such():
    assert "too_deep" in [finding.code for finding in validate(json.dumps(nested_cohort(60)))]


@pytest.mark.parametrize("junk", [None, 1, "x", [], [None], {}, {"a": None}, True])
def test_junk_anywhere_is_a_finding_and_never_raises(junk):
    for name in schema()["properties"]:
        validate({"flags": [flag()]} | {name: junk})
    for name in schema()["$defs"]["flag"]["properties"]:
        validate(document(flag(**({"key": "a"} | {name: junk}))))
    for name in schema()["$defs"]["format1"]["properties"]:
        validate(configured(**{name: junk}))
    for name in schema()["$defs"]["filter"]["properties"]:
        validate(filtering(**({"operator": "exact", "value": 1} | {name: junk})))


def test_the_schema_is_valid_and_documents_every_member():
    both = [schema(), schema("rules.v2.json")]
    for found in both:
        Draft202012Validator.check_schema(found)
    named = [pair for found in both for pair in (*found["$defs"].items(), ("document", found))]
    for name, definition in named:
        assert definition["title"], name
        assert definition["description"], name
        for member, described in definition.get("properties", {}).items():
            assert "$ref" in described or {"title", "description"} <= set(described), (name, member)


def test_without_jsonschema_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(ModuleNotFoundError, match=r"flagengine\[cli\]"):
        validate(document(flag()))


def test_a_finding_reads_as_one_line():
    finding = Finding("code", Severity.ERROR, "/flags/0", "what is wrong", "the way out")
    assert str(finding) == "error /flags/0: what is wrong [code]"
