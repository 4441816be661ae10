"""PostHog's vectors for format 2: the published files are unchanged, and the reader agrees with them."""

import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from flagengine import Issue, IssueCode, Snapshot

OFFICIAL = Path(__file__).parents[2] / "fixtures" / "official-v2"
UNSUPPORTED = {IssueCode.UNSUPPORTED_VERSION, IssueCode.UNSUPPORTED_RULE}
RULE, PREDICATE = "/rules/0", "/rules/0/targeting/properties/0"

INVALID = {
    "assign_by_not_person": ("invalid_value", f"{RULE}/assign_by"),
    "default_value_type_mismatch": ("wrong_type", "/default_value"),
    "empty_seed": ("out_of_range", f"{RULE}/seed"),
    "empty_string_value": ("out_of_range", f"{RULE}/value"),
    "group_experiment_with_assign_by": ("unknown_member", f"{RULE}/assign_by"),
    "group_percentage_rollout_with_assign_by": ("unknown_member", f"{RULE}/assign_by"),
    "missing_experiment_paused": ("missing_key", f"{RULE}/paused"),
    "missing_on_rollout_miss": ("missing_key", f"{RULE}/on_rollout_miss"),
    "missing_rollout_seed": ("missing_key", f"{RULE}/seed"),
    "non_uuid_rule_id": ("invalid_value", f"{RULE}/id"),
    "null_rule_value": ("wrong_type", f"{RULE}/value"),
    "object_value_too_deep": ("too_deep", f"{RULE}/value" + "/child" * 20),
    "return_value_type_mismatch": ("wrong_type", f"{RULE}/value"),
    "rollout_percentage_above_maximum": ("out_of_range", f"{RULE}/rollout_percentage"),
    "rollout_percentage_below_minimum": ("out_of_range", f"{RULE}/rollout_percentage"),
    "seed_too_long": ("out_of_range", f"{RULE}/seed"),
    "standalone_experiment_shared_holdout": ("invalid_value", f"{RULE}/holdout/id"),
    "string_experiment_id": ("wrong_type", f"{RULE}/experiment_id"),
    "targeted_release_with_rollout_fields": ("unknown_member", f"{RULE}/rollout_percentage"),
    "too_few_variants": ("out_of_range", f"{RULE}/variants"),
    "too_many_variants": ("out_of_range", f"{RULE}/variants"),
    "unknown_assignment_algorithm": ("invalid_value", f"{RULE}/assignment_algorithm"),
    "unknown_config_field": ("unknown_member", "/groups"),
    "unknown_config_version": ("unsupported_version", "/version"),
    "unknown_property_field": ("unknown_member", f"{PREDICATE}/implicit_default"),
    "unknown_property_operator": ("invalid_value", f"{PREDICATE}/operator"),
    "unknown_property_type": ("invalid_value", f"{PREDICATE}/type"),
    "unknown_rollout_miss_policy": ("invalid_value", f"{RULE}/on_rollout_miss"),
    "unknown_rule_field": ("unknown_member", f"{RULE}/implicit_default"),
    "variant_key_invalid_characters": ("invalid_value", f"{RULE}/variants/0/key"),
    "variant_value_type_mismatch": ("wrong_type", f"{RULE}/variants/0/value"),
    "version_boolean": ("unsupported_version", "/version"),
    "version_string": ("unsupported_version", "/version"),
}
"""The defect of each invalid configuration: its code and its place."""

VALID = {
    "boolean_all_rule_types": ["/rules/2/experiment_id"],
    "boolean_targeted_and_percentage_rollout": [],
    "group_all_rule_types": ["/aggregation_group_type_index", "/rules/2/experiment_id"],
    "object_value_max_depth": [],
    "reserved_number_value": [],
    "reserved_object_value": [],
    "standalone_experiment_rule": [],
    "string_group_assignment": ["/aggregation_group_type_index", f"{PREDICATE}/type"],
    "version_float_literal": [],
}
"""The places of each valid configuration that are not evaluated here."""

PARSER_ROWS = {"boolean": 1, "value": 6, "experiment": 11}
KEYWORDS = {
    "additionalProperties": {"unknown_member"},
    "const": {"unsupported_version", "invalid_value"},
    "required": {"missing_key"},
}


def _json(*steps: str) -> Any:
    return json.loads(OFFICIAL.joinpath(*steps).read_bytes())


def _as_text(filters: str) -> str:
    return f'{{"flags": [{{"key": "f", "active": true, "filters": {filters}}}]}}'


def _defect(document: Any, key: str = "f") -> Issue | None:
    return Snapshot.parse(document).flags[key].defect


