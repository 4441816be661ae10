"""A program in a process without what only POSIX has, as on Windows: a client, a spool, a host cache.

    python other_system.py DIRECTORY

The file is no test module: the test beside it starts it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# The libraries need these on the system that they run on here.
import filelock  # noqa: F401
import requests  # noqa: F401

for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None  # type: ignore[assignment]
for name in ("fork", "register_at_fork", "getuid", "geteuid", "O_NOFOLLOW", "O_CLOEXEC"):
    delattr(os, name)

from flagengine.transports import Client, HostFlagCache, MemoryDefinitions, MemorySink  # noqa: E402
from flagengine.transports.batching.spool.spool import Spool  # noqa: E402
from flagengine.transports.polling.sources import host_cache  # noqa: E402

FLAG = {"key": "beta", "active": True, "filters": {"groups": [{"rollout_percentage": 100}]}}


def main(directory: Path) -> None:
    """Do what a client does with files; fail where a part of it cannot."""
    os.environ["LOCALAPPDATA"] = str(directory)
    host_cache.KEEPS_OPEN_FILES = True
    cache = HostFlagCache("phc_x")
    assert str(directory / "flagengine") in repr(cache), cache
    definitions = MemoryDefinitions({"flags": [FLAG]})
    sink = MemorySink()
    options = {"overflow": "spill", "spool_directory": directory / "spool", "max_queue_size": 2}
    client = Client(
        "phc_x", sink=sink, definitions=definitions, flag_definition_cache_provider=cache, **options
    )
    assert client.get_feature_flag("beta", "u") is True
    for number in range(10):
        client.capture("e\n", distinct_id=str(number))
    others = HostFlagCache("phc_x")
    assert cache.should_fetch_flag_definitions()
    assert not others.should_fetch_flag_definitions()
    assert (others.get_flag_definitions() or {})["flags"] == [FLAG]
    assert client.shutdown(10)
    assert others.should_fetch_flag_definitions() in {True, False}
    captured = [event.decoded()["distinct_id"] for event in sink.events if event.name == "e\n"]
    assert sorted(captured) == [str(number) for number in range(10)], captured
    two_spools(directory / "other")
    print("works")


def two_spools(directory: Path) -> None:
    """A second spool leaves the folder of the first alone, and each removes its own."""
    first, second = Spool(directory), Spool(directory)
    first.open()
    second.open()
    assert len(list(directory.iterdir())) == 2
    first.close()
    assert len(list(directory.iterdir())) == 1
    second.close()
    assert list(directory.iterdir()) == []


main(Path(sys.argv[1]))
