"""What the page shows before anybody is asked for."""

from __future__ import annotations

from typing import Any

from flagengine import requirements
from flagengine.transports.polling.fetch_results import Failed, FailureKind
from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.server import ProjectSettings
from tests.transports.server.explorer.support import CHECKOUT, Explorer, document, flag
from tests.transports.server.support import definitions


def flags_of(explorer: Explorer) -> dict[str, Any]:
    return {each["key"]: each for each in explorer.overview()["flags"]}


def test_each_flag_has_its_state_and_what_it_needs():
    flags = flags_of(Explorer())
    assert list(flags) == ["checkout", "seated", "old", "adult"]
    checkout = flags["checkout"]
    assert checkout["name"] == "The new checkout"
    assert checkout["variants"] == ["control", "test"]
    assert (checkout["active"], flags["old"]["active"]) == (True, False)
    for key, each in flags.items():
        needed = requirements(document(), key).to_dict()
        expected = {
            name: needed[name]
            for name in needed.keys() - {"key", "flags", "decided_locally", "why"}
        }
        assert each["needs"] == expected
        assert each["decided_locally"] == needed["decided_locally"]
    assert flags["seated"]["needs"]["groups"] == ["company"]


def test_inputs_come_with_the_values_that_conditions_and_cohorts_mention():
    hints = Explorer().overview()["hints"]
    assert hints[""]["plan"] == {"kind": "text", "values": ["pro", "team"], "operators": ["exact"]}
    assert hints[""]["is_staff"]["kind"] == "boolean"
    assert hints[""]["age"] == {"kind": "number", "values": [18], "operators": ["gte"]}
    assert hints["company"]["seats"]["kind"] == "number"


def test_what_a_filter_compares_with_is_no_suggestion_if_no_person_has_it():
    filters = [
        {"key": "email", "type": "person", "operator": "regex", "value": "@acme"},
        {"key": "email", "type": "person", "operator": "is_set", "value": "is_set"},
        {"key": "born", "type": "person", "operator": "is_date_before", "value": "-18y"},
        {"key": "long", "type": "person", "value": "x" * 10_000},
        {"key": "odd", "type": "person", "value": [{"a": 1}, None, 1, True, "1"]},
    ]
    beta = flag("beta", {"properties": filters}, filters={"feature_enrollment": True})
    hints = Explorer(document=definitions(beta)).overview()["hints"][""]
    assert hints["email"]["values"] == hints["long"]["values"] == []
    assert hints["born"]["kind"] == "date"
    assert hints["odd"]["values"] == [1, True, "1"]
    assert hints["$feature_enrollment/beta"]["kind"] == "boolean"


def test_issues_stand_at_their_flag_or_at_the_whole():
    broken = {"key": "broken", "active": True, "filters": {"groups": "none"}}
    found = Explorer(document=definitions(CHECKOUT, broken, {"active": True})).overview()
    flags = {each["key"]: each for each in found["flags"]}
    assert flags["checkout"]["issues"] == []
    assert flags["broken"]["issues"][0]["pointer"].startswith("/flags/1")
    assert [each["code"] for each in found["issues"]] == ["missing_key"]


def test_names_that_cannot_be_read_are_written_out():
    odd = flag("a\u202eb\u0000", {}, name="x" * 1_000)
    found = Explorer(document=definitions(odd)).overview()["flags"][0]
    assert (found["key"], found["label"]) == ("a\u202eb\u0000", "a\\u202eb\\x00")
    assert len(found["name"]) < 400


def test_the_definitions_are_known_by_their_state():
    explorer = Explorer(control_key="secret-of-control")
    explorer.projects[0].forced.force({"checkout": "test"})
    found = explorer.overview()
    assert (found["state"]["flags"], found["state"]["error"]) == (4, None)
    assert found["state"]["forced"] == found["controlled"]["flags"] == {"checkout": "test"}
    assert (found["can_control"], found["complete"]) == (True, True)
    assert "secret-of-control" not in explorer("GET", "/_explorer/overview").text


def test_a_server_without_definitions_says_so():
    source = MemoryDefinitions(None)
    source.fail(Failed(FailureKind.UNREADABLE, "cannot read flags.json: gone"))
    found = Explorer(ProjectSettings(source=source)).overview()
    assert (found["flags"], found["state"]["freshness"]) == ([], "empty")
    assert found["state"]["error"] == "cannot read flags.json: gone"


def test_each_project_is_found_by_its_name():
    projects = [
        ProjectSettings(
            name=name,
            project_key=f"phc_{name}",
            source=MemoryDefinitions(definitions(flag(name, {}))),
        )
        for name in ("one", "two")
    ]
    explorer = Explorer(*projects)
    assert explorer.overview()["projects"] == ["one", "two"]
    assert explorer.overview("?project=two")["flags"][0]["key"] == "two"
    assert explorer("GET", "/_explorer/overview?project=three").status == 404
