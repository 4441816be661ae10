"""What becomes of events that a process cannot send: told at exit, kept on disk, each side its own."""

from __future__ import annotations

import pytest

from ..mock_server import Answer, MockServer
from .test_processes import arrived, needs_fork, run

pytestmark = pytest.mark.contract("shutdown")

QUIET = "import logging; logging.disable()"
TELLING = """
def told(error, events):
    print(type(error).__name__, *(event.name for event in events), flush=True)
"""


def test_losses_at_exit_are_told(server: MockServer) -> None:
    server.default = Answer(401)
    script = f"{TELLING}\nmake(on_error=told).capture('last words', distinct_id='u')"
    assert run(server, script, prelude=QUIET) == "DeliveryError last words\n"


def test_a_callback_that_blocks_does_not_hold_up_the_exit(server: MockServer) -> None:
    server.default = Answer(401)
    script = """
client = make(on_error=lambda *_: time.sleep(60), flush_at=1)
client.capture('e', distinct_id='u')
print(client.flush(0.2), client.shutdown(0.2))
"""
    assert run(server, script, prelude=QUIET) == "False True\n"


def test_a_capture_at_exit_is_delivered(server: MockServer) -> None:
    script = """
import atexit
client = make()
client.capture('before', distinct_id='u')
atexit.register(lambda: client.capture('at exit', distinct_id='u'))
"""
    run(server, script)
    assert arrived(server) == {"before": 1, "at exit": 1}


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_next_process_sends_what_a_dead_one_left_on_disk(
    server: MockServer, tmp_path: object, end: str
) -> None:
    spool = f"overflow='spill', spool_directory={str(tmp_path)!r}, flush_interval=60"
    script = f"""
pid = os.fork()
if pid == 0:
    client = make({spool})
    for number in range(5):
        client.capture(f'e{{number}}', distinct_id='u')
    {end}
os.waitpid(pid, 0)
client = make({spool})
print(client.counters().recovered, client.shutdown(10))
"""
    assert run(server, script) == "5 True\n"
    assert arrived(server) == {f"e{number}": 1 for number in range(5)}


@needs_fork
def test_each_side_of_a_fork_hears_of_its_own_losses(server: MockServer) -> None:
    server.default = Answer(401)
    script = f"""{TELLING}
client = make(on_error=told)
client.capture('parent', distinct_id='u')
assert not client.flush(10)
pid = os.fork()
if pid == 0:
    assert client.flush(10), 'the loss is the parent\\'s'
    client.capture('child', distinct_id='u')
    os._exit(client.shutdown(10))
assert os.waitpid(pid, 0)[1] == 0
"""
    assert run(server, script, prelude=QUIET) == "DeliveryError parent\nDeliveryError child\n"


@needs_fork
def test_the_child_of_a_fork_logs_its_own_episodes(server: MockServer) -> None:
    server.default = Answer(401)
    script = """
logging.basicConfig(stream=sys.stdout, format='%(message)s')
client = make()
client.capture('parent', distinct_id='u')
client.flush(10)
pid = os.fork()
if pid == 0:
    client.capture('child', distinct_id='u')
    client.flush(10)
    os._exit(0)
os.waitpid(pid, 0)
"""
    lines = run(server, script).splitlines()
    assert ["parent" in lines[0], "child" in lines[1]] == [True, True]
    assert len(lines) == 2
