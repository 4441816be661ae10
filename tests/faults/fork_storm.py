"""Forks while events are being sent: each event is sent once, by the process that captured it.

    python tests/faults/fork_storm.py [forks]

Every request names the process that sent it, and every event names the process that captured it.
The parent captures from two threads all the time, and forks only while a request is in progress.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.transports.mock_server import Answer, MockServer  # noqa: E402 - run as a script

OF_EACH_CHILD = 3
PARENT = """
import dataclasses, os, signal, sys, threading, warnings
from flagengine.transports import Client
from flagengine.transports.http.live import LiveTransport

warnings.simplefilter("ignore", DeprecationWarning)  # this script forks with threads on purpose
url, forks, of_each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

class Signed(LiveTransport):
    under_way = threading.Event()

    def request(self, request):
        headers = {**request.headers, "X-Sender": str(os.getpid())}
        self.under_way.set()
        try:
            return super().request(dataclasses.replace(request, headers=headers))
        finally:
            self.under_way.clear()

transport = Signed()
client = Client("phc_x", host=url, transport=transport, flush_at=20, max_queue_size=100_000)

def capture(name):
    return client.capture(name, distinct_id="u", properties={"pid": os.getpid()})

stop = threading.Event()
def produce():
    while not stop.wait(0.001):
        capture("parent")
producers = [threading.Thread(target=produce) for _ in range(2)]
for each in producers: each.start()

in_flight, left_over, children = 0, [], []
for _ in range(forks):
    assert transport.under_way.wait(30)
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        # A thread of the parent may have held its lock at the fork.
        transport.under_way = threading.Event()
        inherited = client.pending_count()
        sent = [capture("child") for _ in range(of_each)]
        done = client.shutdown(30)
        os._exit(0 if done and all(sent) and inherited == 0 else 1)
    in_flight += transport.under_way.is_set()
    children.append(pid)
    if len(children) == 10:
        left_over += [os.waitpid(each, 0)[1] for each in children]
        children = []
left_over += [os.waitpid(each, 0)[1] for each in children]
stop.set()
for each in producers: each.join()
done = client.shutdown(60)
counters = client.counters()
print(__import__("json").dumps({
    "pid": os.getpid(), "accepted": counters.accepted, "delivered": counters.delivered,
    "drained": done, "in_flight": in_flight, "failed_children": sum(map(bool, left_over)),
}))
"""


def main(forks: int = 100) -> int:
    with MockServer() as server:
        server.default = Answer(delay=0.005)
        command = [sys.executable, "-c", PARENT, server.url, str(forks), str(OF_EACH_CHILD)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=600)
        seen = list(server.seen)
    totals = json.loads(done.stdout)
    sent = [
        (int(each.headers["x-sender"]), event) for each in seen for event in each.json()["batch"]
    ]
    counts = Counter(event["event"] for _, event in sent)
    twice = len(sent) - len({event["uuid"] for _, event in sent})
    strangers = sum(sender != event["properties"]["pid"] for sender, event in sent)
    checks = {
        "every child succeeded and inherited nothing": totals["failed_children"] == 0,
        "the parent's events arrived": totals["drained"]
        and counts["parent"] == totals["accepted"] == totals["delivered"],
        "the children's events arrived": counts["child"] == forks * OF_EACH_CHILD,
        "none arrived twice": twice == 0,
        "each was sent by the process that captured it": strangers == 0,
    }
    print(f"{forks} forks, {totals['in_flight']} with the request still in progress afterwards")
    print(f"{counts['parent']} events of the parent, {counts['child']} of its children")
    for check, holds in checks.items():
        print("ok  " if holds else "FAIL", check)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
