"""Tables at the kernel's limits: many variants and bounds, columns that differ, memories that are full."""

from typing import Any

import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate_flag
from flagengine.batch import evaluate_table
from flagengine.columnar.layout import Layout
from flagengine.columnar.rows import Rows

IDS = [f"user-{number}" for number in range(600)]
TEXTS = [f"text {number}" for number in range(600)]


def snapshot(conditions: list[dict[str, Any]], variants: int = 0) -> Snapshot:
    share = 100 / max(variants, 1)
    drawn = [{"key": f"v{place}", "rollout_percentage": share} for place in range(variants)]
    filters = {"groups": conditions, "multivariate": {"variants": drawn}}
    flag = {"key": "f", "active": True, "filters": filters}
    return Snapshot.parse({"flags": [flag], "cohorts": COHORTS})


def person(key: str, operator: str, value: Any) -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": operator, "value": value}


def assert_rows_have_the_scalar_answers(
    flags: Snapshot, table: pa.Table, **reading: Any
) -> dict[str, int]:
    """Compare every row with its own call; a null is a property that was not passed."""
    evaluation = evaluate_table(flags, table, output="long", threads=1, **reading)
    found = evaluation.read_all().column("value").to_pylist()
    for row, value in zip(table.to_pylist(), found, strict=True):
        props = {key: one for key, one in row.items() if key != "distinct_id" and one is not None}
        expected = evaluate_flag(flags, "f", row["distinct_id"], props).value
        written = {True: "true", False: "false", None: None}.get(expected, expected)  # type: ignore[arg-type]
        assert value == written, row
    return evaluation.stats.fallback_rows


@pytest.mark.parametrize(("bounds", "variants"), [(1, 20), (20, 1), (1, 300), (300, 2), (260, 260)])
def test_many_bounds_and_many_variants_are_told_apart(bounds: int, variants: int) -> None:
    conditions = [{"rollout_percentage": 30 * (place + 1) / bounds} for place in range(bounds)]
    table = pa.table({"distinct_id": IDS})
    assert_rows_have_the_scalar_answers(snapshot(conditions, variants), table)


@pytest.mark.parametrize("gaps", [0, 3])
@pytest.mark.parametrize("operator", ["icontains", "is_not", "regex"])
def test_a_column_in_which_nearly_every_row_differs(gaps: int, operator: str) -> None:
    texts = [None if gaps and place % gaps == 0 else one for place, one in enumerate(TEXTS)]
    flags = snapshot([{"properties": [person("p", operator, "7")]}])
    assert_rows_have_the_scalar_answers(flags, pa.table({"distinct_id": IDS, "p": texts}))


@pytest.mark.parametrize("batch_rows", [7, 100])
def test_answers_stay_right_when_what_is_remembered_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, batch_rows: int
) -> None:
    for module in ("flag_kernel", "verdicts"):
        monkeypatch.setattr(f"flagengine.columnar.{module}._REMEMBERED", 2)
    tests = [person("v", "semver_gt", "1.3.0"), person("p", "regex", "[1-4]$")]
    conditions = [
        {"properties": tests, "rollout_percentage": 40},
        {"properties": tests[:1], "rollout_percentage": 60, "variant": "v1"},
    ]
    versions = [f"1.{number % 9}.{number % 4}" for number in range(600)]
    table = pa.table({"distinct_id": IDS, "v": versions, "p": TEXTS})
    forgetful = assert_rows_have_the_scalar_answers(
        snapshot(conditions, 3), table, batch_rows=batch_rows
    )
    assert forgetful["f"] > 20


def test_a_rows_properties_are_read_by_name_only() -> None:
    batch = pa.table({"distinct_id": ["a"], "p": [1]}).to_batches()[0]
    layout = Layout.of(batch.schema, distinct_id="distinct_id")
    _, properties, _ = Rows(batch, layout).inputs(0)
    assert properties["p"] == 1
    assert properties
    with pytest.raises(TypeError, match="by name"):
        list(properties)


ALIKE = {"properties": [person("p", "exact", "x")]}
MEMBER = {"key": "id", "type": "cohort", "operator": "in", "value": 1}
COHORTS = {"1": {"type": "AND", "values": [person("q", "exact", "y")]}}


@pytest.mark.parametrize(
    ("conditions", "variants", "asked"),
    [
        ([ALIKE], 0, 2),
        ([ALIKE, {"rollout_percentage": 50}], 0, 3),
        ([{"rollout_percentage": 0}, {"rollout_percentage": 50}], 0, 2),
        ([{"rollout_percentage": 50}], 2, 3),
        ([{"rollout_percentage": 50, "variant": "v0"}], 2, 2),
        ([{**ALIKE, "rollout_percentage": 50}], 2, 4),
        ([{"properties": [MEMBER, person("p", "exact", "x")]}], 0, 2),
    ],
)
def test_the_scalar_engine_is_asked_once_for_each_case_that_matters(
    conditions: list[dict[str, Any]], variants: int, asked: int
) -> None:
    properties = {"p": ["x", "z", "z"] * 200, "q": ["y", "y", "z", "z"] * 150}
    table = pa.table({"distinct_id": IDS, **properties})
    flags = snapshot(conditions, variants)
    for batch_rows in (7, 600):
        found = assert_rows_have_the_scalar_answers(flags, table, batch_rows=batch_rows)
        assert found == {"f": asked}


@pytest.mark.parametrize("missing_group", ["as_server", "unresolved"])
def test_a_group_that_every_row_has_is_asked_for_its_property(missing_group: str) -> None:
    gold = {**person("tier", "exact", "gold"), "type": "group", "group_type_index": 0}
    groups = [{"properties": [gold]}]
    flag = {"key": "f", "active": True, "filters": {"groups": groups}}
    flags = Snapshot.parse({"flags": [flag], "group_type_mapping": {"0": "company"}})
    table = pa.table({"distinct_id": ["a", "b"], "org": ["o1", "o2"], "tier": ["gold", "tin"]})
    evaluation = evaluate_table(
        flags,
        table,
        groups={"company": "org"},
        group_properties={"company": ["tier"]},
        missing_group=missing_group,
    )
    assert evaluation.read_all().column("f").to_pylist() == [True, False]