def _corpus(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = _json(f"v2_{name}_evaluation.json")["cases"]
    return cases


def _rows() -> Iterator[Any]:
    """Yield each row of the definitions endpoint, made from its template."""
    document = _json("wire", "definitions.json")
    for case in document["cases"]:
        row = deepcopy(document["templates"][case["template"]])
        for pointer in case.get("remove", ()):
            parent, name = _parent(row, pointer)
            del parent[name]
        for pointer, value in case.get("set", {}).items():
            parent, name = _parent(row, pointer)
            parent[name] = value
        yield pytest.param(case, row, id=case["id"])


def _parent(row: Any, pointer: str) -> tuple[Any, str]:
    *steps, name = pointer.split("/")[1:]
    for step in steps:
        row = row[int(step)] if isinstance(row, list) else row[step]
    return row, name


def test_the_files_are_those_that_were_published() -> None:
    lines = (OFFICIAL / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    found = {str(path.relative_to(OFFICIAL)) for path in OFFICIAL.rglob("*.json")}
    assert sums.keys() == found
    for name, checksum in sums.items():
        assert hashlib.sha256((OFFICIAL / name).read_bytes()).hexdigest() == checksum


def test_no_configuration_is_lost() -> None:
    for folder, names in (("valid", VALID), ("invalid", INVALID)):
        assert {path.stem for path in (OFFICIAL / "config" / folder).iterdir()} == names.keys()


@pytest.mark.parametrize("name", VALID)
def test_a_valid_configuration_is_read_or_unsupported(name: str) -> None:
    text = (OFFICIAL / "config" / "valid" / f"{name}.json").read_text("utf-8")
    flag = Snapshot.parse(_as_text(text)).flags["f"]
    assert [issue.pointer.removeprefix("/flags/0/filters") for issue in flag.issues] == VALID[name]
    assert {issue.code for issue in flag.issues} <= UNSUPPORTED
    assert (flag.rules is None) == bool(VALID[name])


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_configuration_is_refused_at_its_place(name: str) -> None:
    text = (OFFICIAL / "config" / "invalid" / f"{name}.json").read_text("utf-8")
    code, pointer = INVALID[name]
    for document in (_as_text(text), json.loads(_as_text(text))):
        defect = _defect(document)
        assert defect is not None
        assert (defect.code, defect.pointer) == (code, f"/flags/0/filters{pointer}")


@pytest.mark.parametrize(("name", "count"), PARSER_ROWS.items())
def test_the_parser_rows_are_refused_as_their_kind(name: str, count: int) -> None:
    rows = [case for case in _corpus(name) if case["family"] == "parser"]
    assert len(rows) == count
    for row in rows:
        defect = _defect(_as_text(json.dumps(row["config"])))
        assert defect is not None, row["id"]
        kind = "unsupported" if defect.code in UNSUPPORTED else "malformed"
        assert row["expected"] == {"status": "parse_error", "kind": kind}, row["id"]


@pytest.mark.parametrize("name", PARSER_ROWS)
def test_every_other_row_is_read(name: str) -> None:
    for row in _corpus(name):
        if row["family"] != "parser":
            assert _defect(_as_text(json.dumps(row["config"]))) is None, row["id"]


@pytest.mark.rule("R20.01", "R20.02")
@pytest.mark.parametrize(("vector", "row"), list(_rows()))
def test_a_row_of_the_endpoint_is_read_as_published(vector: dict[str, Any], row: Any) -> None:
    neighbour = {"key": "neighbour", "active": True, "filters": {"groups": [{}]}}
    snapshot = Snapshot.parse({"flags": [neighbour, row]})
    assert snapshot.flags["neighbour"].defect is None
    flag = snapshot.flags.get(row.get("key", ""))
    failure = vector.get("expected_failure", {"instance_path": ""})
    if flag is None:
        assert failure["message_contains"] == "key"
    elif failure["instance_path"].startswith("/filters"):
        assert flag.defect is not None
        place = flag.defect.pointer.removeprefix("/flags/1")
        assert place.startswith(failure["instance_path"])
        assert flag.defect.code in KEYWORDS[failure["keyword"]]
    else:  # a faulty row outside its configuration is read if its members fit (R2.2, R2.8)
        is_format_2 = vector["template"] == "v2" and "filters" in row
        assert flag.config_version == (2 if is_format_2 else 1)
        malformed = [issue for issue in flag.issues if issue.code not in UNSUPPORTED]
        places = {issue.pointer.removeprefix("/flags/1") for issue in malformed}
        assert places <= {failure["instance_path"]}


@pytest.mark.parametrize(
    ("vector", "row"), [found for found in _rows() if "reader" in found.values[0]]
)
def test_a_refused_row_of_the_endpoint_is_left_to_the_server(
    vector: dict[str, Any], row: dict[str, Any]
) -> None:
    assert vector["reader"] == {"auto": "remote_fallback", "local_only": "unsupported"}
    assert _defect({"flags": [row]}, row["key"]) is not None


def test_a_feed_may_mix_formats() -> None:
    feed = _json("wire", "definitions_feed.json")["templates"]["mixed"]
    flags = Snapshot.parse(feed).flags
    assert {key: flag.config_version for key, flag in flags.items()} == {
        "legacy-garden": 1,
        "garden-layout": 2,
    }
