"""The threads of the asynchronous client: few, started when needed, and ended when idle."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from flagengine.transports.daemon_threads import DaemonThreads

PATIENCE = 20.0


def count(threads: DaemonThreads) -> int:
    return threads._pending.threads


def until(condition: Any) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0)
    return bool(condition())


def test_results_and_exceptions_arrive_and_an_idle_thread_is_used_again() -> None:
    threads = DaemonThreads(idle_seconds=PATIENCE)
    assert count(threads) == 0
    first = threads.submit(threading.get_ident).result(PATIENCE)
    assert until(lambda: threads._pending.idle == 1)
    assert threads.submit(threading.get_ident).result(PATIENCE) == first
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 / 0).result(PATIENCE)
    assert count(threads) == 1


def test_there_are_no_more_than_allowed_and_the_rest_wait_in_order() -> None:
    threads, release, done = DaemonThreads(2, 0.01), threading.Event(), []
    blocking = [threads.submit(lambda: release.wait(PATIENCE)) for _ in range(2)]
    rest = [threads.submit(lambda n=n: done.append(n)) for n in range(5)]
    assert until(lambda: count(threads) == 2)
    assert done == []
    release.set()
    for future in [*blocking, *rest]:
        future.result(PATIENCE)
    assert sorted(done) == list(range(5))
    assert until(lambda: count(threads) == 0)


def test_a_call_that_is_cancelled_before_its_turn_is_never_made() -> None:
    threads, release, made = DaemonThreads(1, 0.01), threading.Event(), []
    blocking = threads.submit(lambda: release.wait(PATIENCE))
    assert until(blocking.running)
    waiting = threads.submit(lambda: made.append(True))
    assert waiting.cancel()
    release.set()
    assert until(lambda: count(threads) == 0)
    assert made == []


def test_where_no_thread_can_be_started_the_call_is_made_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    threads = DaemonThreads()
    assert threads.submit(threading.get_ident).result(0) == threading.get_ident()
    assert not threads._pending.calls


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_starts_threads_of_its_own() -> None:
    threads, release = DaemonThreads(1, 0.01), threading.Event()
    blocking = threads.submit(lambda: release.wait(PATIENCE))
    assert until(blocking.running)
    child = os.fork()
    if child == 0:
        os._exit(0 if threads.submit(os.getpid).result(PATIENCE) == os.getpid() else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    release.set()
    assert blocking.result(PATIENCE)


def test_a_call_that_hangs_does_not_keep_the_program_from_ending() -> None:
    program = (
        "import threading\n"
        "from flagengine.transports.daemon_threads import DaemonThreads\n"
        "threads, running = DaemonThreads(), threading.Event()\n"
        "threads.submit(lambda: (running.set(), threading.Event().wait(60)))\n"
        "assert running.wait(30)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
