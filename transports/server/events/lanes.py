"""Where a project's events go: three lanes to the server upstream, each with its part of the folder on disk.

============  ==================  ================================================================
lane          sent to             events
============  ==================  ================================================================
events        /batch/             all others
historical    /batch/             sent as a historical migration, which the server treats apart
ai            /i/v0/ai/batch/     of AI applications, which may be large
============  ==================  ================================================================

Without a server upstream, events go nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ...batching.append_file import Fsync
from ...batching.limits import MIB, Exhausted, LaneLimits, Overflow, Unstored
from ...batching.pipeline import EVENTS_LANE, LaneSetup
from ...batching.sinks.base import Sink
from ...batching.sinks.http import Destination, HttpSink
from ...batching.sinks.memory import NullSink
from ...batching.spool.spool import Spool
from ...batching.wire_v0 import AI_PATH, EVENTS_PATH, WireV0
from ...clock import Clock
from ...http.base import Transport
from ...retry import RetryPolicy
from ..settings import ProjectSettings
from .relay_sink import RelaySink

__all__ = ["AI", "EVENTS", "HISTORICAL", "LIMITS", "folders_of", "lanes_of"]

EVENTS: Final = EVENTS_LANE
HISTORICAL: Final = "historical"
AI: Final = "ai"

LIMITS: Final = LaneLimits(
    flush_at=500,
    # Seconds: nobody waits for a relay's events, but those who look at a dashboard while they develop.
    flush_interval=1.0,
    # A request upstream takes about as long for many events as for few, and there is one at a time.
    max_batch_size=5_000,
    # With a folder these are in memory, and the others on disk alone.
    max_queue_size=50_000,
    max_queue_bytes=64 * MIB,
    # Never given up: what was acknowledged is sent when the server upstream is back.
    retry=RetryPolicy(max_retries=7, base_delay=0.5, max_delay=15.0, jitter=0.1),
    on_exhausted=Exhausted.RETAIN,
    retain_cooldown=15.0,
)
"""The limits of a lane; that for AI has room for larger events."""

_UPSTREAM_TIMEOUT: Final = 20.0
_PATHS: Final = {EVENTS: EVENTS_PATH, HISTORICAL: EVENTS_PATH, AI: AI_PATH}


def lanes_of(
    settings: ProjectSettings,
    transport: Transport,
    clock: Clock,
    *,
    limits: LaneLimits = LIMITS,
) -> dict[str, LaneSetup]:
    """Return the lanes of a project."""
    spools = _spools(settings)
    if spools:
        limits = replace(limits, overflow=Overflow.SPILL, on_unstored=Unstored.REFUSE)
    return {
        lane: LaneSetup(
            _sink(settings, lane, transport, clock),
            limits.with_ai_events() if lane == AI else limits,
            _UPSTREAM_TIMEOUT,
            spools.get(lane),
        )
        for lane in _PATHS
    }


def _sink(settings: ProjectSettings, lane: str, transport: Transport, clock: Clock) -> Sink:
    upstream, key = settings.upstream, settings.project_key
    if upstream is None or not upstream.takes_events or key is None:
        return NullSink()
    destination = Destination(
        key,
        upstream.host,
        sdk="flagengine-server",
        version=_version(),
        historical_migration=lane == HISTORICAL,
    )
    return RelaySink(HttpSink(transport, WireV0(destination, _PATHS[lane]), clock))


def folders_of(settings: ProjectSettings) -> list[Path]:
    """Return the folders in which a project keeps its events: one for each lane, none if it keeps them in memory.

    Each project has a folder of its own in the folder, so that no event gets into another project.
    """
    upstream, folder, key = settings.upstream, settings.events, settings.project_key
    if upstream is None or not upstream.takes_events or folder is None or key is None:
        return []
    return [folder / _folder_name(key) / lane for lane in _PATHS]


def _spools(settings: ProjectSettings) -> Mapping[str, Spool]:
    """Return the spool of each lane of a project that has a folder and passes events on; otherwise none."""
    fsync = Fsync.ALWAYS if settings.spool_fsync else Fsync.NEVER
    return {
        folder.name: Spool(folder, max_bytes=settings.max_spool_bytes, fsync=fsync)
        for folder in folders_of(settings)
    }


def _folder_name(project_key: str) -> str:
    return hashlib.blake2b(project_key.encode(), digest_size=8).hexdigest()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - 20 ms

    try:
        return version("flagengine")
    except PackageNotFoundError:
        return "0"
