"""Definitions that change under threads that read them through a client.

    python tests/faults/changing_definitions.py [changes] [readers]

In snapshot number n every flag has the value ``vn`` and the payload n. So all flags of an answer must
have the same n. It must not be older than the snapshot published before the call, nor newer than the
last snapshot whose publication had begun when the call ended.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flagengine.transports import Client, MemoryDefinitions, NullSink
from tests.faults.numbered import numbered

FLAGS = 10
KEYS = [f"flag-{number}" for number in range(FLAGS)]


class Readers:
    """Threads that read all flags repeatedly, and count inconsistent answers."""

    def __init__(self, client: Client, count: int) -> None:
        self.begun = self.published = 0
        self.answers: Counter[int] = Counter()
        self.torn = self.out_of_time = 0
        self._client = client
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._read) for _ in range(count)]

    def start(self) -> None:
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        self._stop.set()
        for each in self._threads:
            each.join()

    def _read(self) -> None:
        while not self._stop.is_set():
            earliest = self.published
            both = self._client.get_all_flags_and_payloads("user-1")
            latest = self.begun
            self._note(both, earliest, latest)

    def _note(self, both: Any, earliest: int, latest: int) -> None:
        numbers = set(both["feature_flag_payloads"].values())
        values = set(both["feature_flags"].values())
        number = next(iter(numbers), -1)
        whole = len(both["feature_flags"]) == FLAGS and values == {f"v{number}"}
        with self._lock:
            self.answers[number] += 1
            self.torn += not (whole and len(numbers) == 1)
            self.out_of_time += not earliest <= number <= latest


def main(changes: int = 1_000, count: int = 8) -> int:
    # Frequent thread switches make a torn answer likely to be seen.
    sys.setswitchinterval(1e-5)
    source = MemoryDefinitions(numbered(0, KEYS))
    client = Client(definitions=source, sink=NullSink(), send_feature_flag_event=False)
    assert client.wait_for_local_evaluation_ready(10)
    readers = Readers(client, count)
    readers.start()
    started = time.perf_counter()
    for number in range(1, changes + 1):
        readers.begun = number
        source.replace(numbered(number, KEYS))
        client.reload_feature_flags()
        readers.published = number
    seconds = time.perf_counter() - started
    readers.stop()
    final = client.get_feature_flag("flag-0", "user-1")
    client.shutdown()
    total = readers.answers.total()
    print(
        f"{changes} changes in {seconds:.1f} s, {count} readers, {total} answers of {FLAGS} flags"
    )
    print(f"from {len(readers.answers)} different snapshots")
    print(f"torn: {readers.torn}, older or newer than published: {readers.out_of_time}")
    is_fine = not readers.torn and not readers.out_of_time and final == f"v{changes}"
    return 0 if is_fine and total else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
