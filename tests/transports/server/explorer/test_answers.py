"""Answers for a person equal the engine's, and come with all that led to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flagengine import Snapshot, evaluate, evaluate_flag, explain
from flagengine.transports.server.explorer.answers import shown, word
from tests.transports.server.explorer.support import Explorer, document, flag
from tests.transports.server.support import definitions

SNAPSHOTS = Path(__file__).parents[4] / "fixtures" / "snapshots"
PRODUCT = json.loads((SNAPSHOTS / "product-40.json").read_text(encoding="utf-8"))
PEOPLE: list[dict[str, Any]] = [
    {"distinct_id": "user-8", "properties": {"plan": "pro", "country": "DE"}},
    {"distinct_id": "user-9", "groups": {"company": "acme"}, "device_id": "d-1"},
    {
        "distinct_id": "",
        "groups": {"company": "acme"},
        "group_properties": {"company": {"plan": "enterprise", "seats": 12}},
        "complete": False,
    },
]


def options_of(person: dict[str, Any]) -> dict[str, Any]:
    names = ("groups", "group_properties", "device_id", "complete")
    return {"complete": True, **{name: person[name] for name in names if name in person}}


def test_all_answers_of_all_people_equal_evaluate():
    found = Explorer(document=PRODUCT).found("answers", {"people": PEOPLE})["answers"]
    for person, answers in zip(PEOPLE, found, strict=True):
        expected = evaluate(
            PRODUCT, person["distinct_id"], person.get("properties"), **options_of(person)
        )
        assert answers == {key: shown(each) for key, each in expected.items()}


@pytest.mark.parametrize("key", ["checkout-express", "pricing-2026", "dark-mode", "churn-survey"])
def test_an_explained_answer_equals_explain(key: str):
    explorer = Explorer(document=PRODUCT)
    for person in PEOPLE:
        found = explorer.found("explanation", {"key": key, "person": person})
        who = person["distinct_id"], person.get("properties")
        expected = explain(PRODUCT, key, *who, **options_of(person))
        assert found["answer"] == json.loads(json.dumps(expected.resolution.to_dict()))
        assert found["decided_by"] == expected.to_dict()["decided_by"]
        lines = [line.text for line in expected.to_line(has_ending=False).children]
        assert [line["text"] for line in found["tree"]["lines"]] == lines
        assert found["definition"]["key"] == key


def test_a_bucket_comes_with_the_bound_that_it_was_compared_with():
    person = {"distinct_id": "user-1", "properties": {"plan": "pro"}}
    found = Explorer().found("explanation", {"key": "checkout", "person": person})
    expected = explain(document(), "checkout", "user-1", {"plan": "pro"}).to_dict()
    first, second = found["shares"]
    assert first["hash"] == expected["conditions"][0]["rollout"]
    assert (first["rollout"], first["filters"], first["passes"]) == (20, 1, True)
    assert first["draw"] == expected["conditions"][0]["draw"]
    assert first["variants"] == [{"key": "control", "share": 50}, {"key": "test", "share": 50}]
    assert (second["rollout"], second["passes"], second["hash"]) == (100, False, None)


def test_a_condition_that_is_not_reached_has_no_bucket():
    both = flag("both", {}, {"rollout_percentage": 10})
    found = Explorer(document=definitions(both)).found("explanation", {"key": "both"})
    assert [share["passes"] for share in found["shares"]] == [True, None]
    assert found["shares"][1]["outcome"] == "not reached"


def test_rules_have_their_own_variants_and_holdouts():
    cases = json.loads((SNAPSHOTS.parent / "cases" / "31-rules.json").read_text(encoding="utf-8"))
    shares = []
    for case in cases["cases"]:
        explorer = Explorer(document=case["definitions"])
        for key in Snapshot.parse(case["definitions"]).keys:
            shares += explorer.found("explanation", {"key": key})["shares"]
    assert {share["kind"] for share in shares} == {"condition", "rule"}
    assert any(share["variants"] for share in shares if share["kind"] == "rule")
    assert any(share["holdout"] for share in shares if share["kind"] == "rule")


def test_only_the_flags_that_are_asked_for_are_answered():
    found = Explorer().found("answers", {"people": [{}, {}], "flags": ["old", "nobody"]})
    assert [list(answers) for answers in found["answers"]] == [["old", "nobody"]] * 2


def test_forced_values_are_in_the_answers():
    explorer = Explorer()
    explorer.projects[0].forced.force({"checkout": "test"})
    found = explorer.found("answers", {"people": [{}]})["answers"][0]["checkout"]
    assert (found["word"], found["forced"]) == ("test", True)
    assert explorer.found("explanation", {"key": "checkout"})["forced"] is True


def test_encrypted_payloads_are_not_shown():
    secret = flag(
        "secret", {}, filters={"payloads": {"true": '"cipher"'}}, has_encrypted_payloads=True
    )
    explorer = Explorer(document=definitions(secret))
    answer = explorer.post("explanation", {"key": "secret"})
    assert (answer.json["payload_is_encrypted"], answer.json["answer"]["payload"]) == (True, None)
    assert "cipher" not in answer.text
    assert "cipher" not in explorer("GET", "/_explorer/overview").text


def test_a_long_tree_is_cut():
    many = flag(
        "many", *({"properties": [{"key": "a", "type": "person", "value": n}]} for n in range(600))
    )
    found = Explorer(document=definitions(many)).found("explanation", {"key": "many"})
    assert found["tree"]["is_cut"] is True
    assert len(found["tree"]["lines"]) == 500


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"active": False}, ("off", "no")),
        ({"filters": {"groups": [{}]}}, ("on", "yes")),
        ({"filters": {"groups": [{"variant": "on"}], "multivariate": {"variants": [{"key": "on", "rollout_percentage": 100}]}}}, ('"on"', "yes")),
        ({"filters": {"groups": [{"properties": [{"key": "id", "type": "cohort", "value": 9}]}]}}, ("undecided", "doubt")),
        ({"filters": {"groups": [{"properties": [{"key": "a", "type": "person", "value": 1}]}]}}, ("undecided", "doubt")),
    ],
)  # fmt: skip
def test_an_answer_is_one_word_of_a_kind(definition: Any, expected: tuple[str, str]):
    found = evaluate_flag({"flags": [{"key": "a", "active": True, **definition}]}, "a", "u")
    assert (word(found), shown(found)["kind"]) == expected


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("answers", {}, 400, "people must be a list"),
        ("answers", {"people": [{}] * 51}, 400, "1 to 50"),
        ("answers", {"people": [5]}, 400, "person must be an object, got int"),
        ("answers", {"people": [{"distinct_id": 5}]}, 400, "distinct_id must be text"),
        ("answers", {"people": [{"properties": []}]}, 400, "properties must be an object"),
        ("answers", {"people": [{"group_properties": {"a": 1}}]}, 400, "group_properties.a"),
        ("answers", {"people": [{}], "flags": "old"}, 400, "flags must be a list"),
        ("answers", {"people": [{}], "flags": ["a"] * 1_001}, 400, "at most 1,000 keys"),
        ("explanation", {"key": "nobody"}, 404, "no flag 'nobody'"),
        ("explanation", {"key": ["a"]}, 404, "no flag"),
        ("explanation", [], 400, "must be an object"),
        ("explanation", b"{", 400, "must be JSON"),
    ],
)
def test_a_wrong_question_is_refused_with_the_reason(name: str, body: Any, status: int, words: str):
    found = Explorer().refused(name, body)
    assert found[0] == status
    assert words in found[1]


@pytest.mark.parametrize(
    "person",
    [
        {"groups": {"company": {"a": 1}}},
        {"groups": {"company": None, "": 1}},
        {"device_id": [1]},
        {"group_properties": {"company": {"seats": [[]], "": None}}},
        {"properties": {"plan": {"a": [1e400]}, "": []}},
        {"complete": "yes"},
    ],
)
def test_values_of_any_json_are_answered(person: dict[str, Any]):
    found = Explorer().found("answers", {"people": [person]})["answers"][0]
    assert list(found) == ["checkout", "seated", "old", "adult"]
