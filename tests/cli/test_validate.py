"""``flagengine validate``."""

import json
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
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


class TestSeveralFiles:
    def test_each_file_is_checked_and_named(self, run, save, definitions):
        path = save(json.dumps(ODD, indent=1))
        lines = run("validate", path, definitions).stdout.splitlines()
        assert lines[0] == f"flag a  {path}:9  /flags/0"
        assert f"{path}: 1 warning, 1 info" in lines
        assert f"{definitions}: no findings" in lines
        assert lines[-1] == "2 files: 1 warning, 1 info"

    def test_one_file_with_errors_is_enough(self, run, save, definitions):
        run("validate", definitions, save(WRONG), exits=1)

    @pytest.mark.parametrize("form", ["text", "concise", "json", "github", "sarif", "junit"])
    def test_what_cannot_be_read_does_not_keep_the_others_from_being_checked(self, run, save, form):
        bad = save("{nope", "bad.json")
        found = run("validate", "nowhere.json", bad, save(ODD), "--format", form, exits=2)
        assert found.stderr.splitlines()[0] == "Error: nowhere.json: no such file"
        assert found.stderr.splitlines()[1].startswith(
            f"Error: {bad}, line 1, column 2: invalid JSON"
        )
        assert "unknown_pin" in found.stdout
        assert ("not_json" in found.stdout) == (form in ("github", "sarif", "junit"))

    def test_standard_input_can_be_one_of_them(self, run, definitions):
        content = json.dumps(ODD)
        assert (
            "standard input: 1 warning, 1 info"
            in run("validate", "-", definitions, stdin=content).stdout
        )
        assert "only one FILE can be -" in run("validate", "-", "-", exits=2).stderr


class TestFormats:
    @pytest.fixture
    def path(self, save):
        return save(json.dumps(ODD, indent=1))

    def test_concise_is_one_line_for_each_finding(self, run, path):
        assert run("validate", path, "--format", "concise").stdout.splitlines() == [
            f"{path}:9:18: warning: 'x' is not a variant of this flag [unknown_pin]",
            f"{path}:17:14: info: unknown member colour [unknown_field]",
            f"{path}: 1 warning, 1 info",
        ]

    def test_json_names_file_line_and_column(self, run, path):
        found = json.loads(run("validate", path, "--format", "json").stdout)
        first = found["findings"][0]
        assert (first["file"], first["line"], first["column"]) == (path, 9, 18)
        assert (
            run("validate", path, "--json").stdout
            == run("validate", path, "--format", "json").stdout
        )

    def test_annotations_name_the_line(self, run, path):
        first, second = run("validate", path, "--format", "github").stdout.splitlines()
        assert first.startswith(
            f"::warning file={path},line=9,col=18,title=unknown_pin::'x' is not"
        )
        assert first.endswith("%0AName an existing variant, or remove the pin.")
        assert second.startswith("::notice ")

    def test_annotations_cannot_be_forged_by_names(self, run, save):
        flag = {
            "key": "a\n::error::forged,x%",
            "active": True,
            "filters": {"groups": [{"variant": "x\n::e"}]},
        }
        path = save({"flags": [flag]}, "a,b:c%.json")
        (line,) = run("validate", path, "--format", "github").stdout.splitlines()
        assert line.startswith("::warning file=")
        assert "a%2Cb%3Ac%25.json,line=1" in line

    def test_sarif_is_valid(self, run, path):
        log = json.loads(run("validate", path, "--format", "sarif").stdout)
        (made,) = log["runs"]
        assert (log["version"], made["tool"]["driver"]["name"]) == ("2.1.0", "flagengine")
        rules = [rule["id"] for rule in made["tool"]["driver"]["rules"]]
        assert rules == ["unknown_field", "unknown_pin"]
        first = made["results"][0]
        assert (first["ruleId"], first["ruleIndex"], first["level"]) == (
            "unknown_pin",
            1,
            "warning",
        )
        place = first["locations"][0]["physicalLocation"]
        assert place["region"] == {"startLine": 9, "startColumn": 18}
        assert first["locations"][0]["logicalLocations"] == [
            {"fullyQualifiedName": "/flags/0/filters/groups/0/variant"}
        ]

    def test_junit_has_a_suite_for_each_file(self, run, path, definitions):
        root = ET.fromstring(run("validate", path, definitions, "--format", "junit").stdout)
        first, second = root
        assert (first.get("failures"), second.get("failures")) == ("2", "0")
        failure = first[0][0]
        assert failure.get("type") == "warning"
        assert failure.text == f"{path}:9:18"
        assert second[0].get("name") == "no findings"

    def test_junit_is_xml_whatever_names_hold(self, run, save):
        key = "<&\"'\x00\ufffe\x1b]]>"
        flag = {"key": key, "active": True, "filters": {"groups": [{"variant": key}]}, key: 1}
        path = save({"flags": [flag]}, "a&<\ufffe.json")
        ET.fromstring(run("validate", path, "--format", "junit").stdout)

    def test_hidden_findings_are_in_no_format(self, run, path):
        for form in ("concise", "json", "github", "sarif", "junit"):
            found = run("validate", path, "--format", form, "--severity", "warning").stdout
            assert "unknown_pin" in found
            assert "unknown_field" not in found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--json", "--format", "sarif"], "only one of --json and --format sarif can be given"),
        (["-", "--current", "-"], "only one FILE can be - (standard input)"),
    ],
)
def test_options_that_contradict_each_other_are_refused(run, definitions, options, message):
    found = run("validate", definitions, *options, exits=2)
    assert (found.stdout, found.stderr) == ("", f"Error: {message}\n")


def test_the_hook_of_pre_commit_calls_what_is_there():
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    assert "entry: flagengine validate" in hook
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in project["optional-dependencies"]["cli"]:
        assert f'"{requirement}"' in hook
