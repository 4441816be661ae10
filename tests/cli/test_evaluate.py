"""``flagengine evaluate``."""

import json
from pathlib import Path

import pytest

from flagengine import Snapshot
from tests.rules import document, having, targeted


def values(result):
    return {key: flag["value"] for key, flag in json.loads(result.stdout)["flags"].items()}


def test_the_table_lists_all_flags_with_missing_inputs(run, definitions):
    result = run("evaluate", definitions, "--distinct-id", "u1")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "flag value reason"
    assert "new-checkout unresolved missing_context needs email" in lines
    assert "beta true condition_match 1" in lines
    assert "off false flag_disabled" in lines


def test_a_table_in_a_pipe_is_neither_cut_nor_padded(run, save):
    long = save({"flags": [{"key": "k" * 300, "active": True}]})
    result = run("evaluate", long)
    assert "k" * 300 in result.stdout
    assert all(line == line.rstrip() for line in result.stdout.splitlines())


def test_a_payload_is_shown(run, definitions):
    result = run("evaluate", definitions, "--property", "email=a@example.com", "--complete")
    assert 'payload {"color": "green"}' in result.stdout


def test_json_holds_every_field_and_the_fingerprint(run, definitions):
    result = run("evaluate", definitions, "--distinct-id", "u1", "--flag", "beta", "--json")
    found = json.loads(result.stdout)
    snapshot = Snapshot.parse(Path(definitions).read_bytes())
    assert found["fingerprint"] == snapshot.fingerprint
    assert found["flags"]["beta"]["reason"] == "condition_match"


def test_only_the_flags_asked_for_are_answered_in_that_order(run, definitions):
    result = run("evaluate", definitions, "--flag", "off", "--flag", "beta", "--json")
    assert list(values(result)) == ["off", "beta"]


def test_definitions_come_from_standard_input(run, definitions):
    text = Path(definitions).read_text(encoding="utf-8")
    result = run("evaluate", "-", "--flag", "beta", "--json", stdin=text)
    assert values(result) == {"beta": True}


@pytest.mark.parametrize(
    ("arguments", "flag", "value"),
    [
        (["--property", "plan=pro", "--distinct-id", "u2"], "new-checkout", "control"),
        (["--properties", '{"email": "x@example.com"}', "--complete"], "new-checkout", "test"),
        (["--properties", '{"email": "x"}', "--property", "plan=1"], "new-checkout", False),
        (["--group", "company=acme", "--group-property", "company.tier=gold"], "gold", True),
        (["--group", "company=acme"], "gold", None),
        ([], "gold", False),
        (["--missing-group", "unresolved"], "gold", None),
        (["--missing-group", "as_server"], "gold", False),
        (["--missing-group", "false"], "gold", False),
        (["--property", "joined=2024-06-01", "--now", "2026-01-01T00:00:00Z"], "loyal", True),
        (["--property", "joined=2024-06-01", "--now", "2025-01-01T00:00:00Z"], "loyal", False),
        (["--complete"], "loyal", False),
        (["--device-id", "d1"], "on-device", True),
        ([], "on-device", None),
        (["--override", "beta=false"], "beta", False),
        (["--override", "beta=7"], "beta", "7"),
        (["--override", "other=blue"], "other", "blue"),
    ],
)
def test_what_is_said_of_the_person_reaches_the_engine(run, definitions, arguments, flag, value):
    result = run("evaluate", definitions, *arguments, "--flag", flag, "--json")
    assert values(result) == {flag: value}


def test_the_projects_time_zone_decides_when_a_day_begins(run, definitions):
    midnight = ["--property", "joined=2025-01-01", "--now", "2026-01-01T02:00:00Z"]
    command = ["evaluate", definitions, "--flag", "loyal", "--json", *midnight]
    assert values(run(*command)) == {"loyal": True}
    assert values(run(*command, "--timezone", "America/New_York")) == {"loyal": False}


def test_runtime_and_contexts_leave_flags_out(run, definitions):
    assert "on-device" in values(run("evaluate", definitions, "--json"))
    for arguments in (["--runtime", "server"], ["--context", "web"]):
        assert "on-device" not in values(run("evaluate", definitions, "--json", *arguments))
    both = ["--runtime", "client", "--context", "web", "--context", "app"]
    assert "on-device" in values(run("evaluate", definitions, "--json", *both))


def test_a_group_type_may_have_a_dot_in_its_name(run, save):
    flag = {"key": "p", "type": "group", "value": 1}
    document = save(
        {
            "flags": [
                {
                    "key": "a",
                    "active": True,
                    "filters": {
                        "aggregation_group_type_index": 0,
                        "groups": [{"properties": [flag]}],
                    },
                }
            ],
            "group_type_mapping": {"0": "a.b"},
        }
    )
    result = run("evaluate", document, "--json", "--group", "a.b=x", "--group-property", "a.b.p=1")
    assert values(result) == {"a": True}


def test_properties_come_from_a_file_or_from_standard_input(run, definitions, save):
    properties = save('{"email": "x@example.com"}')
    command = ["evaluate", definitions, "--flag", "new-checkout", "--complete", "--json"]
    assert values(run(*command, "--properties", properties)) == {"new-checkout": "test"}
    piped = run(*command, "--properties", "-", stdin='{"email": "x@example.com"}')
    assert values(piped) == {"new-checkout": "test"}


def test_an_unresolved_flag_is_a_finding_only_on_demand(run, definitions):
    run("evaluate", definitions)
    run("evaluate", definitions, "--fail-on-unresolved", exits=1)
    run("evaluate", definitions, "--fail-on-unresolved", "--flag", "beta")


def test_control_characters_never_reach_the_terminal(run, save):
    evil = save({"flags": [{"key": "\x1b[2J\u202e", "active": True}]})
    result = run("evaluate", evil)
    assert r"\x1b[2J\u202e" in result.stdout
    assert "\x1b" not in result.stdout
    assert json.loads(run("evaluate", evil, "--json").stdout)["flags"]


@pytest.mark.parametrize("written", ["pro", "NaN", "-Infinity", "[NaN]", "[" * 5_000])
def test_a_property_that_is_not_json_is_text(run, save, written):
    leaf = {"key": "p", "type": "person", "operator": "exact", "value": written}
    filters = {"groups": [{"properties": [leaf]}]}
    document = save({"flags": [{"key": "a", "active": True, "filters": filters}]})
    assert values(run("evaluate", document, "--property", f"p={written}", "--json")) == {"a": True}


def test_answers_of_format_2_that_are_no_value_say_which_kind_they_are(run, save):
    flags = [
        document(default=None, key="left")["flags"][0],
        document(targeted(having("p", 1, "gt")), key="broken")["flags"][0],
        document(targeted(having("q")), key="open")["flags"][0],
    ]
    shown = run("evaluate", save({"flags": flags}), "--property", "p=x").stdout
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert "the caller's default" in lines["left"]
    assert "error" in lines["broken"]
    assert "unresolved" not in lines["broken"]
    assert "unresolved" in lines["open"]
