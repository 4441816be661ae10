"""The arithmetic of measurements, with invented numbers and a manual clock."""

from __future__ import annotations

import pytest

from benchmarks.measure import (
    Slot,
    Summary,
    compile_slot,
    concurrently,
    interleave,
    passes_for,
    ratio,
    summarise,
)


class Clock:
    """A clock that advances only when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000

    def __call__(self) -> int:
        return self.now

    def work(self, nanoseconds: int) -> None:
        self.now += nanoseconds


def test_the_middle_half_lies_between_the_quartiles() -> None:
    assert summarise([5.0, 1.0, 3.0, 2.0, 4.0]) == Summary(3.0, 2.0, 4.0, 1.0, 5.0)


def test_an_even_number_of_samples_has_its_median_between_the_middle_two() -> None:
    assert summarise([1.0, 2.0, 3.0, 10.0]).median == 2.5


def test_one_sample_is_its_own_summary() -> None:
    assert summarise([7.0]) == Summary(7.0, 7.0, 7.0, 7.0, 7.0)


def test_nothing_cannot_be_summarised() -> None:
    with pytest.raises(ValueError, match="nothing to summarise"):
        summarise([])


def test_one_slow_slot_does_not_move_the_ratio() -> None:
    assert ratio([20.0, 22.0, 900.0], [10.0, 11.0, 11.0]) == 2.0


def test_a_slot_asks_once_for_every_subject_and_pass() -> None:
    clock, asked = Clock(), []

    def ask(person_id: str, subject: int) -> None:
        asked.append((person_id, subject))
        clock.work(subject)

    slot = compile_slot("ask(person_id, subject)", {"ask": ask}, [("a", 3), ("b", 4)], clock)
    assert slot(2) == 14
    assert asked == [("a", 3), ("b", 4), ("a", 3), ("b", 4)]


def test_a_slot_is_made_long_enough_for_the_clock() -> None:
    clock = Clock()
    slot = compile_slot("work(7)", {"work": clock.work}, [("a", None)], clock)
    passes = passes_for(slot, 20_000)
    assert slot(passes) >= 20_000
    assert passes < 2 * 20_000 / 7


def test_a_slot_that_is_long_by_itself_runs_once() -> None:
    assert passes_for(lambda passes: passes * 50_000, 20_000) == 1


def test_a_clock_that_did_not_move_asks_for_more_passes() -> None:
    assert passes_for(lambda passes: 0 if passes < 1_000 else 20_000, 20_000) >= 1_000


def test_candidates_take_turns() -> None:
    order: list[str] = []

    def sampler(name: str) -> float:
        order.append(name)
        return float(len(order))

    samples = interleave({"a": lambda: sampler("a"), "b": lambda: sampler("b")}, 3)
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert samples == {"a": [1.0, 3.0, 5.0], "b": [2.0, 4.0, 6.0]}


def test_every_thread_runs_a_whole_slot_of_its_own() -> None:
    runs: dict[int, list[int]] = {}

    def make(number: int) -> Slot:
        own = runs[number] = []

        def slot(passes: int) -> int:
            own.append(passes)
            return 0

        return slot

    concurrently(make, 4, 3)
    assert runs == {0: [1, 4], 1: [1, 4], 2: [1, 4]}
