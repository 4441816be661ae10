"""The real output of every command fits the schema that is shipped, which allows nothing else."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from jsonschema import Draft202012Validator

from flagengine.cli.app import cli
from flagengine.cli.commands.schema import names, schema

ROOT = Path(__file__).parents[2]
SNAPSHOTS = ROOT / "fixtures" / "snapshots"
DOCUMENTS = sorted((ROOT / "fixtures" / "documents").glob("*.json"))
PERSON = ["--distinct-id", "user-8", "--property", "country=DE", "--property", "plan=pro"]


def rules(return_type: str, *made: dict[str, Any], default: Any = None) -> dict[str, Any]:
    listed = [
        {
            "id": f"10000000-0000-4000-8000-00000000000{number}",
            "rule_type": "targeted_release",
            "targeting": {"properties": []},
            **rule,
        }
        for number, rule in enumerate(made)
    ]
    return {"version": 2, "return_type": return_type, "default_value": default, "rules": listed}


DRAWN = {
    "rollout_percentage": 50,
    "on_rollout_miss": "continue",
    "assignment_algorithm": "sha1_60_v1",
    "seed": "s",
}
EXPERIMENT = {
    **DRAWN,
    "rule_type": "experiment",
    "experiment_id": None,
    "paused": False,
    "holdout": {"id": None, "seed": "h", "exclusion_percentage": 10},
    "variants": [
        {"key": "a", "weight": 50, "value": "x"},
        {"key": "b", "weight": 50, "value": "y"},
    ],
}
EMAIL = {"key": "email", "type": "person", "operator": "icontains", "value": "@"}
FLAGS = [
    {"key": "text", "active": True, "filters": rules("string", EXPERIMENT, default="z")},
    {"key": "number", "active": True, "filters": rules("number", {"value": 1}, {"value": 2.5})},
    {
        "key": "object",
        "active": True,
        "filters": rules("object", {"value": {"a": [1]}, "targeting": {"properties": [EMAIL]}}),
    },
    {"key": "left", "active": False, "filters": rules("boolean", {"value": True})},
    {
        "key": "many",
        "active": True,
        "filters": {
            "groups": [{"properties": [EMAIL, {"key": "id", "type": "cohort", "value": 1}]}],
            "holdout": {"id": 3, "exclusion_percentage": 20},
            "feature_enrollment": True,
            "multivariate": {
                "variants": [{"key": f"v{n}", "rollout_percentage": 0.5} for n in range(150)]
            },
            "payloads": {"v1": "[1]"},
        },
    },
    {"key": "odd", "filters": {"version": 9}},
    {
        "key": "company",
        "active": True,
        "filters": {
            "aggregation_group_type_index": 0,
            "groups": [{"rollout_percentage": 40}],
        },
    },
]
DOCUMENT = {
    "flags": FLAGS,
    "cohorts": {"1": {"type": "OR", "values": [{**EMAIL, "negation": True}]}},
    "group_type_mapping": {"0": "company"},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.json").write_text(json.dumps(DOCUMENT))
    changed = json.loads((SNAPSHOTS / "small.json").read_text())
    changed["flags"][0]["active"] = False
    changed["flags"][2]["filters"]["groups"][1]["rollout_percentage"] = 80
    del changed["flags"][3]
    changed["cohorts"] = {}
    (tmp_path / "new.json").write_text(json.dumps(changed))
    people = {"distinct_id": [f"id-{n}" for n in range(500)], "country": ["DE", "FR"] * 250}
    pyarrow.parquet.write_table(pa.table(people), tmp_path / "people.parquet")
    return tmp_path


def fits(run, name, *arguments):
    printed = run(name, *arguments, "--json").stdout
    value = json.loads(printed)
    Draft202012Validator(schema(name)).validate(value)
    return value


def test_every_command_with_json_has_a_schema_and_no_other():
    with_json = {
        name
        for name in cli.list_commands(None)
        for command in [cli.get_command(None, name)]
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert set(names()) == with_json


@pytest.mark.parametrize("name", names())
def test_schemas_are_valid_and_closed(run, name):
    printed = json.loads(run("schema", name).stdout)
    Draft202012Validator.check_schema(printed)
    assert printed["$id"] == f"urn:flagengine:output:{name}:1"
    waiting: list[Any] = [printed]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if part.get("type") == "object":
                assert "additionalProperties" in part, part
                assert part["additionalProperties"] is not True
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def test_the_answer_of_a_flag_has_one_schema():
    definitions = [schema(name)["$defs"] for name in ("evaluate", "explain")]
    first, second = (
        {key: each[key] for key in ("resolution", "missing", "rule")} for each in definitions
    )
    assert first == second


def test_an_unknown_command_is_refused(run):
    assert "'evaluat'" in run("schema", "evaluat", exits=2).stderr


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("document", ["d.json", str(SNAPSHOTS / "product-40.json")])
@pytest.mark.parametrize("person", [PERSON, [*PERSON, "--complete"], []])
def test_evaluate_and_explain(run, document, person):
    flags = fits(run, "evaluate", document, *person)["flags"]
    assert flags
    for key in flags:
        fits(run, "explain", document, key, *person)


@pytest.mark.usefixtures("folder")
def test_overridden_and_filtered_flags(run):
    fits(
        run,
        "evaluate",
        "d.json",
        "--override",
        "text=x",
        "--override",
        "new=true",
        "--runtime",
        "client",
    )
    fits(run, "explain", "d.json", "new", "--override", "new=null")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("document", ["d.json", str(SNAPSHOTS / "small.json")])
def test_plan_and_requirements(run, document):
    for key in fits(run, "requirements", document):
        fits(run, "plan", document, key)


@pytest.mark.parametrize("start", range(0, len(DOCUMENTS), 40))
def test_validate(run, start, monkeypatch):
    monkeypatch.chdir(ROOT)
    files = [str(path.relative_to(ROOT)) for path in DOCUMENTS[start : start + 40]]
    from click.testing import CliRunner  # noqa: PLC0415 any exit code will do

    printed = CliRunner().invoke(cli, ["validate", *files, "--json"]).stdout
    Draft202012Validator(schema("validate")).validate(json.loads(printed))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("people", [[], ["people.parquet"], ["people.parquet", "--sample", "0.5"]])
def test_diff(run, people):
    found = fits(run, "diff", str(SNAPSHOTS / "small.json"), "new.json", *people)
    assert found["flags"]


@pytest.mark.usefixtures("folder")
def test_commands_on_tables(run):
    small = str(SNAPSHOTS / "small.json")
    fits(run, "batch", small, "people.parquet", "-o", "flags.parquet")
    fits(run, "exposures", small, "people.parquet", "-o", "exposures.parquet")
    fits(run, "balance", small, "people.parquet")
    fits(run, "balance", "d.json", "people.parquet", "--group", "company=country")


def test_the_module_of_each_schema_is_a_command():
    assert all(
        hasattr(import_module(f"flagengine.cli.commands.{name}"), "command") for name in names()
    )
