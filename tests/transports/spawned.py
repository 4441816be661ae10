"""A program whose workers inherit nothing from it but what they are given.

    python spawned.py METHOD URL DIRECTORY

METHOD is a start method of ``multiprocessing``. Every worker makes a client of its own, as under
Windows, macOS and, from Python 3.14 on, Linux. The file is no test module.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from flagengine import Snapshot, evaluate_flag
from flagengine.transports import Client, HostFlagCache, fork_and_exit
from flagengine.transports.batching.spool.spool import Spool

WORKERS = 2
DEFINITIONS = {
    "flags": [{"key": "half", "active": True, "filters": {"groups": [{"rollout_percentage": 50}]}}]
}


def capture(url: str, directory: Path, number: int) -> None:
    """Use a client, and end without closing it."""
    fork_and_exit.EXIT_BUDGET = 20.0  # a busy machine may need more than a second for a request
    client = Client(
        "phc_x",
        host=url,
        secret_key="phs_x",
        wait_on_first_read=20,
        flag_definition_cache_provider=HostFlagCache("phc_x", directory=directory / "cache"),
        overflow="spill",
        spool_directory=directory / "spool",
    )
    client.capture(f"worker {number}", distinct_id=f"u{number}")
    assert client.get_feature_flag("served", "u", send_feature_flag_events=False) is True


def hold_and_die(directory: Path) -> None:
    """Take a folder of the spool and the lock of the cache, and be killed."""
    Spool(directory / "orphans").open()
    assert HostFlagCache("dead", directory=directory / "cache").should_fetch_flag_definitions()
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def answer(snapshot: Snapshot, ids: list[str]) -> tuple[list[Any], list[Any]]:
    """Evaluate a snapshot that came from the parent: one by one and as a table."""
    import pyarrow as pa  # noqa: PLC0415 - the other workers need no tables

    from flagengine.batch import evaluate_table  # noqa: PLC0415 - as above

    one_by_one = [evaluate_flag(snapshot, "half", name).value for name in ids]
    table = evaluate_table(snapshot, pa.table({"distinct_id": ids}), threads=1)
    return one_by_one, table.read_all()["half"].to_pylist()


def main(method: str, url: str, directory: Path) -> None:
    """Start workers of all kinds, and check what they leave behind."""
    context: Any = multiprocessing.get_context(method)
    workers = [
        context.Process(target=capture, args=(url, directory, number)) for number in range(WORKERS)
    ]
    killed = context.Process(target=hold_and_die, args=(directory,))
    for process in [*workers, killed]:
        process.start()
    snapshot = Snapshot.parse(DEFINITIONS)
    ids = [f"user-{number}" for number in range(100)]
    with ProcessPoolExecutor(1, context) as pool:
        one_by_one, table = pool.submit(answer, snapshot, ids).result()
    for process in [*workers, killed]:
        process.join()
    assert [process.exitcode for process in workers] == [0] * WORKERS
    assert one_by_one == table == [evaluate_flag(snapshot, "half", name).value for name in ids]
    # A later process takes what the killed one held.
    (orphan,) = (directory / "orphans").iterdir()
    heir = Spool(directory / "orphans")
    heir.open()
    assert not orphan.exists()
    heir.close()
    assert HostFlagCache("dead", directory=directory / "cache").should_fetch_flag_definitions()
    sys.stdout.write("works\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
