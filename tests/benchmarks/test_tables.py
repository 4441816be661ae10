"""The tables of a run with invented numbers: comparisons, targets, absences, growth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from benchmarks import growth
from benchmarks.growth_workloads import SIZES
from benchmarks.results import Absence, Measurement, Results, load, merged, record, save
from benchmarks.rivals.catalogue import find
from benchmarks.tables import compare, report
from benchmarks.targets import TARGETS, Target

if TYPE_CHECKING:
    from pathlib import Path


def _results(**medians: float) -> Results:
    found = Results(meta={"commit": "abc", "python": "CPython", "versions": {"posthog": "1"}})
    for name, middle in medians.items():
        samples = (middle * 0.9, middle, middle * 1.1)
        candidate = name.replace("_", "-")
        found.measurements.append(Measurement("w1-hot", candidate, "ns", samples))
    return found


def _row(text: str, start: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_comparison_takes_out_how_fast_the_machine_was() -> None:
    old = _results(flagengine=200.0, posthog_pure=6_000.0)
    # All others took twice as long, so flagengine has become twice as fast.
    new = _results(flagengine=200.0, posthog_pure=12_000.0)
    row = _row(compare(old, new), "w1-hot flagengine")
    assert row == ["w1-hot flagengine", "200", "200", "1.00", "0.50", "overlap"]


def test_a_comparison_says_whether_the_middle_halves_are_apart() -> None:
    row = _row(compare(_results(flagengine=200.0), _results(flagengine=100.0)), "w1-hot")
    assert row[3:] == ["0.50", "", "apart"]


def test_what_only_one_run_has_is_not_compared() -> None:
    assert "eppo" not in compare(_results(flagengine=1.0), _results(flagengine=1.0, eppo=2.0))


def test_a_report_gives_each_candidate_as_a_multiple_of_ours() -> None:
    text = report(_results(flagengine=250.0, eppo=1_000.0))
    assert _row(text, "Eppo (eppo) | 1,000")[-1] == "4.00"


def test_a_report_says_why_a_candidate_is_absent_and_where() -> None:
    found = _results(flagengine=1.0)
    found.absences += [Absence(w, "unleash", "not installed") for w in ("w1", "w2")]
    assert "| not installed | w1, w2 |" in report(found)


@pytest.mark.parametrize(("ours", "verdict"), [(300.0, "yes"), (310.0, "**no**")])
def test_a_target_is_a_ratio_of_medians(ours: float, verdict: str) -> None:
    text = report(_results(flagengine=ours, posthog_pure=6_000.0))
    assert _row(text, "W1 hot, posthog's pure evaluator")[5] == verdict


def test_a_target_that_was_not_measured_says_so() -> None:
    assert _row(report(_results(flagengine=1.0)), "W2, Eppo")[5] == "not measured"


def test_a_bound_itself_is_reached() -> None:
    target = Target("import", "w1-hot", "flagengine", "floor", "≤", 2)
    assert target.value(_results(flagengine=30.0)) is None
    assert target.value(_results(flagengine=30.0, floor=10.0)) == 3.0
    assert target.reached(2.0)
    assert not target.reached(2.1)


def test_a_target_shows_its_aim_its_spread_and_our_own_figure() -> None:
    found = _results(flagengine=200.0, flagengine_one=500.0)
    row = _row(report(found), "W1 hot through `evaluate(…)[key]`, `evaluate_flag`")
    assert row == [row[0], "≤ 3.00", "≤ 2.00", "2.50", "2.50 to 2.50", "yes", "500 ns", ""]
    found = _results(flagengine=200.0, flagengine_one=400.0)
    assert _row(report(found), row[0])[5] == "aim"


def test_a_target_in_another_workload_and_one_of_a_difference() -> None:
    found = _results(flagengine=300.0, eppo=100.0, floor=50.0)
    found.measurements.append(Measurement("w2", "eppo", "ns", (600.0,)))
    elsewhere = Target("", "w1-hot", "flagengine", "eppo", "≤", 1, under_in="w2")
    assert elsewhere.value(found) == 0.5
    assert elsewhere.spread(found) is None
    less = Target("", "w1-hot", "flagengine", "floor", "≤", 1, less="eppo")
    assert less.value(found) == 4.0
    assert Target("", "w1-hot", "flagengine", "eppo", "≤", 1, less="unleash").value(found) is None


@pytest.mark.parametrize(("gil", "count"), [(True, 0), (False, 2)])
def test_threads_have_a_target_where_they_can_run_at_the_same_time(gil: bool, count: int) -> None:
    found = _results(flagengine=1.0)
    found.meta["gil"] = gil
    assert report(found).count("two threads and one") == count


def test_the_targets_name_candidates_and_workloads_that_exist() -> None:
    names = {f"w{number}" for number in range(1, 15)}
    for target in TARGETS:
        for workload in filter(None, (target.workload, target.under_in)):
            assert workload.partition("-")[0] in names
        for candidate in filter(None, (target.over, target.under, target.less)):
            assert find(candidate).name == candidate
    assert report(Results())


def test_measurements_of_other_scripts_are_merged_into_a_run(tmp_path: Path) -> None:
    path = tmp_path / "tables.json"
    for seconds in (9.0, 3.0):
        record(path, Measurement("w14", "flagengine-table", "s", (seconds,)))
    record(path, Measurement("w14", "parquet-copy", "s", (2.0,)))
    found = merged([_results(flagengine=1.0), load(path)])
    assert found.meta["commit"] == "abc"
    row = _row(report(found), "W14 10 million rows")
    assert row[3:7] == ["1.50", "", "yes", "3.00 s"]


def test_results_survive_the_file(tmp_path: Path) -> None:
    found = _results(flagengine=1.0)
    found.absences.append(Absence("w1", "floor", "no compiler", wrong=True))
    path = tmp_path / "folder" / "run.json"
    save(found, path)
    assert load(path) == found


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"format": 99}', encoding="utf-8")
    with pytest.raises(ValueError, match="expected results of format 1, found 99"):
        load(path)


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ([(1, 5.0), (10, 100.0), (100, 1_000.0)], 1.0),
        ([(1, 100.0), (10_000, 100.0)], 0.0),
        ([(10, 1.0), (20, 4.0)], 2.0),
    ],
)
def test_the_slope_is_the_exponent_of_growth(
    points: list[tuple[int, float]], wanted: float
) -> None:
    assert growth.slope(points) == pytest.approx(wanted)


def test_every_size_that_is_measured_has_a_curve() -> None:
    assert list(growth.CURVES) == list(SIZES)


def test_the_summary_has_the_memory_beside_the_time() -> None:
    found = Results()
    for size, nanoseconds, octets in ((1, 100.0, 1_000.0), (100_000, 100.0, 100_000_000.0)):
        for label, unit, value in (("", "ns", nanoseconds), ("-memory", "bytes", octets)):
            name = f"operands{label}/{size}"
            found.measurements.append(Measurement(name, "flagengine", unit, (value,)))
    time, memory = growth.summary(found).split("\n\n")
    assert _row(time, "operands, flagengine")[-1] == "0.00"
    assert _row(memory, "operands, flagengine")[-1] == "1.00"


def test_memory_that_did_not_grow_has_no_slope() -> None:
    assert math.isnan(growth.slope([(1, 0.0), (10, 5.0)]))
