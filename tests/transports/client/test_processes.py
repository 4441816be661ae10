"""A client in a process's life: exit, signals, forks and gevent, with real sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter

import pytest

from ..mock_server import Answer, MockServer

pytestmark = pytest.mark.contract("shutdown")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")

PRELUDE = """
import asyncio, logging, multiprocessing, os, signal, sys, threading, time
from flagengine.transports import AsyncClient, Client, MemoryDefinitions

FLAG = {"key": "beta", "active": True, "filters": {"groups": [{"rollout_percentage": 100}]}}

def make(**options):
    return Client("phc_x", host=URL, **options)

def package_threads():
    return sorted(t.name for t in threading.enumerate() if t.name.startswith("flagengine"))
"""


PATIENT = """
from flagengine.transports import fork_and_exit
fork_and_exit.EXIT_BUDGET = 20.0  # a busy machine may need more than a second for a request
"""


def run(
    server: MockServer,
    script: str,
    *,
    prelude: str = "",
    timeout: float = 30.0,
    is_patient: bool = True,
) -> str:
    """Run the script in another process with warnings as errors; return its output."""
    patience = PATIENT if is_patient else ""
    code = f"{prelude}\nURL = {server.url!r}\n{PRELUDE}{patience}{script}"
    # The scripts fork with threads on purpose, and newer Pythons warn of this.
    warn = ["-W", "error", "-W", "ignore:This process:DeprecationWarning"]
    done = subprocess.run(
        [sys.executable, *warn, "-c", code],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def arrived(server: MockServer) -> Counter[str]:
    # A process that ends in the middle of a request leaves the request unfinished.
    batches = [seen for seen in server.seen if seen.path == "/batch/" and seen.is_whole]
    return Counter(event["event"] for seen in batches for event in seen.json()["batch"])


def test_what_is_queued_at_exit_is_delivered(server: MockServer) -> None:
    run(server, "make().capture('last words', distinct_id='u')\nc = make(); c.capture('more')")
    assert arrived(server) == {"last words": 1, "more": 1}


def test_a_silent_server_holds_up_the_exit_for_a_second(server: MockServer) -> None:
    server.default = Answer(delay=60.0)
    script = """
logging.disable()
clients = [make(secret_key='phx_x') for _ in range(3)]
for client in clients:
    client.capture('e', distinct_id='u')
    client.is_local_evaluation_ready()
print(time.time(), flush=True)
"""
    started = float(run(server, script, is_patient=False))
    assert time.time() - started < 6  # a second, and a margin for a busy machine


def test_an_unhandled_exception_is_reported_on_the_way_out(server: MockServer) -> None:
    script = """
sys.excepthook = lambda *_: None
make(enable_exception_autocapture=True)
client = make(enable_exception_autocapture=True)
try:
    raise ValueError('boom')
except ValueError:
    sys.excepthook(*sys.exc_info())
"""
    run(server, script)
    (event,) = [each for seen in server.seen for each in seen.json()["batch"]][:1]
    assert event["properties"]["$exception_level"] == "fatal"


def test_a_handled_sigterm_shuts_down(server: MockServer) -> None:
    script = """
client = make()
def leave(*_):
    client.shutdown()
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
client.capture('before the signal', distinct_id='u')
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(10)
"""
    run(server, script)
    assert arrived(server) == {"before the signal": 1}


@needs_fork
def test_each_side_of_a_fork_sends_its_own_events_once(server: MockServer) -> None:
    script = """
client = make()
client.capture('parent before', distinct_id='u')
pid = os.fork()
if pid == 0:
    assert client.pending_count() == 0
    client.capture('child', distinct_id='u')
    client.shutdown()
    os._exit(0)
os.waitpid(pid, 0)
client.capture('parent after', distinct_id='u')
client.shutdown()
"""
    run(server, script)
    assert arrived(server) == {"parent before": 1, "child": 1, "parent after": 1}


@needs_fork
def test_a_preloaded_client_loads_definitions_in_each_worker(server: MockServer) -> None:
    flag = {"key": "beta", "active": True, "filters": {"groups": [{"rollout_percentage": 100}]}}
    server.default = Answer(body=json.dumps({"flags": [flag]}).encode())
    script = """
client = make(secret_key='phx_x', send_feature_flag_event=False)
assert client.wait_for_local_evaluation_ready(10)
pids = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        assert package_threads() == []
        assert client.get_feature_flag('beta', 'u') is True
        client.reload_feature_flags()
        assert package_threads() == ['flagengine-definitions'], package_threads()
        assert client.definitions_health().last_error is None
        os._exit(0)
    pids.append(pid)
