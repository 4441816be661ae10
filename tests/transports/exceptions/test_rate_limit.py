"""The rate limit of exceptions by type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine.transports.clock import ManualClock
from flagengine.transports.exceptions import ExceptionRateLimiter
from tests.threads import at_once

pytestmark = pytest.mark.contract("capture-exception")


def admitted(limiter, times, kind="ValueError"):
    return sum(limiter.admits(kind) for _ in range(times))


def test_a_full_bucket_admits_its_size_and_each_type_has_its_own():
    limiter = ExceptionRateLimiter(clock=ManualClock())
    assert admitted(limiter, 30) == 10
    assert admitted(limiter, 30, "KeyError") == 10


def test_tokens_come_back_one_an_interval_and_never_more_than_the_size():
    clock = ManualClock()
    limiter = ExceptionRateLimiter(size=3, refill=1, interval=10, clock=clock)
    assert admitted(limiter, 5) == 3
    clock.advance(9.9)
    assert admitted(limiter, 1) == 0
    clock.advance(0.2)
    assert admitted(limiter, 5) == 1
    clock.advance(1000)
    assert admitted(limiter, 5) == 3


def test_part_of_an_interval_is_not_lost():
    clock = ManualClock()
    limiter = ExceptionRateLimiter(size=1, refill=1, interval=10, clock=clock)
    assert admitted(limiter, 1) == 1
    clock.advance(15)
    assert admitted(limiter, 1) == 1
    clock.advance(5.1)
    assert admitted(limiter, 1) == 1


@pytest.mark.parametrize(("size", "most"), [(-5, 0), (0, 0), (100, 100), (500, 100)])
def test_sizes_are_brought_into_their_bounds(size, most):
    assert admitted(ExceptionRateLimiter(size=size, clock=ManualClock()), 600) == most


def test_types_without_end_do_not_fill_the_memory():
    limiter = ExceptionRateLimiter(size=1, clock=ManualClock())
    assert all(limiter.admits(f"Type{number}") for number in range(3000))
    assert len(limiter._buckets) == 1000


def test_threads_share_a_bucket_exactly():
    limiter = ExceptionRateLimiter(size=50, clock=ManualClock())
    assert sum(at_once(4, lambda _: admitted(limiter, 40))) == 50


def test_a_child_of_a_fork_has_a_lock_of_its_own():
    limiter = ExceptionRateLimiter(size=2, clock=ManualClock())
    limiter.admits("ValueError")
    limiter._lock.acquire()
    limiter.after_fork()
    assert admitted(limiter, 5) == 1


@given(
    size=st.integers(0, 20),
    refill=st.integers(0, 5),
    steps=st.lists(st.floats(0, 30), max_size=40),
)
def test_no_more_come_through_than_the_size_and_what_came_back(size, refill, steps):
    clock = ManualClock()
    limiter = ExceptionRateLimiter(size=size, refill=refill, interval=10, clock=clock)
    count = 0
    for step in steps:
        clock.advance(step)
        count += limiter.admits("ValueError")
    assert count <= size + refill * (sum(steps) // 10 + 1)
