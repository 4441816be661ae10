"""Threads that use names of the package for the first time at the same moment get them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, threading
import flagengine, flagengine.transports
package, names, failed = sys.modules[sys.argv[1]], sys.argv[2:], []
barrier = threading.Barrier(len(names))

def use(name):
    barrier.wait()
    try:
        getattr(package, name)
    except BaseException as error:
        failed.append(f"{name}: {error!r}")

threads = [threading.Thread(target=use, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failed)
"""
TOGETHER = [
    ("flagengine.transports", "Client", "Options"),
    ("flagengine.transports", "Client", "AsyncClient"),
    ("flagengine.transports", "JsonStorage", "FlagsAndPayloads", "Client", "FeatureFlagResult"),
    ("flagengine.transports", "HttpDefinitions", "MemoryDefinitions"),
    ("flagengine.transports", "RedisFlagCache", "HttpDefinitions", "Health", "HostFlagCache"),
    ("flagengine.transports", "Context", "Client", "LiveTransport", "JsonlSink", "FlagDetails"),
    ("flagengine", "Snapshot", "evaluate", "explain", "Overrides", "requirements", "json_form"),
]


@pytest.mark.parametrize("package_and_names", TOGETHER, ids=",".join)
def test_threads_do_not_wait_for_each_other(package_and_names: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", PROGRAM, *package_and_names]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