print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids])
client.shutdown()
"""
    assert run(server, script).strip() == "[0, 0, 0]"
    asked = [seen for seen in server.seen if seen.path.startswith("/flags/definitions")]
    assert len(asked) == 4


@needs_fork
def test_workers_of_multiprocessing_deliver_what_they_captured(server: MockServer) -> None:
    script = """
client = make()
def work(number):
    with client.context(distinct_id=str(number)):
        client.capture('work')
if __name__ == '__main__':
    context = multiprocessing.get_context('fork')
    workers = [context.Process(target=work, args=(i,)) for i in range(3)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
"""
    run(server, script)
    assert arrived(server) == {"work": 3}


@needs_fork
def test_a_fork_while_the_client_is_busy_harms_neither_side(server: MockServer) -> None:
    script = """
client = make(flush_at=1, definitions=MemoryDefinitions({'flags': [FLAG]}))
stop = threading.Event()
def busy():
    number = 0
    while not stop.is_set():
        number += 1
        client.capture('parent', distinct_id='u')
        client.register({'n': number})
        client.get_feature_flag('beta', str(number))
threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads: thread.start()
codes = []
for _ in range(10):
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)
        client.register({'child': True})
        client.on('error', print)
        client.get_feature_flag('beta', 'child')
        client.capture('child', distinct_id='u')
        os._exit(0 if client.shutdown(5) else 1)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop.set()
for thread in threads: thread.join()
client.shutdown(0, discard=True)
print(codes)
"""
    logging_off = "import logging; logging.disable()"
    assert run(server, script, prelude=logging_off).strip() == str([0] * 10)
    assert arrived(server)["child"] == 10


def test_shutdown_from_inside_a_callback_does_not_deadlock(server: MockServer) -> None:
    script = """
client = make()
done = threading.Event()
def end(_):
    assert client.shutdown() is False
    done.set()
client.on('flush', end)
client.capture('e', distinct_id='u')
client.flush()
assert done.wait(5)
assert client.shutdown(5)
assert client.capture('late') is None
"""
    run(server, script, prelude="import logging; logging.disable()")
    assert arrived(server) == {"e": 1}


def test_after_a_shutdown_no_thread_of_the_client_is_left(server: MockServer) -> None:
    script = """
client = make(secret_key='phx_x')
client.capture('e', distinct_id='u')
client.get_feature_flag('beta', 'u')
assert package_threads()
client.shutdown()
until = time.monotonic() + 5
while package_threads() and time.monotonic() < until: time.sleep(0.01)
assert package_threads() == [], package_threads()
client.shutdown()
client.flush()
assert package_threads() == []
"""
    run(server, script, prelude="import logging; logging.disable()")


def test_a_forgotten_client_leaves_no_warning_and_no_event_behind(server: MockServer) -> None:
    script = """
import gc
def work():
    client = make(secret_key='phx_x')
    client.is_local_evaluation_ready()
    client.capture('e', distinct_id='u')
work()
gc.collect()
"""
    run(server, script, prelude="import logging; logging.disable()")
    assert arrived(server) == {"e": 1}


def test_an_asynchronous_client_ends_with_its_loop(server: MockServer) -> None:
    script = """
async def main():
    async with AsyncClient('phc_x', host=URL) as client:
        client.capture('e', distinct_id='u')
        await client.capture_immediate('f', distinct_id='u')
    client = AsyncClient('phc_x', host=URL)
    client.capture('g', distinct_id='u')
asyncio.run(main())
"""
    run(server, script)
    assert arrived(server) == {"e": 1, "f": 1, "g": 1}


def test_gevents_patched_threads_work(server: MockServer) -> None:
    pytest.importorskip("gevent")
    script = """
client = make(secret_key='phx_x')
def work(number):
    with client.context(distinct_id=str(number)):
        client.get_feature_flag('beta')
        client.capture('work')
        gevent.sleep(0)
        assert client.get_distinct_id() == str(number)
gevent.joinall([gevent.spawn(work, i) for i in range(20)], raise_error=True)
assert client.shutdown(10)
client = make()
client.capture('at exit', distinct_id='u')
"""
    patch = (
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n"
    )
    patch += "    from gevent import monkey; monkey.patch_all(); import gevent\n"
    patch += "import logging; logging.disable()"
    run(server, script, prelude=patch)
    assert arrived(server)["work"] == 20
    assert arrived(server)["at exit"] == 1
