"""A replaced snapshot is freed as a whole, with its evaluators and their source."""

import gc
import linecache
import threading
import traceback
import weakref
from typing import Any

import pytest

from flagengine import Snapshot, evaluate, evaluate_flag, explain
from flagengine.compiled.source import source_of

FILTERS = {
    "text": {"key": "plan", "type": "person", "operator": "exact", "value": "pro"},
    "number": {"key": "age", "type": "person", "operator": "gt", "value": 5},
    "date": {"key": "joined", "type": "person", "operator": "is_date_before", "value": "7d"},
    "cohort": {"key": "id", "type": "cohort", "value": 1},
    "flag": {
        "key": "text",
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": True,
        "dependency_chain": ["text"],
    },
}
MANY_TIMES = 20


def _document() -> dict[str, Any]:
    groups = {
        key: [{"properties": [filter_], "rollout_percentage": 50}]
        for key, filter_ in FILTERS.items()
    }
    deep: dict[str, Any] = {"type": "OR", "values": [FILTERS["text"], FILTERS["number"]]}
    for _ in range(30):
        deep = {"type": "AND", "values": [deep]}
    return {
        "flags": [
            {"key": key, "active": True, "filters": {"groups": conditions}}
            for key, conditions in groups.items()
        ],
        "cohorts": {"1": deep},
    }


def _generated() -> set[str]:
    return {name for name in linecache.cache if name.startswith("<flagengine ")}


def _used(snapshot: Snapshot) -> Snapshot:
    """Evaluate in every way, so that all code is compiled and generated."""
    odd = {"plan": "é", "age": True, "joined": "2024-01-01"}
    for props in ({}, {"plan": "pro", "age": 7}, odd):
        for distinct_id in ("user-1", "", 7):
            list(evaluate(snapshot, distinct_id, props).values())
            for key in snapshot.keys:
                evaluate_flag(snapshot, key, distinct_id, props, complete=True)
                snapshot.evaluator(key)(distinct_id, props)
    explain(snapshot, "cohort", "user-1", {})
    return snapshot


def test_a_dropped_snapshot_is_collected_with_its_sources():
    gc.collect()
    before = _generated()
    snapshot = _used(Snapshot.parse(_document()))
    assert len(_generated() - before) >= len(FILTERS)
    gone = weakref.ref(snapshot)
    del snapshot
    gc.collect()
    assert gone() is None
    assert _generated() <= before


def test_a_kept_evaluator_keeps_working_and_goes_with_its_snapshot():
    snapshot = Snapshot.parse(_document())
    gone = weakref.ref(snapshot)
    bound = {key: snapshot.evaluator(key) for key in snapshot.keys}
    expected = {key: evaluate_flag(snapshot, key, "user-1", {"age": True}) for key in bound}
    del snapshot
    gc.collect()
    assert {key: evaluator("user-1", {"age": True}) for key, evaluator in bound.items()} == expected
    del bound
    gc.collect()
    assert gone() is None


def test_copies_with_overrides_come_and_go_without_the_first_one():
    snapshot = Snapshot.parse(_document())
    copies = [_used(snapshot.with_overrides({"text": on})) for on in (True, False, "control", None)]
    gone = [weakref.ref(copied) for copied in copies]
    del copies
    gc.collect()
    assert [reference() for reference in gone] == [None] * 4
    _used(snapshot)


def test_replacing_snapshots_many_times_leaves_no_source_behind():
    gc.collect()
    before = _generated()
    for _ in range(MANY_TIMES):
        snapshot = _used(Snapshot.parse(_document()))
    del snapshot
    gc.collect()
    assert _generated() <= before


def test_generated_code_is_shown_by_tracebacks():
    class Broken(dict[str, Any]):
        def __contains__(self, key: object) -> bool:
            raise KeyboardInterrupt(key)

    evaluate_one = Snapshot.parse(_document()).evaluator("text")
    with pytest.raises(KeyboardInterrupt) as raised:
        evaluate_one("user-1", Broken())
    shown = "".join(traceback.format_exception(raised.value))
    assert "<flagengine 'text'" in shown
    assert " in props" in shown
    assert "# condition 1" in (source_of(evaluate_one) or "")


def test_a_dropped_snapshot_is_collected_in_a_program_that_has_threads():
    """Without the GIL, Python 3.13 makes some objects immortal from the second thread on."""
    thread = threading.Thread(target=_used, args=(Snapshot.parse(_document()),))
    thread.start()
    thread.join()
    snapshot = _used(Snapshot.parse(_document()))
    gone = weakref.ref(snapshot)
    del snapshot, thread
    gc.collect()
    assert gone() is None
