"""The impact of a snapshot: each person whose answer changes counts once, with the cause."""

from copy import deepcopy
from typing import Any

import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate_flag
from flagengine.batch.impact import Impact, Sample, margin, measure_impact
from flagengine.columnar.engine import Engine
from flagengine.columnar.layout import Layout

_PRO = {"key": "plan", "type": "person", "value": "pro"}
_BASE: dict[str, Any] = {
    "key": "f",
    "active": True,
    "filters": {
        "groups": [{"properties": [_PRO], "rollout_percentage": 50}, {"rollout_percentage": 10}],
        "multivariate": {
            "variants": [
                {"key": "a", "rollout_percentage": 50},
                {"key": "b", "rollout_percentage": 50},
            ]
        },
    },
}
_PEOPLE = pa.table(
    {
        "distinct_id": [f"id-{n}" for n in range(2_000)],
        "plan": ["pro" if n % 2 else "free" for n in range(2_000)],
    }
)


def _changed(path: str, value: Any) -> dict[str, Any]:
    flag = deepcopy(_BASE)
    place: Any = flag
    *steps, last = path.split("/")
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    place[last] = value
    return flag


def _measured(old: list[Any], new: list[Any], sample: Sample | None = None) -> Impact:
    layout = Layout.of(_PEOPLE.schema, distinct_id="distinct_id")
    keys = dict.fromkeys(flag["key"] for flag in [*old, *new])
    snapshots = [Snapshot.parse({"flags": flags}) for flags in (old, new)]
    engines = [Engine(snapshot, layout, keys) for snapshot in snapshots]
    batches = _PEOPLE.to_batches(max_chunksize=300)
    *_, last = measure_impact(*engines, batches, 2, sample)
    # Whoever asks for the changed keys forgets all flags that a diff would show.
    before, after = snapshots
    changed = {key for key, flag in last.flags.items() if flag.changed}
    assert changed <= after.changed_keys(before)
    return last


class TestImpact:
    @pytest.mark.parametrize(
        ("new", "cause"),
        [
            (
                _changed("filters/groups/0/rollout_percentage", 80),
                "condition 1: rollout 50 % → 80 %",
            ),
            (_changed("filters/groups/1/rollout_percentage", 5), "condition 2: rollout 10 % → 5 %"),
            (_changed("filters/groups/0/properties", []), "condition 1: filters changed"),
            (_changed("filters/groups/0/variant", "a"), "condition 1: variant drawn → a"),
            (_changed("active", False), "switched off"),
            (
                _changed("filters/holdout", {"id": 1, "exclusion_percentage": 20}),
                "the holdout changed",
            ),
            (_changed("filters/payloads", {"a": "1"}), "payload changed"),
            (_changed("bucketing_identifier", "device_id"), "flag settings changed"),
            (_changed("filters/groups", _BASE["filters"]["groups"][:1]), "condition 2 is removed"),
            (
                _changed("filters/multivariate/variants/0/rollout_percentage", 20),
                "variants: a 50 % b 50 % → a 20 % b 50 %",
            ),
        ],
    )
    def test_everyone_who_changes_is_counted_with_the_cause(self, new: dict[str, Any], cause: str):
        flag = _measured([_BASE], [new]).flags["f"]
        before, after = (Snapshot.parse({"flags": [definition]}) for definition in (_BASE, new))
        wanted = 0
        for row in _PEOPLE.to_pylist():
            answers = [
                evaluate_flag(snapshot, "f", row["distinct_id"], row)
                for snapshot in (before, after)
            ]
            pairs = {(answer.value, answer.raw_payload) for answer in answers}
            wanted += len(pairs) > 1
        assert flag.changed == wanted > 0
        assert sum(transition.rows for transition in flag.transitions.values()) == wanted
        causes = {found for each in flag.transitions.values() for found in each.causes}
        assert {found.text for found in causes} == {cause}

    def test_a_flag_of_one_snapshot_is_new_or_gone(self):
        other = {"key": "g", "active": True, "filters": {"groups": [{}]}}
        impact = _measured([_BASE], [other])
        assert list(impact.flags["g"].transitions) == [("no such flag", "true")]
        assert {new for _, new in impact.flags["f"].transitions} == {"no such flag"}

    def test_examples_are_people_who_change(self):
        new = _changed("filters/groups/1/rollout_percentage", 60)
        for transition in _measured([_BASE], [new]).flags["f"].transitions.values():
            for name in transition.examples:
                row = next(row for row in _PEOPLE.to_pylist() if row["distinct_id"] == name)
                value = evaluate_flag(Snapshot.parse({"flags": [new]}), "f", name, row).value
                assert value == (False if transition.new == "false" else transition.new)

    def test_nothing_changes_between_equal_snapshots(self):
        impact = _measured([_BASE], [_BASE])
        assert impact.rows == impact.seen == 2_000
        assert impact.flags["f"].changed == 0

    def test_a_sample_is_the_same_for_the_same_seed_and_near_the_whole(self):
        new = _changed("filters/groups/1/rollout_percentage", 60)
        whole = _measured([_BASE], [new])
        share = whole.flags["f"].changed / whole.rows
        parts = [_measured([_BASE], [new], Sample(0.3, seed)) for seed in (1, 1, 2)]
        assert parts[0].flags["f"].changed == parts[1].flags["f"].changed
        assert parts[0].rows != parts[2].rows
        low, high = margin(parts[0].flags["f"].changed, parts[0].rows)
        assert low < share < high
        assert parts[0].seen == 2_000

    def test_the_margin_of_nothing_is_everything(self):
        assert margin(0, 0) == (0.0, 1.0)
        low, high = margin(0, 100)
        assert (round(low, 9), round(high, 4)) == (0.0, 0.037)
