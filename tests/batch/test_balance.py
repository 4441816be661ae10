"""Bucketing health: healthy populations pass, and unhealthy ones do not."""

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Snapshot
from flagengine.batch.statistics.balance import measure_balance
from flagengine.batch.statistics.balance_results import Balance
from flagengine.batch.statistics.chi_square import chi_square, own_upper_tail, upper_tail
from flagengine.columnar.engine import Engine
from flagengine.columnar.layout import Layout

_VARIANTS = [{"key": "a", "rollout_percentage": 20}, {"key": "b", "rollout_percentage": 70}]


def _snapshot() -> Snapshot:
    filters = {"groups": [{"rollout_percentage": 30}], "multivariate": {"variants": _VARIANTS}}
    flags = [{"key": key, "active": True, "filters": filters} for key in ("one", "two")]
    return Snapshot.parse({"flags": flags})


def _measured(ids: list[Any], snapshot: Snapshot | None = None) -> Balance:
    table = pa.table({"distinct_id": ids})
    layout = Layout.of(table.schema, distinct_id="distinct_id")
    engine = Engine(snapshot or _snapshot(), layout)
    return measure_balance(engine, table.to_batches(max_chunksize=700), 2)


class TestBalance:
    def test_different_people_are_balanced(self):
        found = _measured([f"id-{n}" for n in range(20_000)])
        for flag in found.flags.values():
            assert flag.rows == 20_000
            assert min(flag.spread.p, flag.rollout(30).p, flag.fit(flag.drawn).p) > 0.001
            assert flag.fit(flag.given).p > 0.001
            assert flag.given.total() == flag.inside[30]
        assert found.pairs() == []

    def test_one_person_many_times_is_not(self):
        flag = _measured(["id-1"] * 1_000 + [f"id-{n}" for n in range(1_000)]).flags["one"]
        assert flag.spread.p < 1e-9

    @pytest.mark.parametrize("ids", [["a", None, "", "b"], [b"a", None, b"", b"b"]])
    def test_people_without_an_id_to_hash_are_left_out(self, ids: list[Any]):
        found = _measured(ids)
        assert (found.rows, found.flags["one"].rows) == (2, 2)

    def test_chosen_people_make_flags_go_together(self):
        snapshot = _snapshot()
        every = [f"id-{n}" for n in range(20_000)]
        table = pa.table({"distinct_id": every})
        layout = Layout.of(table.schema, distinct_id="distinct_id")
        codes = Engine(snapshot, layout)
        rows = codes.rows(table.to_batches()[0], 0)
        one, two = (
            rows.person_ids.numbers("sha1", f"{key}.", "", True, clip=True)
            for key in ("one", "two")
        )
        half = 1 << 59
        alike = [
            name for name, x, y in zip(every, one, two, strict=True) if (x < half) == (y < half)
        ]
        (pair,) = _measured(alike).pairs()
        assert (pair.left, pair.right) == ("one", "two")
        assert pair.correlation == pytest.approx(0.75, abs=0.05)

    def test_nobody_is_no_error(self):
        found = _measured([None])
        assert found.pairs() == []


class TestChiSquare:
    @pytest.mark.parametrize(
        ("statistic", "freedom", "p"),
        [
            (3.841458820694124, 1, 0.05),
            (6.634896601021213, 1, 0.01),
            (10.827566170662733, 1, 0.001),
            (5.991464547107979, 2, 0.05),
            (30.14352720564616, 19, 0.05),
            (0.0, 3, 1.0),
            (5e-324, 1, 1.0),
            (1.0, 2, math.exp(-0.5)),
            (2_000.0, 2, 0.0),
        ],
    )
    def test_the_tail_is_that_of_the_tables(self, statistic: float, freedom: int, p: float):
        for tail in (upper_tail, own_upper_tail):
            assert tail(statistic, freedom) == pytest.approx(p, rel=1e-9, abs=1e-300)

    @given(st.integers(1, 400), st.floats(0, 2_000))
    def test_the_tail_is_that_of_scipy(self, freedom: int, statistic: float):
        stats = pytest.importorskip("scipy.stats")
        wanted = float(stats.chi2.sf(statistic, freedom))
        for tail in (upper_tail, own_upper_tail):
            assert tail(statistic, freedom) == pytest.approx(wanted, rel=1e-9, abs=1e-12)

    @given(st.integers(1, 400), st.floats(0, 2_000), st.floats(0.1, 100))
    def test_the_tail_falls_from_1_as_the_statistic_grows(
        self, freedom: int, statistic: float, more: float
    ):
        tail = own_upper_tail(statistic, freedom)
        assert own_upper_tail(0.0, freedom) == 1.0
        assert 1.0 >= tail >= own_upper_tail(statistic + more, freedom) - 1e-12 >= -1e-12

    def test_a_count_where_no_share_is_cannot_be_chance(self):
        assert chi_square([10, 1], [1.0, 0.0]).p == 0.0
        assert chi_square([10, 0], [1.0, 0.0]).p == 1.0
