"""The empty distinct id in tables: inside 0 %, the first variant, hashed only for a holdout."""

from typing import Any

import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate_flag
from flagengine.batch import evaluate_table

IDS = ["", "user-1", None, "user-2", ""]
VARIANTS = {
    "variants": [
        {"key": "none", "rollout_percentage": 0},
        {"key": "few", "rollout_percentage": 10},
        {"key": "most", "rollout_percentage": 90},
    ]
}
FILTERS: dict[str, dict[str, Any]] = {
    "nobody": {"groups": [{"rollout_percentage": 0}]},
    "below nobody": {"groups": [{"rollout_percentage": -1}]},
    "half": {"groups": [{"rollout_percentage": 50}]},
    "a draw": {"groups": [{}], "multivariate": VARIANTS},
    "a draw of nobody": {"groups": [{"rollout_percentage": 0}], "multivariate": VARIANTS},
    "in the holdout": {"groups": [{}], "holdout": {"id": 1, "exclusion_percentage": 93}},
    "not held out": {
        "groups": [{"rollout_percentage": 0}],
        "holdout": {"id": 1, "exclusion_percentage": 92},
    },
    "an early exit": {"groups": [{"rollout_percentage": 0}, {}], "early_exit": True},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "by person": {},
    "continuous": {"ensure_experience_continuity": True},
    "by device": {"bucketing_identifier": "device_id"},
    "by murmur3": {"flagengine": {"hash": "murmur3"}},
}
COLUMNS = [
    pa.array(IDS, pa.string()),
    pa.array(IDS, pa.large_string()),
    pa.array(IDS).dictionary_encode(),
    pa.array(
        [None if distinct_id is None else distinct_id.encode() for distinct_id in IDS], pa.binary()
    ),
]


def _snapshot(filters: dict[str, Any], settings: dict[str, Any]) -> Snapshot:
    flag = {"key": "f", "active": True, "filters": filters, **settings}
    return Snapshot.parse({"flags": [flag]})


@pytest.mark.rule("R3.16", "R19.3", "R19.4", "R19.7")
@pytest.mark.parametrize("batch_rows", [1, 1_000])
@pytest.mark.parametrize("ids", COLUMNS, ids=lambda column: str(column.type))
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_a_row_has_the_answer_of_its_call(
    filters: dict[str, Any], settings: dict[str, Any], ids: pa.Array, batch_rows: int
) -> None:
    table = pa.table({"distinct_id": ids})
    snapshot = _snapshot(filters, settings)
    result = evaluate_table(snapshot, table, output="long", batch_rows=batch_rows)
    found = [
        (row["value"], row["reason"], row["unresolved_reason"])
        for row in result.read_all().to_pylist()
    ]
    expected = []
    for distinct_id in IDS:
        answer = evaluate_flag(_snapshot(filters, settings), "f", distinct_id)
        value = answer.value
        text = str(value).lower() if isinstance(value, bool) else value
        expected.append((text, answer.reason, answer.unresolved_reason))
    assert found == expected


@pytest.mark.rule("R3.16")
def test_the_empty_id_is_in_where_nobody_else_is() -> None:
    result = evaluate_table(_snapshot(FILTERS["nobody"], {}), pa.table({"distinct_id": IDS}))
    assert result.read_all().column("f").to_pylist() == [True, False, False, False, True]


@pytest.mark.rule("R6.4", "R6.8")
def test_an_empty_group_key_and_an_empty_device_id_are_none() -> None:
    by_device = _snapshot(FILTERS["half"], SETTINGS["by device"])
    table = pa.table({"distinct_id": ["user-1"], "device": [""], "company": [""]})
    devices = evaluate_table(by_device, table, device_id="device")
    assert devices.read_all().column("f").to_pylist() == [None]
    filters = {**FILTERS["nobody"], "aggregation_group_type_index": 0}
    document = {
        "flags": [{"key": "f", "active": True, "filters": filters}],
        "group_type_mapping": {"0": "company"},
    }
    groups = evaluate_table(document, table, groups={"company": "company"}, output="long")
    assert groups.read_all().column("reason").to_pylist() == ["no_group_type"]
