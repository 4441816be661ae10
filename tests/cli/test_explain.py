"""``flagengine explain``."""

import json


def test_the_tree_says_what_was_compared_and_what_is_missing(run, definitions):
    result = run("explain", definitions, "new-checkout", "--property", "plan=free")
    assert result.stdout.startswith("new-checkout is unresolved (missing_context")
    assert 'it is "free"' in result.stdout
    assert result.stdout.endswith("└─ to settle it, give: person properties email\n")


def test_a_name_with_a_line_break_cannot_pass_for_a_line_of_the_tree(run, save):
    forged = {"key": "x\n└─ decided by me", "type": "person", "value": 1}
    flag = {"key": "a", "active": True, "filters": {"groups": [{"properties": [forged]}]}}
    result = run("explain", save({"flags": [flag]}), "a")
    assert r"person x\n└─ decided by me exact 1" in result.stdout


def test_json_holds_the_whole_tree(run, definitions):
    result = run("explain", definitions, "beta", "--distinct-id", "u", "--json")
    found = json.loads(result.stdout)
    assert found["resolution"]["value"] is True
    assert found["conditions"][0]["verdict"] == "true"


def test_redacted_values_appear_nowhere(run, definitions):
    asked = ["explain", definitions, "new-checkout", "--property", "plan=s3cret", "--redact"]
    assert "s3cret" not in run(*asked).stdout
    assert "s3cret" not in run(*asked, "--json").stdout


def test_an_override_is_explained_even_of_a_flag_that_does_not_exist(run, definitions):
    result = run("explain", definitions, "nowhere", "--override", "nowhere=true")
    assert "override" in result.stdout
