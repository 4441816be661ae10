"""A process that is killed while it puts events into a spool, and what the next process must find."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from flagengine.transports.batching.sinks.memory import MemorySink

from .support import Bench

__all__ = ["acknowledged_before_its_death", "assert_nothing_is_lost"]

_UUID = 36


def acknowledged_before_its_death(program: str, folder: Path, lines: int) -> list[str]:
    """Run a program that prints the uuid of each event that it has kept; kill it after so many lines.

    Returns all uuids that it has printed by then, without a line that it could not finish.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        printed = [child.stdout.readline().strip() for _ in range(lines)]
        child.kill()
        printed += child.stdout.read().splitlines()
    return [uuid for uuid in printed if len(uuid) == _UUID]


def assert_nothing_is_lost(
    acknowledged: Sequence[str], bench: Bench, sink: MemorySink, *, most_more: int
) -> None:
    """Check that the next process delivers these events to the sink in order, each once.

    Of one more step the killed process may have written ``most_more`` events, or a part of one.
    """
    was_cut = not bench.pipeline.flush()
    found = [event.uuid for event in sink.events]
    assert len(set(found)) == len(found)
    assert found[: len(acknowledged)] == acknowledged
    assert bench.pipeline.counters().damaged == was_cut
    assert len(found) - len(acknowledged) + was_cut <= most_more
