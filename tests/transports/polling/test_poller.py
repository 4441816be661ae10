"""The polling state machine: when it fetches, and what each result does."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from flagengine.transports.polling.actions import (
    Clear,
    Fetch,
    Ignore,
    Keep,
    Publish,
    Refresh,
    ReloadReply,
    Wait,
)
from flagengine.transports.polling.fetch_results import Failed, FailureKind, Loaded, Unchanged
from flagengine.transports.polling.policy import PollPolicy, failure_rule
from flagengine.transports.polling.poller import Poller

pytestmark = pytest.mark.contract("flag-definition-loader")

START = 1000.0
DOCUMENT = {"flags": []}


def status(code: int, retry_after: float | None = None) -> Failed:
    return Failed(FailureKind.STATUS, f"HTTP {code}", code, retry_after)


NETWORK = Failed(FailureKind.NETWORK, "refused")


def fetched(poller: Poller, now: float) -> Fetch:
    step = poller.poll(now)
    assert isinstance(step, Fetch)
    return step


def loaded_poller(version: str | None = '"v1"', interval: float = 30.0) -> Poller:
    poller = Poller(PollPolicy(interval=interval))
    fetch = fetched(poller, START)
    assert isinstance(poller.fetched(fetch.generation, Loaded(DOCUMENT, version), START), Publish)
    return poller


def wait_after(poller: Poller, answer: Failed, now: float) -> float:
    fetch = fetched(poller, now)
    poller.fetched(fetch.generation, answer, now)
    step = poller.poll(now)
    assert isinstance(step, Wait)
    assert step.until is not None
    return step.until - now


def test_the_first_fetch_is_due_at_once_and_unconditional() -> None:
    assert fetched(Poller(), START) == Fetch(1, None, loaded=False)


def test_nothing_is_fetched_while_a_fetch_is_out() -> None:
    poller = Poller()
    assert not poller.fetching
    fetched(poller, START)
    assert poller.fetching
    assert poller.poll(START + 1e9) == Wait(None)


def test_the_next_poll_is_an_interval_after_the_answer() -> None:
    poller = loaded_poller(interval=30.0)
    assert poller.poll(START + 29.9) == Wait(START + 30.0)
    assert fetched(poller, START + 30.0) == Fetch(2, '"v1"', loaded=True)


def test_the_interval_has_a_floor() -> None:
    assert PollPolicy(interval=0.0).interval == 0.1
    assert PollPolicy(interval=float("nan")).interval == 0.1


def test_the_numbers_of_polling_cannot_be_changed() -> None:
    for value, name in ((PollPolicy(), "interval"), (failure_rule(NETWORK), "clears")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, True)


def test_an_unchanged_answer_refreshes_and_takes_the_new_version() -> None:
    poller = loaded_poller()
    fetch = fetched(poller, START + 30)
    assert poller.fetched(fetch.generation, Unchanged('"v2"'), START + 30) == Refresh(2, '"v2"')
    assert fetched(poller, START + 60).version == '"v2"'


def test_an_unchanged_answer_without_a_version_keeps_the_old_one() -> None:
    poller = loaded_poller()
    fetch = fetched(poller, START + 30)
    poller.fetched(fetch.generation, Unchanged(), START + 30)
    assert fetched(poller, START + 60).version == '"v1"'


def test_unchanged_to_an_unconditional_request_is_a_failure() -> None:
    poller = loaded_poller(version=None)
    fetch = fetched(poller, START + 30)
    assert isinstance(poller.fetched(fetch.generation, Unchanged(), START + 30), Keep)


@pytest.mark.parametrize("failure", [NETWORK, status(500), status(503), status(404)])
def test_a_passing_failure_keeps_the_definitions_and_keeps_the_rhythm(
    failure: Failed,
) -> None:
    poller = loaded_poller()
    for turn in (1, 2, 3):
        now = START + 30.0 * turn
        fetch = fetched(poller, now)
        action = poller.fetched(fetch.generation, failure, now)
        assert action == Keep(fetch.generation, failure)
        assert poller.poll(now) == Wait(now + 30.0)
    assert fetched(poller, START + 120).version == '"v1"'


@pytest.mark.parametrize("code", [401, 402])
def test_a_refused_key_and_a_used_up_quota_clear_and_forget_the_version(code: int) -> None:
    poller = loaded_poller()
    fetch = fetched(poller, START + 30)
    assert isinstance(poller.fetched(fetch.generation, status(code), START + 30), Clear)
    later = fetched(poller, START + 1000)
    assert (later.version, later.loaded) == (None, False)


def test_after_a_used_up_quota_the_rhythm_stays() -> None:
    assert wait_after(loaded_poller(), status(402), START + 30) == 30.0


@pytest.mark.parametrize("code", [401, 403, 429])
def test_refusals_double_the_wait_up_to_the_ceiling(code: int) -> None:
    poller = loaded_poller(interval=5.0)
    now, waits = START + 5, []
    for _ in range(6):
        waits.append(wait_after(poller, status(code), now))
        now += waits[-1]
    assert waits == [10.0, 20.0, 40.0, 60.0, 60.0, 60.0]


def test_a_long_interval_is_never_shortened_by_backing_off() -> None:
    assert wait_after(loaded_poller(interval=300.0), status(429), START + 300) == 300.0


def test_retry_after_is_the_least_wait_and_bounded() -> None:
    assert wait_after(loaded_poller(), status(429, 120.0), START + 30) == 120.0
    assert wait_after(loaded_poller(), status(429, 1.0), START + 30) == 60.0
    assert wait_after(loaded_poller(), status(503, 45.0), START + 30) == 45.0
    assert wait_after(loaded_poller(), status(429, 1e9), START + 30) == 600.0


def test_a_success_ends_the_backing_off() -> None:
    poller = loaded_poller()
    wait_after(poller, status(429), START + 30)
    fetch = fetched(poller, START + 90)
    poller.fetched(fetch.generation, Unchanged(), START + 90)
    assert poller.poll(START + 90) == Wait(START + 120)
    assert wait_after(poller, status(429), START + 120) == 60.0


def test_a_passing_failure_ends_the_backing_off() -> None:
    poller = loaded_poller(interval=5.0)
    now, waits = START + 5, []
    for code in (429, 429, 500, 429):
        waits.append(wait_after(poller, status(code), now))
        now += waits[-1]
    assert waits == [10.0, 20.0, 5.0, 10.0]


@pytest.mark.parametrize(("code", "wait"), [(401, 10.0), (402, 5.0), (403, 10.0), (429, 10.0)])
def test_a_refused_first_load_waits_as_a_later_one_does(code: int, wait: float) -> None:
    assert wait_after(Poller(PollPolicy(interval=5.0)), status(code), START) == wait


@pytest.mark.parametrize("code", [401, 402])
def test_a_failure_after_the_definitions_were_cleared_keeps_the_rhythm(code: int) -> None:
    poller = loaded_poller()
    wait_after(poller, status(code), START + 30)
    assert wait_after(poller, NETWORK, START + 90) == 30.0


def test_a_first_load_that_fails_in_passing_is_tried_again_soon() -> None:
    poller, now, waits = Poller(), START, []
    for _ in range(7):
        waits.append(wait_after(poller, NETWORK, now))
        now += waits[-1]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


@pytest.mark.parametrize("code", [401, 403, 429])
def test_loads_on_demand_are_held_back_for_as_long_as_the_polling_is(code: int) -> None:
    poller = loaded_poller()
    wait_after(poller, status(code), START + 30)
    assert poller.request(START + 89) is ReloadReply.HELD_BACK
    assert poller.request(START + 90) is ReloadReply.ACCEPTED


def test_a_load_on_demand_is_due_at_once() -> None:
    poller = loaded_poller()
    assert poller.request(START + 1) is ReloadReply.ACCEPTED
    assert fetched(poller, START + 1).generation == 2


def test_a_load_on_demand_joins_the_fetch_that_is_out() -> None:
    poller = Poller()
    fetched(poller, START)
    assert poller.request(START) is ReloadReply.JOINED


def test_a_plain_server_error_does_not_hold_back_loads_on_demand() -> None:
    poller = loaded_poller()
    wait_after(poller, status(500), START + 30)
    assert poller.request(START + 31) is ReloadReply.ACCEPTED


def test_a_server_error_with_retry_after_holds_back_loads_on_demand() -> None:
    poller = loaded_poller()
    wait_after(poller, status(503, 45.0), START + 30)
    assert poller.request(START + 74) is ReloadReply.HELD_BACK
    assert poller.request(START + 75) is ReloadReply.ACCEPTED


def test_an_answer_that_was_not_asked_for_is_ignored() -> None:
    poller = loaded_poller()
    assert poller.fetched(7, Loaded(DOCUMENT), START) == Ignore(7)


def test_the_answer_of_an_abandoned_fetch_is_ignored() -> None:
    poller = Poller()
    old = fetched(poller, START)
    poller.abandon()
    new = fetched(poller, START)
    assert poller.fetched(old.generation, Loaded(DOCUMENT, "old"), START) == Ignore(old.generation)
    assert isinstance(poller.fetched(new.generation, Loaded(DOCUMENT, "new"), START), Publish)
    assert poller.fetched(old.generation, Loaded(DOCUMENT, "old"), START) == Ignore(old.generation)


def test_with_nothing_out_there_is_nothing_to_abandon() -> None:
    poller = loaded_poller()
    for generation in (None, 1):
        poller.abandon(generation)
        assert poller.poll(START) == Wait(START + 30)


def test_only_the_fetch_that_is_named_is_abandoned() -> None:
    poller = Poller()
    fetch = fetched(poller, START)
    poller.abandon(fetch.generation + 1)
    assert poller.fetching
    poller.abandon(fetch.generation)
    assert not poller.fetching
    assert fetched(poller, START).generation == fetch.generation + 1


def test_an_answer_older_than_what_was_published_meanwhile_is_ignored() -> None:
    poller = loaded_poller()
    fetch = fetched(poller, START + 30)
    assert poller.published("pushed") == 3
    assert poller.fetched(fetch.generation, Loaded(DOCUMENT), START + 30) == Ignore(2)
    assert poller.poll(START + 30) == Wait(START + 60)
    assert fetched(poller, START + 60).version == "pushed"


def test_what_was_published_counts_as_loaded() -> None:
    poller = Poller()
    poller.published("pushed")
    assert fetched(poller, START) == Fetch(2, "pushed", loaded=True)


def test_a_stopped_machine_fetches_nothing_and_ignores_late_answers() -> None:
    poller = Poller()
    fetch = fetched(poller, START)
    poller.stop()
    assert poller.fetched(fetch.generation, Loaded(DOCUMENT), START) == Ignore(1)
    assert poller.poll(START + 1e9) == Wait(None)
    assert poller.request(START) is ReloadReply.STOPPED
