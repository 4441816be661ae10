"""Findings about the rules of format 2: unreachable, widened and reordered ones; and the schema."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from flagengine import Snapshot
from flagengine.analysis.lint.validation import schema, validate
from flagengine.definitions.rules.notes import UNSUPPORTED

FIXTURES = Path(__file__).parents[2] / "fixtures"
A, B = ({"key": key, "type": "person", "value": 1} for key in "ab")


def targeted(*predicates, value=True):
    return {
        "rule_type": "targeted_release",
        "targeting": {"properties": list(predicates)},
        "value": value,
    }


def drawn(share, *predicates, seed="s", miss="continue", value=True):
    return targeted(*predicates, value=value) | {
        "rule_type": "percentage_rollout",
        "rollout_percentage": share,
        "on_rollout_miss": miss,
        "assignment_algorithm": "sha1_60_v1",
        "seed": seed,
    }


def split(share, *predicates, seed="s", paused=False, holdout=None, values=(True, False)):
    rule = drawn(share, *predicates, seed=seed) | {
        "rule_type": "experiment",
        "experiment_id": None,
        "paused": paused,
        "variants": [
            {"key": key, "weight": 50, "value": value}
            for key, value in zip("ab", values, strict=True)
        ],
    }
    del rule["value"]
    if holdout:
        own_seed, excluded = holdout
        rule["holdout"] = {"id": None, "seed": own_seed, "exclusion_percentage": excluded}
    return rule


def document(*rules, default=None, kind="boolean", order=None):
    named = [
        {"id": f"{index:08}-1111-4111-8111-111111111111", **rule}
        for index, rule in enumerate(rules)
    ]
    if order is not None:
        named = [named[index] for index in order]
    filters = {"version": 2, "return_type": kind, "default_value": default, "rules": named}
    return {"flags": [{"key": "f", "active": True, "filters": filters}]}


def places(found, code):
    return [
        int(finding.pointer.rpartition("/")[2])
        for finding in found
        if finding.code.startswith(code)
    ]


def last(value):
    return {**value, "value": False}


@pytest.mark.parametrize(
    ("rules", "unreachable"),
    [
        ([targeted(), targeted(A)], [1]),
        ([targeted(A), targeted(A, B)], [1]),
        ([targeted(A), targeted(B)], []),
        ([targeted(A), targeted()], []),
        ([targeted(A | {"value": True}), targeted(A)], []),
        ([targeted(A | {"negation": True}), targeted(A)], []),
        ([targeted(B), targeted(), targeted(A)], [2]),
        ([drawn(20, miss="return_default"), targeted()], [1]),
        ([drawn(20), last(targeted())], []),
        ([drawn(100), targeted()], [1]),
        ([drawn(0, miss="return_default"), targeted(), targeted()], [1, 2]),
        ([split(20, paused=True), targeted()], [1]),
        ([split(100), targeted()], [1]),
        ([split(20), targeted()], []),
        ([split(20, holdout=("h", 100)), targeted()], [1]),
        ([split(20, holdout=("h", 50)), targeted()], []),
    ],
)
def test_a_rule_that_nobody_reaches_is_named(rules, unreachable):
    assert places(validate(document(*rules)), "unreachable_lower_rule") == unreachable


@pytest.mark.parametrize(
    ("rules", "widened"),
    [
        ([drawn(20), targeted()], [1]),
        ([drawn(20), targeted(A)], [1]),
        ([drawn(20, A), targeted()], [1]),
        ([drawn(20, A), targeted(B)], []),
        ([drawn(20), last(targeted())], []),
        ([drawn(20, miss="return_default"), targeted()], []),
        ([drawn(0), targeted()], []),
        ([drawn(100), targeted()], []),
        ([drawn(20), drawn(30)], [1]),
        ([drawn(30), drawn(20)], []),
        ([drawn(30), drawn(20), drawn(25)], []),
        ([drawn(30), drawn(20, seed="other")], [1]),
        ([drawn(20), last(targeted()), targeted()], []),
        ([drawn(20), last(targeted(B)), targeted()], []),
        ([drawn(20, A), drawn(30, A), targeted(A)], [1, 2, 2]),
        ([split(20), targeted()], []),
        ([drawn(20), split(20)], []),
        ([drawn(20), split(20, paused=True), targeted()], []),
        ([drawn(20), split(40, holdout=("s.", 20), values=(False, False)), targeted()], [2]),
    ],
)
def test_a_rule_that_widens_a_rollout_above_it_is_named(rules, widened):
    assert places(validate(document(*rules)), "rollout_miss") == widened


@pytest.mark.parametrize(
    ("rules", "order", "moved"),
    [
        ([targeted(A), targeted(B, value=False)], (1, 0), []),
        ([targeted(A), targeted(value=False)], (1, 0), [0]),
        ([targeted(A), targeted()], (1, 0), []),
        ([drawn(20), drawn(30, value=False)], (1, 0), [0]),
        ([drawn(20), drawn(30, seed="x", value=False)], (1, 0), [0]),
        ([drawn(20), drawn(30, seed="x")], (1, 0), []),
        ([drawn(20, miss="return_default"), targeted(value=True)], (1, 0), [0]),
        ([drawn(20, A), targeted(B), targeted(value=False)], (2, 1, 0), [0]),
        ([targeted(A), targeted(value=False)], (0, 1), []),
        ([split(20), split(20, values=(False, True))], (1, 0), [0]),
        ([split(20), split(20, seed="x")], (1, 0), []),
        ([split(20, holdout=("h", 50)), targeted(value=True)], (1, 0), [0]),
    ],
)
def test_a_rule_that_was_moved_and_changes_values_is_named(rules, order, moved):
    current = Snapshot.parse(document(*rules))
    found = validate(document(*rules, order=order), current)
    assert places(found, "rule_order") == moved


def test_an_edited_rule_or_default_is_no_reordering():
    rules = [drawn(20, miss="return_default"), targeted(value=True)]
    current = Snapshot.parse(document(*rules, default=False))
    assert places(validate(document(*rules, order=(1, 0), default=False), current), "rule_order")
    edited = document(*rules, order=(1, 0), default=None)
    assert [
        finding.message for finding in validate(edited, current) if "moved" in finding.message
    ] == []
    changed = [drawn(21, miss="return_default"), targeted(value=True)]
    assert not places(
        validate(document(*changed, order=(1, 0), default=False), current), "rule_order"
    )


@pytest.mark.parametrize("other", [{"flags": []}, {"flags": [{"key": "f", "filters": {}}]}])
def test_a_flag_that_had_no_rules_has_no_other_order(other):
    found = validate(document(targeted(A), targeted(value=False)), Snapshot.parse(other))
    assert not places(found, "rule_order")


def _configurations():
    for path in sorted((FIXTURES / "official-v2" / "config").rglob("*.json")):
        yield pytest.param(json.loads(path.read_text("utf-8")), id=path.stem)
    documents = json.loads((FIXTURES / "documents" / "04-rules.json").read_text("utf-8"))
    for entry in documents["documents"]:
        value = entry["document"] if "document" in entry else json.loads(entry["text"])
        yield pytest.param(value["flags"][0]["filters"], id=entry["id"])


BEYOND_A_SCHEMA = (
    "decimals",
    "sum to exactly",
    "unique",
    "levels deep",
    "binary64",
    "the operator is",
)
BEYOND_A_SCHEMA += ("about persons", "surrogate")


def _agree(filters):
    is_valid = Draft202012Validator(schema("rules.v2.json")).is_valid(filters)
    snapshot = Snapshot.parse({"flags": [{"key": "f", "filters": filters}, GOOD]})
    assert snapshot.flags["good"].defect is None
    flag = snapshot.flags["f"]
    malformed = [issue for issue in flag.issues if issue.code not in UNSUPPORTED]
    if malformed and is_valid:
        assert all(any(word in issue.message for word in BEYOND_A_SCHEMA) for issue in malformed)
    else:
        assert is_valid is not bool(malformed)
    return malformed


@pytest.mark.parametrize("filters", list(_configurations()))
def test_the_schema_and_the_engine_refuse_the_same_configurations(filters):
    if not isinstance(filters["version"], bool) and filters["version"] == 2:
        _agree(filters)


JUNK = [None, True, 0, -1, 1.5, 2.0, 1e300, "", "x", [], [None], {}, {"x": None}]
GOOD = {"key": "good", "active": True, "filters": {"groups": [{}]}}
PREDICATE = A | {"operator": "icontains", "value": "x", "negation": None, "label": "l"}
WHOLE = document(
    targeted(PREDICATE, value={"a": [1, {"b": "c"}]})
    | {"description": "d", "metadata": {"x": [1]}},
    drawn(33.33, seed="t", value={}),
    split(50, holdout=("h", 5), values=({}, {"a": None})),
    kind="object",
)


def _places(value, steps=()):
    """Yield the path of every value inside a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for step, member in pairs if isinstance(value, dict | list) else ():
        yield (*steps, step)
        if isinstance(member, dict | list):
            yield from _places(member, (*steps, step))


