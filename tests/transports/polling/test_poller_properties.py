"""The poller keeps its rules in every interleaving of polls, results, requests and publications."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flagengine.transports.polling.actions import Clear, Fetch, Ignore, Keep, Publish, Refresh
from flagengine.transports.polling.fetch_results import (
    Failed,
    FailureKind,
    FetchResult,
    Loaded,
    Unchanged,
)
from flagengine.transports.polling.policy import PollPolicy
from flagengine.transports.polling.poller import Poller

CLEARING = {401, 402}
versions = st.none() | st.sampled_from(["a", "b", "c"])
answers = st.one_of(
    versions.map(lambda version: Loaded({"flags": []}, version)),
    versions.map(Unchanged),
    st.builds(
        Failed,
        kind=st.just(FailureKind.STATUS),
        message=st.just("no"),
        status=st.none() | st.sampled_from([401, 402, 403, 404, 429, 500, 503]),
        retry_after=st.none() | st.floats(0, 100),
    ),
)


class PollerMachine(RuleBasedStateMachine):
    """The driver and the server of a poller, with a model of the definitions in use."""

    def __init__(self) -> None:
        super().__init__()
        self.poller = Poller(PollPolicy(interval=10.0))
        self.now = 0.0
        self.asked: list[Fetch] = []
        self.out: Fetch | None = None
        self.in_use = 0
        self.version: str | None = None
        self.loaded = False
        self.is_stopped = False

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def someone_looks(self) -> None:
        step = self.poller.poll(self.now)
        if isinstance(step, Fetch):
            assert self.out is None, "two fetches at once"
            assert not self.is_stopped
            assert all(step.generation > earlier.generation for earlier in self.asked)
            assert step.version == (self.version if self.loaded else None)
            assert step.loaded == self.loaded
            self.out = step
            self.asked.append(step)
        elif step.until is not None:
            assert step.until > self.now

    @rule()
    def someone_asks_for_a_load(self) -> None:
        self.poller.request(self.now)

    @rule(version=versions)
    def something_is_pushed(self, version: str | None) -> None:
        generation = self.poller.published(version)
        assert generation > self.in_use
        self.in_use, self.version, self.loaded = generation, version, True

    @rule()
    def the_fetching_thread_is_gone(self) -> None:
        self.poller.abandon()
        self.out = None

    @rule(answer=answers, data=st.data())
    @precondition(lambda self: self.asked)
    def an_answer_arrives(self, answer: FetchResult, data: st.DataObject) -> None:
        fetch = data.draw(st.sampled_from(self.asked))
        action = self.poller.fetched(fetch.generation, answer, self.now)
        if fetch is not self.out:
            assert isinstance(action, Ignore), (
                "a result of a fetch that is not in progress was used"
            )
            return
        self.out = None
        if fetch.generation < self.in_use:
            assert isinstance(action, Ignore), "an older result replaced a newer result"
            return
        self.check_used(fetch, answer, action)

    def check_used(self, fetch: Fetch, answer: FetchResult, action: object) -> None:
        if isinstance(answer, Loaded):
            assert isinstance(action, Publish)
            self.in_use, self.version, self.loaded = fetch.generation, answer.version, True
        elif isinstance(answer, Failed):
            self.check_failure(answer, action)
        elif isinstance(action, Refresh):
            assert fetch.version is not None
            assert fetch.version == self.version
            self.in_use = fetch.generation
            self.version = answer.version or self.version
        else:
            assert isinstance(action, Keep)
            assert fetch.version is None
            self.version = None

    def check_failure(self, answer: Failed, action: object) -> None:
        if answer.status in CLEARING:
            assert isinstance(action, Clear)
            self.version, self.loaded = None, False
        else:
            assert isinstance(action, Keep), "a temporary failure changed the definitions"
        step = self.poller.poll(self.now)
        assert not isinstance(step, Fetch), "a failure made the next fetch due at once"

    @rule()
    @precondition(lambda self: len(self.asked) > 5)
    def it_is_stopped(self) -> None:
        self.poller.stop()
        self.out, self.is_stopped = None, True

    @invariant()
    def it_knows_whether_a_fetch_is_out(self) -> None:
        assert self.poller.fetching == (self.out is not None)


PollerMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


@pytest.mark.contract("flag-definition-loader")
class TestPoller(PollerMachine.TestCase):  # type: ignore[name-defined, misc]
    """The poller in every interleaving."""
