"""A program that forks workers as a pre-forking server does, each with a loader of its own.

    python workers.py URL DIRECTORY COUNT

Each worker prints the keys that it loaded, and then waits for the end of its standard input.
"""

from __future__ import annotations

import os
import sys

from flagengine.transports.http.live import LiveTransport
from flagengine.transports.polling import DefinitionLoader
from flagengine.transports.polling.sources import HostFlagCache, HttpDefinitions


def work(url: str, directory: str) -> None:
    source = HttpDefinitions(LiveTransport(), host=url, project_key="phc_k", secret_key="phs_s")
    loader = DefinitionLoader(source, cache=HostFlagCache("phc_k", directory=directory))
    os.write(1, b"started\n")
    loader.tick()
    snapshot = loader.current.snapshot
    keys = [] if snapshot is None else list(snapshot.flags)
    os.write(1, f"{','.join(keys)}\n".encode())
    sys.stdin.read()


def main() -> None:
    url, directory, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    for _ in range(count - 1):
        if os.fork() == 0:
            break
    work(url, directory)


main()
