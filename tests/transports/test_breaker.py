"""The breaker as a pure machine: over all interleavings of requests, results and time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
)

from flagengine.transports.breaker import Breaker, BreakerPolicy, Change, Paused, Permit

POLICY = BreakerPolicy(pause=5.0, longest_pause=60.0, most_failures=5, most_waiting=5.0)


class Bench:
    """A breaker with a clock."""

    def __init__(self, policy: BreakerPolicy = POLICY) -> None:
        self.breaker: Breaker[str] = Breaker(policy)
        self.now = 100.0

    def ask(self) -> Permit:
        permit = self.breaker.ask(self.now)
        assert isinstance(permit, Permit)
        return permit

    def refused(self) -> Paused[str]:
        refusal = self.breaker.ask(self.now)
        assert isinstance(refusal, Paused)
        assert self.breaker.refusal(self.now) == refusal
        return refusal

    def fail(
        self, permit: Permit | None = None, *, took: float = 0.0, **more: Any
    ) -> Change | None:
        self.now += took
        given_permit = permit or self.ask()
        return self.breaker.failed(given_permit, "why", now=self.now, took=took, **more)

    def open(self) -> None:
        assert [self.fail() for _ in range(5)] == [None] * 4 + [Change.OPENED]


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not() -> None:
    bench = Bench()
    for _ in range(20):
        for _ in range(4):
            assert bench.fail() is None
        assert bench.breaker.succeeded() is None
    bench.open()
    assert bench.refused() == Paused("why", 5.0)


def test_few_failures_that_take_long_open_it() -> None:
    bench = Bench()
    assert bench.fail(took=2.0) is None
    assert bench.fail(took=2.75) is None
    assert bench.fail(took=0.25) is Change.OPENED
    assert bench.refused().seconds == 5.0


def test_two_timeouts_open_it_however_short_they_are() -> None:
    bench = Bench()
    assert bench.fail(took=0.1, is_timeout=True) is None
    assert bench.fail() is None
    assert bench.fail(took=0.1, is_timeout=True) is Change.OPENED
    bench = Bench()
    for _ in range(9):
        assert bench.fail(is_timeout=True) is None
        bench.breaker.succeeded()


def test_after_the_pause_exactly_one_request_is_let_through() -> None:
    bench = Bench()
    bench.open()
    bench.now += 4.9
    bench.refused()
    bench.now += 0.1
    trial = bench.ask()
    assert trial.is_trial
    for _ in range(3):
        assert bench.refused().error == "why"
    assert bench.breaker.succeeded() is Change.CLOSED
    assert not bench.ask().is_trial
    # All failures are forgotten.
    bench.open()
    assert bench.refused().seconds == 5.0


def test_each_failed_trial_doubles_the_pause_up_to_the_longest() -> None:
    bench = Bench()
    bench.open()
    pauses = []
    for _ in range(6):
        bench.now += bench.refused().seconds
        assert bench.fail() is None
        pauses.append(bench.refused().seconds)
    assert pauses == [10.0, 20.0, 40.0, 60.0, 60.0, 60.0]


@pytest.mark.parametrize(("draw", "pause"), [(0.0, 5.0), (0.5, 5.25), (0.999, 5.4995)])
def test_the_draw_lengthens_a_pause_by_a_tenth_at_most(draw: float, pause: float) -> None:
    bench = Bench()
    for _ in range(5):
        bench.fail(draw=draw)
    assert bench.refused().seconds == pytest.approx(pause)


@pytest.mark.parametrize(("asked", "pause"), [(1.0, 5.0), (20.0, 20.0), (86_400.0, 30.0)])
def test_a_server_that_asks_for_a_pause_gets_it_at_once_within_bounds(
    asked: float, pause: float
) -> None:
    bench = Bench()
    assert bench.fail(retry_after=asked) is Change.OPENED
    assert bench.refused().seconds == pause


def test_a_longest_pause_below_the_first_shortens_nothing() -> None:
    bench = Bench(BreakerPolicy(pause=90.0))
    bench.open()
    assert bench.refused().seconds == 90.0
    bench.now += 90.0
    bench.fail()
    assert bench.refused().seconds == 90.0


def test_a_trial_that_gives_up_leaves_the_next_one_to_another() -> None:
    bench = Bench()
    bench.open()
    bench.now += 5.0
    bench.breaker.gave_up(bench.ask())
    assert bench.ask().is_trial
    bench.refused()
    bench.breaker.lose_trial()
    assert bench.ask().is_trial


def test_a_trial_without_a_result_counts_as_lost_after_a_while() -> None:
    bench = Bench()
    bench.open()
    bench.now += 5.0
    lost = bench.ask()
    bench.now += 119.0
    assert bench.refused().seconds == 1.0
    bench.now += 1.0
    trial = bench.ask()
    assert trial.is_trial
    # The first one's end changes nothing for the second.
    bench.breaker.gave_up(lost)
    bench.fail(lost)
    bench.refused()
    assert bench.breaker.succeeded() is Change.CLOSED


def test_requests_from_before_the_pause_neither_lengthen_nor_restart_it() -> None:
    bench = Bench()
    old = [bench.ask() for _ in range(3)]
    bench.open()
    bench.now += 3.0
    for permit in old[:2]:
        assert bench.fail(permit, retry_after=30.0) is None
    assert bench.refused().seconds == 2.0
    assert bench.breaker.succeeded() is Change.CLOSED


def test_a_request_is_retried_unless_others_fail_too() -> None:
    bench = Bench()
    alone = bench.ask()
    for _ in range(9):
        bench.fail(alone)
        assert bench.breaker.may_retry(alone)
    bench = Bench()
    first, second = bench.ask(), bench.ask()
    bench.fail(first, took=3.0)
    assert bench.breaker.may_retry(first)
    bench.fail(second, took=3.0)
    assert not bench.breaker.may_retry(first)
    assert not bench.breaker.may_retry(second)


def test_failures_before_a_success_are_not_those_of_the_others_after_it() -> None:
    bench = Bench()
    first, second = bench.ask(), bench.ask()
    bench.fail(first)
    bench.breaker.succeeded()
    assert bench.fail(second, retry_after=1.0) is Change.OPENED
    # Each of them has failed once, and one failure has opened the breaker.
    assert not bench.breaker.may_retry(first)
    assert bench.breaker.may_retry(second)


def test_a_trial_is_not_retried() -> None:
    bench = Bench()
    bench.open()
    bench.now += 5.0
    trial = bench.ask()
    bench.fail(trial)
    assert not bench.breaker.may_retry(trial)


@given(
    failed=st.integers(0, 10_000),
    draw=st.floats(0, 1, exclude_max=True),
    asked=st.floats() | st.none(),
)
def test_a_pause_is_bounded(failed: int, draw: float, asked: float | None) -> None:
    assert 5.0 <= POLICY.pause_after(failed, retry_after=asked, draw=draw) <= 66.0


class Interleavings(RuleBasedStateMachine):
    """Requests that begin, fail, succeed and vanish in any order."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.breaker: Breaker[int] = Breaker(POLICY)
        self.now = 0.0
        self.row = 0
        self.trial: tuple[Permit, float] | None = None
        self.changes: list[Change] = []

    def note(self, change: Change | None) -> None:
        if change is not None:
            self.changes.append(change)

    @rule(target=permits)
    def ask(self) -> Any:
        refusal = self.breaker.refusal(self.now)
        permit = self.breaker.ask(self.now)
        assert isinstance(permit, Paused) == (refusal is not None)
        if isinstance(permit, Paused):
            assert 0 < permit.seconds <= 120.0
            assert self.breaker.is_open
            return None
        assert permit.is_trial == self.breaker.is_open
        if permit.is_trial:
            # There is no other trial, unless it is lost.
            assert self.trial is None or self.now - self.trial[1] >= POLICY.trial_lasts
            self.trial = permit, self.now
        return permit

    @rule(
        permit=consumes(permits),
        took=st.sampled_from([0.0, 0.3, 3.0]),
        asked=st.sampled_from([None, 0.0, 9.0]),
    )
    def fail(self, permit: Permit | None, took: float, asked: float | None) -> None:
        if permit is None:
            return
        was_open = self.breaker.is_open
        self.row += 1
        change = self.breaker.failed(permit, self.row, now=self.now, took=took, retry_after=asked)
        self.note(change)
        if self.trial is not None and permit is self.trial[0]:
            self.trial = None
            assert self.breaker.refusal(self.now) is not None
        assert (change is Change.OPENED) == (self.breaker.is_open and not was_open)
        if self.row >= POLICY.most_failures or asked:
            assert self.breaker.is_open
        if permit.is_trial:
            assert not self.breaker.may_retry(permit)
        elif not self.breaker.is_open:
            assert self.breaker.may_retry(permit)

    @rule(permit=consumes(permits))
    def succeed(self, permit: Permit | None) -> None:
        if permit is None:
            return
        was_open = self.breaker.is_open
        change = self.breaker.succeeded()
        self.note(change)
        assert (change is Change.CLOSED) == was_open
        assert self.breaker.refusal(self.now) is None
        self.row, self.trial = 0, None

    @rule(permit=consumes(permits))
    def vanish(self, permit: Permit | None) -> None:
        if permit is None:
            return
        is_open = self.breaker.is_open
        self.breaker.gave_up(permit)
        assert self.breaker.is_open == is_open
        if self.trial is not None and permit is self.trial[0]:
            self.trial = None

    @rule(seconds=st.sampled_from([1.0, 5.0, 30.0, 70.0, 130.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.breaker.is_open and self.trial is None)
    @rule()
    def wait_out(self) -> None:
        """No pause is longer than the longest: then a request is let through."""
        self.now += 66.0
        assert self.breaker.refusal(self.now) is None

    @invariant()
    def episodes_begin_and_end_in_turn(self) -> None:
        turns = [Change.OPENED, Change.CLOSED] * len(self.changes)
        assert self.changes == turns[: len(self.changes)]
        assert self.breaker.is_open == (len(self.changes) % 2 == 1)


TestInterleavings = Interleavings.TestCase
