"""``flagengine validate``."""

import json

import pytest

ODD = {
    "flags": [
        {"key": "a", "active": True, "filters": {"groups": [{"variant": "x"}]}},
        {"key": "b", "active": True, "colour": 1, "filters": {"groups": [{}]}},
    ]
}
WRONG = {"flags": [{"key": "a", "active": "yes"}]}


def test_no_findings_are_reported(run, definitions):
    result = run("validate", definitions)
    assert result.stdout == f"{definitions}: no findings\n"


def test_findings_are_listed_under_their_flag_with_place_and_remedy(run, save):
    path = save(ODD)
    lines = run("validate", path).stdout.splitlines()
    assert lines[0] == "flag a  /flags/0"
    assert lines[1].split(maxsplit=1) == ["warning", "'x' is not a variant of this flag"]
    assert lines[2].strip() == "unknown_pin at /filters/groups/0/variant"
    assert lines[3].strip() == "Name an existing variant, or remove the pin."
    assert lines[-1] == f"{path}: 1 warning, 1 info"


def test_json_holds_counts_and_findings(run, save):
    found = json.loads(run("validate", save(ODD), "--json").stdout)
    assert found["counts"] == {"error": 0, "warning": 1, "info": 1}
    assert [finding["code"] for finding in found["findings"]] == ["unknown_pin", "unknown_field"]
    assert found["findings"][1]["pointer"] == "/flags/1/colour"


def test_lesser_findings_can_be_hidden_but_are_counted(run, save):
    result = run("validate", save(ODD), "--severity", "error")
    assert "unknown_pin" not in result.stdout
    assert "1 warning, 1 info" in result.stdout


@pytest.mark.parametrize(
    ("document", "arguments", "exits"),
    [(WRONG, [], 1), (ODD, [], 0), (ODD, ["--strict"], 1), ({"flag": []}, [], 1), ([], [], 1)],
)
def test_errors_are_findings_and_warnings_only_when_strict(run, save, document, arguments, exits):
    run("validate", save(document), *arguments, exits=exits)


@pytest.mark.parametrize("name", ["flags", "cohorts", "group_type_mapping", "flagengine"])
@pytest.mark.parametrize("junk", [None, 1, "x", [1], {"a": 1}])
def test_junk_is_reported_without_raising(run, save, name, junk):
    path = save({"flags": [{"key": "a"}, 7, {"key": []}]} | {name: junk})
    run("validate", path, exits=1)


def test_rules_whose_new_order_changes_answers_are_reported_beside_the_current_file(run, save):
    value = {"rule_type": "targeted_release", "targeting": {"properties": []}, "value": True}
    asked = {"properties": [{"key": "plan", "type": "person", "value": "pro"}]}
    rules = [value | {"id": f"{index}1111111-1111-4111-8111-111111111111"} for index in range(2)]
    rules[0] |= {"targeting": asked, "value": False}
    filters = {"version": 2, "return_type": "boolean", "default_value": None, "rules": rules}
    current = save({"flags": [{"key": "a", "filters": filters}]})
    moved = save({"flags": [{"key": "a", "filters": filters | {"rules": rules[::-1]}}]}, "new.json")
    assert "rule_order_changes_traffic" not in run("validate", moved).stdout
    assert "rule_order_changes_traffic" in run("validate", moved, "--current", current).stdout
    result = run("validate", moved, "--current", "nowhere.json", exits=2)
    assert "nowhere.json: no such file" in result.stderr
