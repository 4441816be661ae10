"""Each read is reported once; a full tracker forgets only the oldest reads."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from flagengine.transports.flags.called_tracker import CalledTracker
from tests.threads import at_once

pytestmark = pytest.mark.contract("feature-flag-called-tracker")


def test_a_read_is_first_once() -> None:
    tracker = CalledTracker()
    assert [tracker.is_first("u", "beta", True) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("other", [False, "blue", "True", 1, None, {"a": 1}])
def test_another_value_is_another_read(other: object) -> None:
    tracker = CalledTracker()
    tracker.is_first("u", "beta", True)
    assert tracker.is_first("u", "beta", other)
    assert not tracker.is_first("u", "beta", other)


def test_an_empty_value_is_not_false() -> None:
    tracker = CalledTracker()
    for value, other in ((False, ""), ("", False)):
        tracker.clear()
        tracker.is_first("u", "beta", value)
        assert not tracker.is_known("u", "beta", other)
        assert tracker.is_first("u", "beta", other)


def test_another_person_flag_group_or_device_is_another_read() -> None:
    tracker = CalledTracker()
    tracker.is_first("u", "beta", True)
    assert tracker.is_first("other", "beta", True)
    assert tracker.is_first("u", "other", True)
    assert tracker.is_first("u", "beta", True, {"company": "acme"})
    assert tracker.is_first("u", "beta", True, {"company": "other"})
    assert tracker.is_first("u", "beta", True, device_id="d1")


def test_the_order_of_groups_and_the_type_of_their_keys_do_not_matter() -> None:
    tracker = CalledTracker()
    assert tracker.is_first("u", "beta", True, {"a": "1", "b": "2"})
    assert not tracker.is_first("u", "beta", True, {"b": 2, "a": 1})


def test_the_default_capacity_is_fifty_thousand_people() -> None:
    tracker = CalledTracker()
    for number in range(50_001):
        tracker.is_first(f"u{number}", "beta", True)
    assert len(tracker) == 50_000
    assert not tracker.is_first("u1", "beta", True)
    assert tracker.is_first("u0", "beta", True)


def test_full_means_that_the_least_recently_used_person_goes_and_no_other() -> None:
    tracker = CalledTracker(capacity=3)
    for person in ("a", "b", "c"):
        tracker.is_first(person, "beta", True)
    tracker.is_first("a", "beta", True)
    tracker.is_first("d", "beta", True)
    seen = {person: not tracker.is_first(person, "beta", True) for person in ("a", "c", "d")}
    assert seen == {"a": True, "c": True, "d": True}
    assert tracker.is_first("b", "beta", True)


def test_a_person_who_was_found_stays_longer_than_one_who_was_not() -> None:
    tracker = CalledTracker(capacity=2)
    assert tracker.is_first("a", "beta", True)
    assert tracker.is_first("b", "beta", True)
    assert tracker.is_known("a", "beta", True)
    assert tracker.is_first("c", "beta", True)
    known = {person: tracker.is_known(person, "beta", True) for person in ("a", "b", "c")}
    assert known == {"a": True, "b": False, "c": True}


@pytest.mark.parametrize(
    "other",
    [
        ("v", "beta", True),
        ("u", "gamma", True),
        ("u", "beta", False),
        ("u", "beta", "True"),
        ("u", "beta", 1),
        ("u", "beta", None),
        ("u", "beta", True, {"company": "acme"}),
        ("u", "beta", True, {}, "d1"),
    ],
)
def test_what_is_known_is_what_was_recorded(other: tuple[Any, ...]) -> None:
    tracker = CalledTracker()
    tracker.is_first("u", "beta", True)
    assert tracker.is_known("u", "beta", True, {}, None)
    assert not tracker.is_known(*other)
    tracker.is_first(*other)
    assert tracker.is_known(*other)
    tracker.flags_changed(["beta", "gamma"])
    assert not tracker.is_known(*other)


def test_asking_records_nothing() -> None:
    tracker = CalledTracker()
    assert not tracker.is_known("u", "beta", True)
    assert (len(tracker), tracker.read_count) == (0, 0)


def test_one_person_with_ever_new_groups_does_not_grow_without_bound() -> None:
    tracker = CalledTracker()
    for number in range(10_001):
        tracker.is_first("service", "beta", True, {"company": number})
    assert tracker.read_count == 10_000
    assert not tracker.is_first("service", "beta", True, {"company": 10_000})
    assert tracker.is_first("service", "beta", True, {"company": 0})


def test_a_changed_flag_is_forgotten_and_no_other() -> None:
    tracker = CalledTracker()
    for person in ("u", "v"):
        for key in ("beta", "gamma"):
            tracker.is_first(person, key, True)
    tracker.flags_changed(["beta", "unknown"])
    assert not tracker.is_first("u", "gamma", True)
    assert [tracker.is_first("u", "beta", True) for _ in range(2)] == [True, False]
    assert [tracker.is_first("v", "beta", True) for _ in range(2)] == [True, False]
    tracker.flags_changed([])
    assert not tracker.is_first("u", "beta", True)


def test_ever_new_changes_of_a_flag_take_no_room() -> None:
    tracker = CalledTracker()
    for _ in range(100):
        assert tracker.is_first("u", "beta", True)
        tracker.flags_changed(["beta"])
    assert tracker.read_count == 1


def test_changes_of_ever_new_flags_end_in_forgetting_everything() -> None:
    tracker = CalledTracker()
    tracker.is_first("u", "beta", True)
    tracker.flags_changed(f"flag-{number}" for number in range(10_001))
    assert tracker._changes == {}
    assert tracker.is_first("u", "beta", True)


def test_persons_with_many_reads_make_the_least_recently_used_person_go() -> None:
    tracker = CalledTracker(capacity=1_000)
    for number in range(3):
        for flag in range(8_000):
            tracker.is_first(f"u{number}", f"flag-{flag}", True)
    assert (len(tracker), tracker.read_count) == (2, 16_000)
    assert not tracker.is_first("u2", "flag-0", True)
    assert not tracker.is_first("u1", "flag-0", True)
    assert tracker.is_first("u0", "flag-0", True)


def test_a_refused_and_an_evicted_read_leave_the_count() -> None:
    tracker = CalledTracker(capacity=1)
    refused = ("u", "beta", True, {}, None, None)
    tracker.is_first(*refused)
    tracker.forget(*refused)
    assert tracker.read_count == 0
    tracker.is_first("u", "beta", True)
    tracker.is_first("v", "beta", True)
    assert (len(tracker), tracker.read_count) == (1, 1)


def test_the_length_of_ids_and_keys_takes_no_memory() -> None:
    long = "x" * 100_000
    tracker = CalledTracker()
    tracemalloc.start()
    try:
        for number in range(200):
            tracker.is_first(f"{long}{number}", long, long, {long: f"{long}{number}"}, long)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(tracker) == 200
    assert taken < 1_000_000


def test_clearing_forgets_everything() -> None:
    tracker = CalledTracker()
    tracker.is_first("u", "beta", True)
    tracker.clear()
    assert tracker.is_first("u", "beta", True)


def test_of_many_threads_that_read_at_once_one_is_first() -> None:
    tracker = CalledTracker()

    def read(_: int) -> int:
        return sum(tracker.is_first("u", f"flag-{n}", True) for n in range(500))

    assert sum(at_once(8, read)) == 500


def test_a_fork_renews_the_lock_and_keeps_the_memory() -> None:
    tracker = CalledTracker()
    tracker.is_first("u", "beta", True)
    tracker._lock.acquire()
    tracker.after_fork()
    assert not tracker.is_first("u", "beta", True)


def test_another_rule_is_another_read() -> None:
    tracker = CalledTracker()
    read = ("u", "beta", True, {}, None)
    assert tracker.is_first(*read, ("experiment_split", "rule", "experiment", "a"))
    assert tracker.is_first(*read, ("experiment_split", "rule", "experiment", "b"))
    assert tracker.is_first(*read)


def test_a_forgotten_read_is_first_again_and_no_other_is() -> None:
    tracker = CalledTracker()
    refused, other = ("u", "beta", True, {}, None, None), ("u", "beta", False, {}, None, None)
    assert tracker.is_first(*refused)
    assert tracker.is_first(*other)
    tracker.forget(*refused)
    tracker.forget("nobody", *refused[1:])
    assert tracker.is_first(*refused)
    assert not tracker.is_first(*other)
