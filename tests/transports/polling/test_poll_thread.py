"""The background thread: lazy, one load at a time, limited waits, ended with its loader."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref

import pytest

from flagengine.transports.polling import (
    DefinitionLoader,
    Failed,
    FailureKind,
    Loaded,
    PollPolicy,
    ThreadPollDriver,
)
from flagengine.transports.polling.fetch_results import FetchResult
from flagengine.transports.polling.sources.memory import MemoryDefinitions

from ..support import StartedThreads

pytestmark = pytest.mark.contract("flag-definition-loader")

ONE = {"flags": [{"key": "one"}]}
FAST = PollPolicy(interval=0.1)
PATIENCE = 20.0


class Gate:
    """A source that signals each fetch and returns when the test allows it."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.may_answer = threading.Semaphore(0)
        self.fetches = self.at_once = self.most_at_once = 0

    def fetch(self, _version: str | None) -> FetchResult:
        self.fetches += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.asked.release()
        self.may_answer.acquire(timeout=PATIENCE)
        self.at_once -= 1
        return Loaded(ONE)


def test_no_thread_exists_before_the_first_use(started_threads: StartedThreads) -> None:
    loader = DefinitionLoader(MemoryDefinitions(ONE), driver=ThreadPollDriver())
    assert started_threads() == []
    assert loader.wait_until_ready(PATIENCE)
    assert started_threads() == ["flagengine-definitions"]
    loader.shutdown()
    assert started_threads() == []


def test_a_look_at_the_definitions_starts_the_thread() -> None:
    gate = Gate()
    loader = DefinitionLoader(gate, driver=ThreadPollDriver())
    assert loader.current.snapshot is None
    assert gate.asked.acquire(timeout=PATIENCE)
    gate.may_answer.release()
    loader.shutdown()


def test_waiting_for_readiness_ends_at_its_timeout() -> None:
    source = MemoryDefinitions()
    source.fail(Failed(FailureKind.NETWORK, "down"))
    loader = DefinitionLoader(source, driver=ThreadPollDriver())
    assert not loader.wait_until_ready(0.01)
    loader.shutdown()


def test_it_polls_by_itself() -> None:
    source = MemoryDefinitions(ONE)
    loader = DefinitionLoader(source, policy=FAST, driver=ThreadPollDriver())
    assert loader.wait_until_ready(PATIENCE)
    heard = threading.Event()
    loader.store.subscribe(lambda _change: heard.set())
    source.replace({"flags": [{"key": "two"}]})
    assert heard.wait(PATIENCE)
    loader.shutdown()


def test_a_reload_sees_what_is_new_without_waiting_for_the_interval() -> None:
    source = MemoryDefinitions(ONE)
    loader = DefinitionLoader(source, driver=ThreadPollDriver())
    assert loader.wait_until_ready(PATIENCE)
    source.replace({"flags": [{"key": "two"}]})
    assert loader.reload(PATIENCE)
    snapshot = loader.current.snapshot
    assert snapshot is not None
    assert list(snapshot.flags) == ["two"]
    loader.shutdown()


def test_reloads_join_the_load_under_way_and_never_make_two_at_once() -> None:
    gate = Gate()
    loader = DefinitionLoader(gate, driver=ThreadPollDriver())
    loader.start()
    assert gate.asked.acquire(timeout=PATIENCE)
    done: list[bool] = []
    callers = [
        threading.Thread(target=lambda: done.append(loader.reload(PATIENCE))) for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    gate.may_answer.release(100)
    for caller in callers:
        caller.join(PATIENCE)
    assert done == [True] * 8
    assert gate.most_at_once == 1
    loader.shutdown()


def test_a_reload_reports_failure_and_being_held_back() -> None:
    source = MemoryDefinitions(ONE)
    loader = DefinitionLoader(source, driver=ThreadPollDriver())
    assert loader.wait_until_ready(PATIENCE)
    source.fail(Failed(FailureKind.STATUS, "HTTP 429", 429))
    assert not loader.reload(PATIENCE)
    before = source.fetches
    assert not loader.reload(PATIENCE)
    assert source.fetches == before
    loader.shutdown()


def test_a_shutdown_may_be_repeated_and_ends_everything(started_threads: StartedThreads) -> None:
    loader = DefinitionLoader(MemoryDefinitions(ONE), driver=ThreadPollDriver())
    loader.wait_until_ready(PATIENCE)
    loader.shutdown()
    loader.shutdown()
    loader.start()
    assert started_threads() == []
    assert loader.current.is_ready
    assert not loader.reload(PATIENCE)


def test_a_shutdown_ends_the_waiting_for_readiness() -> None:
    gate = Gate()
    loader = DefinitionLoader(gate, driver=ThreadPollDriver())
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(loader.wait_until_ready(None)))
    waiting.start()
    assert gate.asked.acquire(timeout=PATIENCE)
    loader.stop()
    waiting.join(PATIENCE)
    assert answers == [False]
    gate.may_answer.release(100)
    loader.shutdown()


def test_a_shutdown_from_a_listener_does_not_deadlock() -> None:
    loader = DefinitionLoader(MemoryDefinitions(ONE), driver=ThreadPollDriver())
    done = threading.Event()

    def stop(_change: object) -> None:
        loader.shutdown()
        done.set()

    loader.store.subscribe(stop)
    loader.start()
    assert done.wait(PATIENCE)


def test_a_forgotten_loader_takes_its_thread_with_it() -> None:
    loader = DefinitionLoader(MemoryDefinitions(ONE), driver=ThreadPollDriver())
    loader.wait_until_ready(PATIENCE)
    thread, gone = loader._driver._thread, weakref.ref(loader)
    assert thread is not None
    del loader
    until = time.monotonic() + PATIENCE
    while gone() is not None and time.monotonic() < until:
        gc.collect()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.contract("shutdown")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_polls_on_its_own(started_threads: StartedThreads) -> None:
    gate = Gate()
    loader = DefinitionLoader(gate, driver=ThreadPollDriver())
    loader.start()
    # The process forks while the parent's thread is in the middle of a load.
    assert gate.asked.acquire(timeout=PATIENCE)
    child = os.fork()
    if child == 0:
        gate.may_answer = threading.Semaphore(100)
        is_good = not started_threads() and loader.wait_until_ready(PATIENCE) and loader.reload(5)
        os._exit(0 if is_good else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    gate.may_answer.release(100)
    assert loader.wait_until_ready(PATIENCE)
    loader.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_forked_while_locks_are_held_is_not_stuck() -> None:
    loader = DefinitionLoader(MemoryDefinitions(ONE), driver=ThreadPollDriver())
    loader.wait_until_ready(PATIENCE)
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with loader._lock, loader._driver._lock, loader.store._lock:
            locked.set()
            release.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(PATIENCE)
    child = os.fork()
    if child == 0:
        os._exit(0 if loader.reload(PATIENCE) else 1)
    release.set()
    holder.join()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    loader.shutdown()
