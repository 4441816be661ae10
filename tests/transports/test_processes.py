"""Fork and exit with real processes, kept short, against a server on 127.0.0.1."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter

import pytest

from .mock_server import Answer, MockServer

pytestmark = pytest.mark.contract("shutdown")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")

PRELUDE = """
import os, sys, threading, time, multiprocessing, signal
from flagengine.transports.batching.lanes import http_lanes
from flagengine.transports.batching.limits import LaneLimits
from flagengine.transports.batching.pipeline import EventPipeline
from flagengine.transports.batching.sinks.http import Destination
from flagengine.transports.clock import SystemClock
from flagengine.transports.http.live import LiveTransport

def make(**limits):
    transport = LiveTransport()
    transport.prepare()  # as a client does, so that the import of requests is not timed
    lanes = http_lanes(transport, Destination("phc_x", URL), clock=SystemClock(),
                       limits=LaneLimits(**limits))
    return EventPipeline(lanes)

def capture(pipeline, name):
    return pipeline.capture({"event": name, "distinct_id": "u"})

def threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("flagengine")]
"""


def run(server: MockServer, script: str, *, timeout: float = 20.0) -> str:
    """Run the script in another process with warnings as errors; return its output."""
    code = f"URL = {server.url!r}\n" + PRELUDE + script
    # The scripts fork with threads on purpose, and newer Pythons warn of this.
    warn = ["-W", "error", "-W", "ignore:This process:DeprecationWarning"]
    done = subprocess.run(
        [sys.executable, *warn, "-c", code],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def arrived(server: MockServer) -> Counter[str]:
    return Counter(event["event"] for seen in server.seen for event in seen.json()["batch"])


def test_events_of_a_process_that_just_ends_are_delivered(server: MockServer) -> None:
    run(server, "pipeline = make()\ncapture(pipeline, 'last words')")
    assert arrived(server) == {"last words": 1}


def test_the_exit_keeps_to_its_budget_when_the_server_is_silent(server: MockServer) -> None:
    server.default = Answer(delay=60.0)
    script = """
pipelines = [make() for _ in range(3)]
for pipeline in pipelines: capture(pipeline, 'e')
import atexit, logging
logging.disable()
print(time.time(), flush=True)
"""
    started = float(run(server, script))
    assert time.time() - started < 6  # a second, and a margin for a busy machine


@needs_fork
def test_the_parents_events_are_sent_once_and_by_the_parent(server: MockServer) -> None:
    script = """
pipeline = make()
capture(pipeline, 'parent')
pid = os.fork()
if pid == 0:
    assert pipeline.pending_count() == 0 and threads() == []
    capture(pipeline, 'child')
    assert pipeline.flush(timeout=5)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert pipeline.flush(timeout=5)
"""
    run(server, script)
    assert arrived(server) == {"parent": 1, "child": 1}


@needs_fork
def test_a_child_works_though_the_parent_forked_in_the_middle_of_a_push(
    server: MockServer,
) -> None:
    script = """
pipeline = make(max_queue_size=100_000)
capture(pipeline, 'first'); pipeline.flush(5)
stop = threading.Event()
def produce():
    while not stop.is_set():
        capture(pipeline, 'noise')
producers = [threading.Thread(target=produce) for _ in range(3)]
for each in producers: each.start()
pids = []
for number in range(15):
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)
        capture(pipeline, f'child {number}')
        os._exit(0 if pipeline.shutdown(timeout=5) else 1)
    pids.append(pid)
assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 15
stop.set()
for each in producers: each.join()
assert pipeline.shutdown(timeout=10)
assert pipeline.counters().delivered == pipeline.counters().accepted
print(pipeline.counters().delivered)
"""
    delivered = int(run(server, script, timeout=60))
    counts = arrived(server)
    assert all(counts[f"child {number}"] == 1 for number in range(15))
    assert counts["noise"] + counts["first"] == delivered
    assert max(Counter(server.uuids).values()) == 1


@needs_fork
def test_multiprocessing_children_deliver_at_their_end(server: MockServer) -> None:
    script = """
pipeline = make()
def work(number):
    capture(pipeline, f'task {number}')
context = multiprocessing.get_context("fork")
children = [context.Process(target=work, args=(number,)) for number in range(3)]
for child in children: child.start()
for child in children: child.join()
assert [child.exitcode for child in children] == [0, 0, 0]
"""
    run(server, script)
    assert arrived(server) == {"task 0": 1, "task 1": 1, "task 2": 1}


@needs_fork
def test_a_preforked_server_has_no_threads_before_and_one_in_each_worker(
    server: MockServer,
) -> None:
    script = """
pipeline = make(flush_at=1)
assert threads() == []
for number in range(2):
    pid = os.fork()
    if pid == 0:
        capture(pipeline, f'worker {number}')
        assert threads() == ['flagengine-events']
        pipeline.shutdown(timeout=5)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
assert threads() == []
"""
    run(server, script)
    assert arrived(server) == {"worker 0": 1, "worker 1": 1}


@needs_fork
def test_a_child_of_a_closed_client_stays_closed(server: MockServer) -> None:
    script = """
pipeline = make()
pipeline.shutdown()
pid = os.fork()
if pid == 0:
    import logging; logging.disable()
    os._exit(0 if capture(pipeline, 'late') is None and pipeline.shutdown(1) else 1)
assert os.waitpid(pid, 0)[1] == 0
"""
    run(server, script)
    assert arrived(server) == {}


def test_starting_a_subprocess_is_not_held_up_by_a_hook(server: MockServer) -> None:
    script = """
import subprocess
pipeline = make()
capture(pipeline, 'e')
subprocess.run([sys.executable, '-c', 'pass'], check=True)
"""
    run(server, script)
    assert arrived(server) == {"e": 1}
