"""Filters in plain words, the same in the tree of an answer and in a comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from flagengine.operators import ALIASES, DIALECTS, ELSEWHERE
from flagengine.transports.server.explorer.wording import OPERATORS, Wording
from tests.transports.server.explorer.support import Explorer, flag
from tests.transports.server.support import definitions


def _cohort(number: int, **members: Any) -> dict[str, Any]:
    return {"key": "id", "type": "cohort", "value": number, **members}


PLAN = {"key": "plan", "type": "person", "operator": "is_not", "value": ["free"]}
COHORTS = {
    "1": {"type": "AND", "values": [PLAN, _cohort(2)]},
    "2": {"name": "Testers", "type": "OR", "values": [{**PLAN, "operator": "icontains", "value": "x"}]},
}  # fmt: skip
NAMED = flag(
    "named",
    {"properties": [_cohort(1, cohort_name="On a plan")]},
    {"properties": [_cohort(2, operator="not_in", cohort_name="An older name")]},
    {"properties": [_cohort(9, cohort_name="Static people")]},
    {"properties": [_cohort(8)]},
)
DOCUMENT = definitions(NAMED, cohorts=COHORTS)


def _texts(lines: list[Any]) -> Iterator[str]:
    for line in lines:
        yield line["text"]
        yield from _texts(line["lines"])


def _tree(document: Any, key: str) -> list[str]:
    found = Explorer(document=document).found("explanation", {"key": key, "person": {}})
    return list(_texts(found["tree"]["lines"]))


def test_every_operator_of_the_engine_has_plain_words():
    known = {name for operators in DIALECTS.values() for name in operators}
    assert OPERATORS.keys() == known | ALIASES.keys() | ELSEWHERE
    assert not any("_" in words for words in OPERATORS.values())


@pytest.mark.parametrize(
    ("operator", "value", "words"),
    [
        ("exact", ["pro", "team"], 'person plan is ["pro","team"]'),
        (None, "pro", 'person plan is "pro"'),
        ("is_set", "is_set", "person plan is set"),
        ("gt", 5, "person plan is more than 5"),
        ("icontains", "x" * 100, f'person plan contains "{"x" * 59}…'),
        ("of_tomorrow", None, "person plan of_tomorrow null"),
        ("exact", list(range(10_000)), "person plan is [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]"),
        ("is_not", "\u202e", 'person plan is not "\\u202e"'),
    ],
)  # fmt: skip
def test_a_property_is_said_in_plain_words(operator: str | None, value: Any, words: str):
    found = {"type": "person", "key": "plan", "operator": operator, "expected": value}
    assert Wording({}).filter(found) == words
    assert Wording({}).filter({**found, "group": "company"}) == words.replace("person", "company")


def test_cohorts_are_called_by_their_names_and_by_their_number_without_one():
    texts = _tree(DOCUMENT, "named")
    assert '✗ person is in the cohort "On a plan"' in texts
    assert any(text.startswith('✗ person is in the cohort "Testers"') for text in texts)
    assert '✓ person is not in the cohort "Testers"' in texts
    document = definitions(flag("static", *NAMED["filters"]["groups"][2:]), cohorts=COHORTS)
    texts = _tree(document, "static")
    assert '? person is in the cohort "Static people"' in texts
    assert any('cohort "Static people" is not in the definitions' in text for text in texts)
    assert any(text.startswith("? person is in the cohort 8") for text in texts)
    why = Explorer(document=document).overview()["flags"][0]["why"]
    assert (
        'cohort "Static people" is not in the definitions: static, deleted or another project\'s'
        in why
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"flags": None, "cohorts": [1]},
        {"flags": [_cohort(1, cohort_name=5), _cohort(1, cohort_name=" "), {**_cohort(1), "value": []}], "cohorts": {"1": {"name": [1]}, "2": None}},
    ],
)  # fmt: skip
def test_names_that_are_none_are_not_used(odd: Any):
    found = {"type": "cohort", "key": "id", "operator": "in", "expected": 1}
    assert Wording(odd).filter(found) == "person is in the cohort 1"


def test_a_comparison_says_filters_in_the_same_words():
    second = json.loads(json.dumps(DOCUMENT))
    properties = second["flags"][0]["filters"]["groups"][0]["properties"]
    properties[0]["operator"] = "not_in"
    properties.append({**PLAN, "negation": True})
    body = {"document": json.dumps(second), "person": {}}
    (found,) = Explorer(document=DOCUMENT).found("comparison", body)["flags"]
    details = [line for change in found["changes"] for line in change["details"]]
    assert '- person is in the cohort "On a plan"' in details
    assert '+ person is not in the cohort "On a plan"' in details
    assert any('person plan is not ["free"]' in line for line in details)


def test_the_tree_leaves_what_decided_to_the_answer():
    texts = _tree(definitions(flag("off", {"properties": [PLAN | {"operator": "exact"}]})), "off")
    assert not any("decided by" in text for text in texts)
