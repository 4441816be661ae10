"""The event pipeline that a client's options describe: lanes, sinks, spools, limits.

Only translation: every number and every policy is the options' or the pipeline's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..batching.encodings import Encoding
from ..batching.lanes import AI_LANE, AI_NAMED_LANE, EVENTS_LANE, CaptureMode, http_lanes
from ..batching.limits import MAX_AI_EVENT_BYTES, Exhausted, LaneLimits, Overflow
from ..batching.setup import LaneSetup
from ..batching.sinks.memory import NullSink
from ..batching.spool.spool import Spool
from ..batching.wire import Destination
from ..clock import Clock
from ..http.base import Transport
from ..retry import EVENTS_RETRY
from .options import Options

__all__ = ["capture_mode", "lanes_of"]

_MODE_VARIABLE = "POSTHOG_CAPTURE_MODE"
_COMPRESSION_VARIABLE = "POSTHOG_CAPTURE_COMPRESSION"


def capture_mode(options: Options) -> CaptureMode:
    """Which protocol to speak.

    Raises:
        ValueError: neither v0 nor v1.
    """
    return CaptureMode(options.capture_mode or os.environ.get(_MODE_VARIABLE) or CaptureMode.V0)


def lanes_of(
    options: Options, transport: Transport, clock: Clock, *, version: str
) -> dict[str, LaneSetup]:
    """The lanes for the pipeline.

    Raises:
        ValueError: a number or a policy that makes no sense.
    """
    limits = _limits(options)
    if not options.is_usable:
        return {EVENTS_LANE: LaneSetup(NullSink(), limits)}
    if options.sink is not None:
        # A sink of the application is one sink: one lane, so that it is never called twice at once.
        large = replace(limits, max_event_bytes=MAX_AI_EVENT_BYTES)
        large = replace(large, max_batch_bytes=max(large.max_batch_bytes, MAX_AI_EVENT_BYTES))
        spools = _spools(options, [EVENTS_LANE])
        spool = spools.get(EVENTS_LANE)
        return {EVENTS_LANE: LaneSetup(options.sink, large, options.request_timeout, spool)}
    mode = capture_mode(options)
    names = [EVENTS_LANE, AI_LANE, *([AI_NAMED_LANE] if mode is CaptureMode.V1 else [])]
    return http_lanes(
        transport,
        _destination(options, version),
        clock=clock,
        mode=mode,
        limits=limits,
        request_timeout=options.request_timeout,
        spools=_spools(options, names),
    )


def _limits(options: Options) -> LaneLimits:
    return LaneLimits(
        flush_at=options.flush_at,
        flush_interval=options.flush_interval,
        max_batch_size=options.max_batch_size,
        max_queue_size=options.max_queue_size,
        overflow=Overflow(options.overflow),
        on_exhausted=Exhausted(options.on_exhausted),
        retry=replace(EVENTS_RETRY, max_retries=options.max_retries),
    )


def _spools(options: Options, lanes: list[str]) -> Mapping[str, Spool]:
    if Overflow(options.overflow) is not Overflow.SPILL:
        return {}
    if options.spool_directory is None:
        msg = 'overflow="spill" needs a spool_directory to keep events in'
        raise ValueError(msg)
    return {lane: Spool(Path(options.spool_directory) / lane) for lane in lanes}


def _destination(options: Options, version: str) -> Destination:
    named = options.capture_compression or os.environ.get(_COMPRESSION_VARIABLE)
    default = Encoding.GZIP if options.gzip else Encoding.NONE
    return Destination(
        options.project_key,
        options.host,
        sdk=options.lib_name,
        version=version,
        extra_headers=dict(options.extra_headers),
        encoding=Encoding(named.lower()) if named else default,
        historical_migration=options.historical_migration,
    )
