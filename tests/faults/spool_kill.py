"""Repeated SIGKILL of a process that captures into a spool and delivers to a file.

    python tests/faults/spool_kill.py [kills]

Every uuid that ``capture`` returned must be in the file at the end. Only events of a process that
was killed between the delivery and its acknowledgement may be there twice: at most a batch per kill.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BATCH = 20
CHILD = """
import sys
from flagengine.transports.batching.limits import LaneLimits
from flagengine.transports.batching.pipeline import EventPipeline
from flagengine.transports.batching.pipeline import LaneSetup
from flagengine.transports.batching.sinks.jsonl import JsonlSink
from flagengine.transports.batching.spool.spool import Spool

folder, batch, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3]
limits = LaneLimits(overflow="spill", flush_at=batch, max_batch_size=batch, max_queue_size=50)
spool = Spool(folder + "/spool", segment_bytes=50_000)
setup = LaneSetup(JsonlSink(folder + "/out.jsonl"), limits, spool=spool)
message = {"event": "e", "distinct_id": "u", "properties": {"text": "x" * 300}}
pipeline = EventPipeline({"events": setup})
while seconds == "run":
    print(pipeline.capture(message), flush=True)
sys.exit(not pipeline.shutdown(60))
"""


def main(kills: int = 50) -> int:
    randomly = random.Random(3)
    acknowledged: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", CHILD, folder, str(BATCH)]
        for _ in range(kills):
            child = subprocess.Popen([*command, "run"], stdout=subprocess.PIPE, text=True, cwd=ROOT)
            assert child.stdout is not None
            acknowledged.append(child.stdout.readline().strip())
            time.sleep(randomly.random() * 0.1)
            child.kill()
            acknowledged += [line for line in child.stdout.read().splitlines() if len(line) == 36]
            child.wait()
        subprocess.run([*command, "drain"], check=True, cwd=ROOT)
        lines = (Path(folder) / "out.jsonl").read_text().splitlines()
        left = list((Path(folder) / "spool").iterdir())
    arrived = Counter(json.loads(line)["uuid"] for line in lines)
    lost = [uuid for uuid in acknowledged if uuid not in arrived]
    doubled = sum(count - 1 for count in arrived.values())
    print(f"{kills} kills, {len(acknowledged)} events acknowledged, {len(lost)} lost")
    print(f"{doubled} delivered twice, {kills * BATCH} are allowed; folders left: {len(left)}")
    return 0 if not lost and doubled <= kills * BATCH and not left else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
