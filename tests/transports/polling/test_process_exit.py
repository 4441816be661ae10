"""Programs that end during a load end quickly and without output, with warnings as errors."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import threading
from flagengine.transports.polling import DefinitionLoader, ThreadPollDriver, Loaded

class Slow:
    asked = threading.Event()
    def fetch(self, version):
        self.asked.set()
        threading.Event().wait(60)

class Quick:
    def fetch(self, version):
        return Loaded({"flags": [{"key": "a"}]})

class Cache:
    async def should_fetch_flag_definitions(self): return True
    async def get_flag_definitions(self): return None
    async def on_flag_definitions_received(self, document): pass
    async def shutdown(self): pass
"""

ENDINGS = {
    "an idle thread": """
loader = DefinitionLoader(Quick(), driver=ThreadPollDriver())
assert loader.wait_until_ready(30)
""",
    "a thread in the middle of a load": """
loader = DefinitionLoader(Slow(), driver=ThreadPollDriver())
loader.start()
assert Slow.asked.wait(30)
""",
    "an asynchronous cache that was not shut down": """
loader = DefinitionLoader(Quick(), cache=Cache(), driver=ThreadPollDriver())
assert loader.wait_until_ready(30) and loader.reload(30)
""",
    "a shutdown at exit": """
import atexit
loader = DefinitionLoader(Quick(), cache=Cache(), driver=ThreadPollDriver())
atexit.register(loader.shutdown)
assert loader.wait_until_ready(30)
""",
}


@pytest.mark.contract("shutdown")
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_ends_without_waiting_and_without_a_word(ending: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", START + ENDINGS[ending]],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
