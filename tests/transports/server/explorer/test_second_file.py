"""A second file is compared and forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flagengine import compare
from flagengine.transports.server.explorer.endpoints import MOST_BODY
from tests.transports.server.explorer.support import ADULT, CHECKOUT, OLD, Explorer, document, flag
from tests.transports.server.support import definitions

WIDER = json.loads(json.dumps(CHECKOUT))
WIDER["filters"]["groups"][0]["rollout_percentage"] = 100
SECOND = definitions(WIDER, OLD, flag("new", {}), ADULT, cohorts=document()["cohorts"])
PERSON = {"distinct_id": "user-1", "properties": {"plan": "pro"}}


def test_what_differs_is_what_compare_says_with_the_answers_of_the_person():
    found = Explorer().found("comparison", {"document": json.dumps(SECOND), "person": PERSON})
    expected = compare(document(), SECOND)
    assert found["count"] == len(expected.flags) == 3
    flags = {each["key"]: each for each in found["flags"]}
    for each in expected.flags:
        texts = [change.text for change in each.changes]
        assert [change["text"] for change in flags[each.key]["changes"]] == texts
    assert flags["checkout"]["before"]["word"] == "off"
    assert flags["checkout"]["after"]["word"] in ("control", "test")
    assert (flags["new"]["status"], flags["new"]["answer_changes"]) == ("added", True)
    assert (flags["seated"]["status"], found["read"]) == ("removed", 4)


def test_the_other_direction_goes_from_the_file_to_the_definitions():
    question = {"document": json.dumps(SECOND), "direction": "from"}
    flags = {
        each["key"]: each["status"] for each in Explorer().found("comparison", question)["flags"]
    }
    assert (flags["new"], flags["seated"]) == ("removed", "added")


def test_filters_that_changed_are_listed():
    changed = json.loads(json.dumps(document()))
    changed["flags"][0]["filters"]["groups"][0]["properties"][0]["value"] = ["pro"]
    found = Explorer().found("comparison", {"document": json.dumps(changed)})["flags"]
    assert [line[0] for line in found[0]["changes"][0]["details"]] == ["-", "+"]


@pytest.mark.parametrize("direction", ["to", "from"])
def test_issues_of_the_file_are_shown(direction: str):
    question = {"document": '{"flags": [{"active": true}]}', "direction": direction}
    found = Explorer().found("comparison", question)
    assert "missing_key" in found["issues"][0]


def test_the_file_of_the_settings_is_read_each_time(tmp_path: Path):
    path = tmp_path / "next.json"
    path.write_text(json.dumps(document()), encoding="utf-8")
    explorer = Explorer(compare_with=path)
    assert explorer.overview()["second_file"] == "next.json"
    assert explorer.found("comparison")["count"] == 0
    path.write_text(json.dumps(SECOND), encoding="utf-8")
    assert explorer.found("comparison")["count"] == 3
    path.write_bytes(b"\xff")
    assert explorer.refused("comparison") == (422, "next.json must be UTF-8")
    path.unlink()
    assert explorer.refused("comparison")[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"document": "{"}, 422, "no definitions document"),
        ({"document": "[]"}, 422, "no definitions document"),
        ({"document": 5}, 400, "must be the text of a file"),
        ({}, 404, "no second file"),
    ],
)
def test_what_is_no_second_file_is_refused(body: Any, status: int, words: str):
    found = Explorer().refused("comparison", body)
    assert found[0] == status
    assert words in found[1]


def test_a_body_beyond_the_bound_is_refused():
    size = {"content-length": str(MOST_BODY + 1)}
    assert Explorer().post("comparison", {}, size).status == 413
