"""FRESH, STALE, EXPIRED: the age of the definitions compared with the caller's budget."""

from __future__ import annotations

import pytest

from flagengine import Snapshot
from flagengine.transports.polling.health import Freshness, StalenessBudget, assess
from flagengine.transports.polling.store import Published

BUDGET = StalenessBudget(stale_after=60.0, expired_after=600.0)
LOADED = Published(Snapshot.parse({"flags": [{"key": "a"}]}), generation=3, refreshed_at=100.0)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0.0, Freshness.FRESH),
        (60.0, Freshness.FRESH),
        (60.1, Freshness.STALE),
        (600.0, Freshness.STALE),
        (600.1, Freshness.EXPIRED),
    ],
)
def test_the_budget_decides(age: float, expected: Freshness) -> None:
    health = assess(LOADED, BUDGET, now=100.0 + age)
    assert health.freshness is expected
    assert health.age == pytest.approx(age)


def test_without_a_limit_definitions_never_expire() -> None:
    health = assess(LOADED, StalenessBudget(), now=1e9)
    assert health.freshness is Freshness.STALE


def test_nothing_loaded_is_empty() -> None:
    health = assess(Published(), BUDGET, now=100.0)
    assert (health.freshness, health.age, health.flag_count) == (Freshness.EMPTY, None, 0)


def test_it_says_what_is_in_use() -> None:
    health = assess(LOADED, BUDGET, now=100.0, failures=2)
    assert health.generation == 3
    assert health.fingerprint == LOADED.fingerprint
    assert health.consecutive_failures == 2
