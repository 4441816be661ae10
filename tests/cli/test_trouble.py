"""Wrong usage and unreadable input: one line, the place, the likely mistake, exit code 2."""

import gzip
import sys

import pytest

import flagengine.cli
from flagengine.analysis.lint.validation import validate


def trouble(run, *arguments, stdin=None):
    result = run(*arguments, stdin=stdin, exits=2)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").strip()


@pytest.mark.parametrize(
    "command", [["evaluate"], ["explain", "-f"], ["requirements"], ["validate"]]
)
def test_every_command_says_where_a_file_stops_being_json(run, save, command):
    path = save('{"flags": [\n  {"key": }]}')
    name, *flag = command
    said = trouble(run, name, path, *(["a"] if flag else []))
    assert said == f"{path}, line 2, column 11: invalid JSON: Expecting value"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "must be JSON, got an empty file"),
        ("<html>", "the content looks like an HTML page, perhaps an error or a login page"),
        ("oops", "save the unchanged body of GET /flags/definitions?send_cohorts"),
        (b'{"flags": "\xff"}', "must be JSON in UTF-8, got byte 0xff at position 11; save"),
        (
            '{"flags": []}'.encode("utf-16"),
            "got UTF-16, as PowerShell's > writes it; save it again",
        ),
        (gzip.compress(b"{}", mtime=0), "must be JSON, got a gzip file; pipe it through gunzip"),
        ("[" * 100_000, "invalid JSON"),
    ],
)
def test_what_is_no_json_is_named_for_what_it_looks_like(run, save, content, said):
    assert said in trouble(run, "evaluate", save(content))
    assert said in trouble(run, "validate", save(content))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], 'wrap the list of flags in {"flags": [...]}'),
        ({"results": []}, "a page of flags from the REST API"),
        ({"featureFlags": {}}, "a response of /flags for one person"),
        ({"detail": "no"}, "the server's error response"),
        ({"flags": {}}, "got an object as flags"),
        ("7", "got a number"),
    ],
)
def test_json_that_is_no_definitions_document_is_named_for_what_it_looks_like(
    run, save, content, said
):
    assert said in trouble(run, "evaluate", save(content))


def test_a_file_that_cannot_be_read_is_named(run, tmp_path):
    assert trouble(run, "evaluate", "nowhere.json") == "nowhere.json: no such file"
    assert "this is a directory" in trouble(run, "evaluate", str(tmp_path))


def test_standard_input_is_named(run):
    said = trouble(run, "evaluate", "-", stdin="[1")
    assert said.startswith("standard input, line 1, column 3")


def test_an_unknown_flag_names_the_nearest(run, definitions):
    said = trouble(run, "explain", definitions, "new-chekout")
    assert said.endswith("unknown flag 'new-chekout'; did you mean new-checkout?")
    assert trouble(run, "evaluate", definitions, "--flag", "zzz").endswith(
        "; the document has 6 flags"
    )
    trouble(run, "requirements", definitions, "--flag", "zzz")


def test_an_unknown_command_names_the_nearest(run):
    assert trouble(run, "evalute") == "unknown command 'evalute'; did you mean evaluate?"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--property", "plan"], "--property must be a name, = and a value, as in plan=pro, got"),
        (["--property", "=pro"], "--property must be a name, = and a value, as in plan=pro, got"),
        (["--properties", "{oops"], "--properties, line 1, column 2: invalid JSON"),
        (["--properties", "nowhere.json"], "nowhere.json: no such file"),
        (["--group", "company"], "as in company=acme"),
        (["--group-property", "tier=gold"], "as in company.tier=gold"),
        (["--override", "beta"], "as in flag=true"),
        (["--now", "yesterday"], "--now must be a time with an offset"),
        (["--now", "2026-01-01T00:00:00"], "--now must be a time with an offset"),
        (["--timezone", "Mars/Base"], "--timezone must be an IANA zone such as Europe/Berlin"),
    ],
)
def test_an_option_that_makes_no_sense_says_how_it_is_written(run, definitions, arguments, said):
    assert said in trouble(run, "evaluate", definitions, *arguments)


def test_properties_must_be_an_object(run, definitions, save):
    said = trouble(run, "evaluate", definitions, "--properties", save("[1]"))
    assert said.endswith("must be a JSON object of properties, got list")


def test_standard_input_cannot_be_read_twice(run):
    assert "only one of FILE and --properties" in trouble(
        run, "evaluate", "-", "--properties", "-", stdin="{}"
    )


@pytest.mark.parametrize("absent", ["click", "rich"])
def test_without_the_extra_one_line_says_so(monkeypatch, capsys, absent):
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(SystemExit) as stop:
        flagengine.cli.main()
    assert stop.value.code == 2
    said = f"flagengine: the command line needs {absent}: pip install 'flagengine[cli]'\n"
    assert capsys.readouterr().err == said


def test_validate_without_jsonschema_says_so(run, save, monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert "pip install 'flagengine[cli]'" in trouble(run, "validate", save({"flags": []}))
    assert validate({}) != ()


@pytest.mark.parametrize("member", ["[" * 5_000 + "]" * 5_000, "9" * 5_000])
def test_a_document_without_flags_is_one_line_whatever_else_it_has(run, save, definitions, member):
    odd = save('{"x": ' + member + "}")
    for arguments in (["evaluate", odd], ["validate", definitions, "--current", odd]):
        found = run(*arguments, exits=2)
        assert "must be an object with a list" in found.stderr
        assert "save the unchanged body" in found.stderr


def test_properties_are_utf_8_json_of_any_size(run, save, definitions):
    utf16 = save('{"plan": "pro"}'.encode("utf-16"), "utf16.json")
    found = run("evaluate", definitions, "--properties", utf16, exits=2)
    assert "utf16.json: must be JSON in UTF-8, got UTF-16" in found.stderr
    for value in ("9" * 5_000, "[" * 5_000 + "]" * 5_000):
        run("evaluate", definitions, "--properties", '{"plan": ' + value + "}")
        run("evaluate", definitions, "--properties", save('{"plan": ' + value + "}", "deep.json"))
