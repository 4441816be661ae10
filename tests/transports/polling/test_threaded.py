"""The background thread: lazy, one load at a time, bounded waits, gone when it should be."""

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
    ThreadedLoader,
)
from flagengine.transports.polling.answers import Answer
from flagengine.transports.polling.sources.memory import MemoryDefinitions

pytestmark = pytest.mark.contract("flag-definition-loader")

ONE = {"flags": [{"key": "one"}]}
FAST = PollPolicy(interval=0.1)
PATIENCE = 20.0


class Gate:
    """A source that says when it was asked and answers when it may."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.may_answer = threading.Semaphore(0)
        self.fetches = self.at_once = self.most_at_once = 0

    def fetch(self, _version: str | None) -> Answer:
        self.fetches += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.asked.release()
        self.may_answer.acquire(timeout=PATIENCE)
        self.at_once -= 1
        return Loaded(ONE)


def threads() -> int:
    return sum(thread.name == "flagengine-definitions" for thread in threading.enumerate())


def test_no_thread_exists_before_the_first_use() -> None:
    before = threads()
    threaded = ThreadedLoader(DefinitionLoader(MemoryDefinitions(ONE)))
    assert threads() == before
    assert threaded.wait_until_ready(PATIENCE)
    assert threads() == before + 1
    threaded.shutdown()
    assert threads() == before


def test_a_look_at_the_definitions_starts_the_thread() -> None:
    gate = Gate()
    threaded = ThreadedLoader(DefinitionLoader(gate))
    assert threaded.current.snapshot is None
    assert gate.asked.acquire(timeout=PATIENCE)
    gate.may_answer.release()
    threaded.shutdown()


def test_waiting_for_readiness_ends_at_its_timeout() -> None:
    source = MemoryDefinitions()
    source.fail(Failed(FailureKind.NETWORK, "down"))
    threaded = ThreadedLoader(DefinitionLoader(source))
    assert not threaded.wait_until_ready(0.01)
    threaded.shutdown()


def test_it_polls_by_itself() -> None:
    source = MemoryDefinitions(ONE)
    threaded = ThreadedLoader(DefinitionLoader(source, policy=FAST))
    assert threaded.wait_until_ready(PATIENCE)
    heard = threading.Event()
    threaded.loader.store.subscribe(lambda _change: heard.set())
    source.replace({"flags": [{"key": "two"}]})
    assert heard.wait(PATIENCE)
    threaded.shutdown()


def test_a_reload_sees_what_is_new_without_waiting_for_the_interval() -> None:
    source = MemoryDefinitions(ONE)
    threaded = ThreadedLoader(DefinitionLoader(source))
    assert threaded.wait_until_ready(PATIENCE)
    source.replace({"flags": [{"key": "two"}]})
    assert threaded.reload(PATIENCE)
    snapshot = threaded.current.snapshot
    assert snapshot is not None
    assert list(snapshot.flags) == ["two"]
    threaded.shutdown()


def test_reloads_join_the_load_under_way_and_never_make_two_at_once() -> None:
    gate = Gate()
    threaded = ThreadedLoader(DefinitionLoader(gate))
    threaded.start()
    assert gate.asked.acquire(timeout=PATIENCE)
    done: list[bool] = []
    callers = [
        threading.Thread(target=lambda: done.append(threaded.reload(PATIENCE))) for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    gate.may_answer.release(100)
    for caller in callers:
        caller.join(PATIENCE)
    assert done == [True] * 8
    assert gate.most_at_once == 1
    threaded.shutdown()


def test_a_reload_reports_failure_and_being_held_back() -> None:
    source = MemoryDefinitions(ONE)
    threaded = ThreadedLoader(DefinitionLoader(source))
    assert threaded.wait_until_ready(PATIENCE)
    source.fail(Failed(FailureKind.STATUS, "HTTP 429", 429))
    assert not threaded.reload(PATIENCE)
    before = source.fetches
    assert not threaded.reload(PATIENCE)
    assert source.fetches == before
    threaded.shutdown()


def test_a_shutdown_may_be_repeated_and_ends_everything() -> None:
    threaded = ThreadedLoader(DefinitionLoader(MemoryDefinitions(ONE)))
    threaded.wait_until_ready(PATIENCE)
    threaded.shutdown()
    threaded.shutdown()
    threaded.start()
    assert threads() == 0
    assert threaded.current.is_ready
    assert not threaded.reload(PATIENCE)


def test_a_shutdown_ends_the_waiting_for_readiness() -> None:
    gate = Gate()
    threaded = ThreadedLoader(DefinitionLoader(gate))
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(threaded.wait_until_ready(None)))
    waiting.start()
    assert gate.asked.acquire(timeout=PATIENCE)
    threaded.loader.stop()
    waiting.join(PATIENCE)
    assert answers == [False]
    gate.may_answer.release(100)
    threaded.shutdown()


def test_a_shutdown_from_a_listener_does_not_deadlock() -> None:
    threaded = ThreadedLoader(DefinitionLoader(MemoryDefinitions(ONE)))
    done = threading.Event()

    def stop(_change: object) -> None:
        threaded.shutdown()
        done.set()

    threaded.loader.store.subscribe(stop)
    threaded.start()
    assert done.wait(PATIENCE)


def test_a_forgotten_loader_takes_its_thread_with_it() -> None:
    threaded = ThreadedLoader(DefinitionLoader(MemoryDefinitions(ONE)))
    threaded.wait_until_ready(PATIENCE)
    thread, gone = threaded._thread, weakref.ref(threaded)
    assert thread is not None
    del threaded
    until = time.monotonic() + PATIENCE
    while gone() is not None and time.monotonic() < until:
        gc.collect()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.contract("shutdown")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_polls_on_its_own() -> None:
    gate = Gate()
    threaded = ThreadedLoader(DefinitionLoader(gate))
    threaded.start()
    # The child is made while the parent's thread is in the middle of a load.
    assert gate.asked.acquire(timeout=PATIENCE)
    child = os.fork()
    if child == 0:
        gate.may_answer = threading.Semaphore(100)
        is_good = threads() == 0 and threaded.wait_until_ready(PATIENCE) and threaded.reload(5)
        os._exit(0 if is_good else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    gate.may_answer.release(100)
    assert threaded.wait_until_ready(PATIENCE)
    threaded.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_forked_while_locks_are_held_is_not_stuck() -> None:
    threaded = ThreadedLoader(DefinitionLoader(MemoryDefinitions(ONE)))
    threaded.wait_until_ready(PATIENCE)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with threaded._lock, threaded.loader._lock, threaded.loader.store._lock:
            held.set()
            let_go.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(PATIENCE)
    child = os.fork()
    if child == 0:
        os._exit(0 if threaded.reload(PATIENCE) else 1)
    let_go.set()
    holder.join()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    threaded.shutdown()