def _changed(path, change):
    """Return the configuration of ``WHOLE`` after a change to the parent of a place."""
    filters = json.loads(json.dumps(WHOLE))["flags"][0]["filters"]
    parent = filters
    for step in path[:-1]:
        parent = parent[step]
    change(parent, path[-1])
    return filters


@pytest.mark.rule("R2.18", "R20.31")
@pytest.mark.parametrize("junk", JUNK, ids=json.dumps)
def test_junk_in_any_place_is_refused_in_that_place_or_beside_it(junk):
    for path in _places(WHOLE["flags"][0]["filters"]):
        if path != ("version",):
            filters = _changed(path, lambda parent, name: parent.__setitem__(name, junk))
            for issue in _agree(filters):
                steps = issue.pointer.split("/")[4:]
                common = [str(step) for step in path][: len(steps)]
                assert steps[: len(path) - 1] == common[: len(path) - 1] or "holdout" in path, path


def test_a_member_that_is_taken_away_or_added_is_refused_or_optional():
    assert _agree(WHOLE["flags"][0]["filters"]) == []
    optional = {"description", "metadata", "holdout", "operator", "negation", "label"}
    for path in _places(WHOLE["flags"][0]["filters"]):
        if isinstance(path[-1], str) and path != ("version",):
            is_open = "metadata" in path[:-1] or "value" in path[:-1] or path[-1] == "value"
            refused = _agree(_changed(path, lambda parent, name: parent.__delitem__(name)))
            assert bool(refused) is (path[-1] not in optional) or is_open, path
            added = _changed(
                path, lambda parent, name: parent.__setitem__(f"{name}_", parent[name])
            )
            assert bool(_agree(added)) or is_open, path
