"""``flagengine diff`` without people: what changes in the flags."""

import json

import pytest

OLD = {
    "flags": [
        {"key": "beta", "active": True, "filters": {"groups": [{"rollout_percentage": 10}]}},
        {"key": "gone", "active": True, "filters": {"groups": [{}]}},
    ]
}
NEW = {
    "flags": [
        {"key": "beta", "active": True, "filters": {"groups": [{"rollout_percentage": 20}]}},
        {"key": "fresh", "active": True, "filters": {"groups": [{}]}},
    ],
    "group_type_mapping": {"0": "company"},
}


@pytest.fixture
def files(save):
    return save(OLD, "old.json"), save(NEW, "new.json")


def test_every_flag_that_changes_is_listed_with_its_changes(run, files):
    assert run("diff", *files).stdout.splitlines() == [
        "the project  changed",
        "  group type 0: none → company",
        "beta  changed",
        "  condition 1: rollout 10 % → 20 %",
        "fresh  added",
        "gone  removed",
        "3 flags changed",
    ]


def test_equal_documents_have_no_changes(run, files):
    assert run("diff", files[0], files[0], "--fail").stdout == "no changes\n"


def test_changes_are_a_finding_if_the_call_says_so(run, files):
    run("diff", *files, "--fail", exits=1)
    run("diff", *files, "--fail", "--json", exits=1)


def test_one_flag_may_be_picked(run, files):
    found = json.loads(run("diff", *files, "--flag", "beta", "--json").stdout)
    assert found["project"] == []
    (flag,) = found["flags"]
    assert (flag["key"], flag["status"]) == ("beta", "changed")
    (change,) = flag["changes"]
    assert (change["kind"], change["index"], change["before"], change["after"]) == (
        "rollout",
        0,
        10.0,
        20.0,
    )


def test_filters_are_listed_one_by_one(run, save):
    plan = {"key": "plan", "type": "person", "value": "pro"}
    flag = {"key": "f", "active": True, "filters": {"groups": [{"properties": [plan]}]}}
    old = save({"flags": [flag]}, "a.json")
    new = save({"flags": [{**flag, "filters": {"groups": [{}]}}]}, "b.json")
    assert '    - person plan exact "pro"' in run("diff", old, new).stdout.splitlines()


def test_a_flag_that_only_depends_on_a_change_is_listed(run, save):
    test = {"key": "beta", "type": "flag", "value": True, "operator": "flag_evaluates_to"}
    user = {"key": "user", "active": True, "filters": {"groups": [{"properties": [test]}]}}
    old = save({"flags": [OLD["flags"][0], user]}, "a.json")
    new = save({"flags": [NEW["flags"][0], user]}, "b.json")
    lines = run("diff", old, new).stdout.splitlines()
    assert lines[2:4] == [
        "user  affected",
        "  the definition is the same; something that it depends on changed",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sample", "0.1"], "--sample needs a POPULATION"),
        (["--html", "page.html"], "--html needs a POPULATION"),
        (["--fail-if-changed", "*:>0"], "--fail-if-changed needs a POPULATION"),
        (["--distinct-id", "id"], "--distinct-id needs a POPULATION"),
        (["--complete"], "--complete needs a POPULATION"),
        (["--threads", "2"], "--threads needs a POPULATION"),
        (["--flag", "bete"], "unknown flag 'bete': neither snapshot has it; did you mean beta?"),
        (["people.csv", "--fail"], "use --fail-if-changed '*:>0'"),
    ],
)
def test_wrong_usage_is_one_line(run, files, options, message):
    found = run("diff", *files, *options, exits=2)
    assert message in found.stderr
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["-", "-"], ["old.json", "-", "-"]])
def test_standard_input_cannot_be_both_documents_or_a_document_and_the_people(run, arguments):
    found = run("diff", *arguments, exits=2)
    assert found.stderr == "Error: only one of OLD, NEW and POPULATION can be - (standard input)\n"
