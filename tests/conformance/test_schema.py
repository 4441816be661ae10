"""The kit fits its schemas, its ids are unique, and the rules that it cites exist."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
RULE = re.compile(r"^\*\*(R\d+\.\d+)\*\*", re.MULTILINE)
FILES = sorted((ROOT / "fixtures").glob("cases/*.json")) + sorted(
    (ROOT / "fixtures").glob("documents/*.json")
)


def _schema(path: Path) -> dict[str, Any]:
    name = "case.v1.json" if path.parent.name == "cases" else "document.v1.json"
    schema: dict[str, Any] = json.loads((ROOT / "fixtures" / "schema" / name).read_text("utf-8"))
    return schema


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_the_file_fits_its_schema(path: Path) -> None:
    validator = Draft202012Validator(_schema(path))
    found = [
        f"{error.json_path}: {error.message[:200]}"
        for error in validator.iter_errors(json.loads(path.read_text(encoding="utf-8")))
    ]
    assert not found


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_the_file_is_named_by_its_topic(path: Path) -> None:
    topic = json.loads(path.read_text(encoding="utf-8"))["topic"]
    assert re.fullmatch(rf"\d\d-{topic}", path.stem)


@pytest.mark.parametrize("name", ["case.v1.json", "document.v1.json"])
def test_the_schema_is_a_schema(fixtures: Path, name: str) -> None:
    Draft202012Validator.check_schema(json.loads((fixtures / "schema" / name).read_text("utf-8")))


def test_ids_are_unique(every_entry: list[dict[str, Any]]) -> None:
    counted = Counter(entry["id"] for entry in every_entry)
    assert [entry_id for entry_id, times in counted.items() if times > 1] == []


def test_every_rule_that_is_cited_exists(every_entry: list[dict[str, Any]]) -> None:
    rules = set(RULE.findall((ROOT / "SPEC.md").read_text(encoding="utf-8")))
    cited = {rule for entry in every_entry for rule in entry["rules"]}
    assert cited - rules == set()


def test_rule_ids_are_unique() -> None:
    rules = RULE.findall((ROOT / "SPEC.md").read_text(encoding="utf-8"))
    assert [rule for rule, times in Counter(rules).items() if times > 1] == []


def test_there_are_at_least_400_cases(fixtures: Path) -> None:
    files = (fixtures / "cases").glob("*.json")
    assert sum(len(json.loads(path.read_text("utf-8"))["cases"]) for path in files) >= 400
