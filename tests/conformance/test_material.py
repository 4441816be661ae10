"""The snapshots and the population are complete, readable, and made by the scripts beside them."""

import json
import runpy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flagengine import Snapshot, evaluate

SNAPSHOTS = {"small": 5, "product-40": 40, "thousand": 1000}


def _document(fixtures: Path, name: str) -> dict[str, Any]:
    text = (fixtures / "snapshots" / f"{name}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _persons(fixtures: Path) -> list[dict[str, Any]]:
    lines = (fixtures / "population" / "persons.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("name", "count"), SNAPSHOTS.items())
def test_a_snapshot_has_its_flags_in_order_and_no_issues(
    fixtures: Path, name: str, count: int
) -> None:
    document = _document(fixtures, name)
    keys = [flag["key"] for flag in document["flags"]]
    assert len(keys) == count
    assert keys == sorted(set(keys))
    assert Snapshot.parse(document).issues == ()


def test_the_population_has_500_persons_with_different_ids(fixtures: Path) -> None:
    persons = _persons(fixtures)
    assert len({person["distinct_id"] for person in persons}) == len(persons) == 500


def test_every_flag_of_the_product_is_decided_for_somebody(fixtures: Path) -> None:
    snapshot = Snapshot.parse(_document(fixtures, "product-40"))
    decided = {
        key
        for person in _persons(fixtures)
        for key, resolution in evaluate(
            snapshot,
            person["distinct_id"],
            person["person_properties"],
            groups=person["groups"],
            group_properties=person["group_properties"],
            device_id=person.get("device_id"),
            now=datetime(2026, 11, 1, tzinfo=UTC),
        ).items()
        if resolution.value is not None
    }
    assert len(decided) == 40


def test_the_thousand_flags_are_what_the_script_makes(fixtures: Path) -> None:
    made = runpy.run_path(str(fixtures / "snapshots" / "make_thousand.py"))["document"]()
    assert made == _document(fixtures, "thousand")


def test_the_population_is_what_the_script_makes(fixtures: Path) -> None:
    made = runpy.run_path(str(fixtures / "population" / "make_persons.py"))["lines"]()
    assert [json.loads(line) for line in made] == _persons(fixtures)
