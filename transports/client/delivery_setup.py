"""The lanes of a client's event pipeline, built from the options: sinks, spools, limits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..batching.encodings import Encoding
from ..batching.lanes import AI_LANE, AI_NAMED_LANE, EVENTS_LANE, CaptureMode, http_lanes
from ..batching.limits import Exhausted, LaneLimits, Overflow
from ..batching.pipeline import LaneSetup
from ..batching.sinks.http import Destination
from ..batching.sinks.memory import NullSink
from ..batching.spool.spool import Spool
from ..clock import Clock
from ..http.base import Transport
from ..retry import EVENTS_RETRY
from .options import Options

__all__ = ["lanes_of"]

_MODE_VARIABLE = "POSTHOG_CAPTURE_MODE"
_COMPRESSION_VARIABLE = "POSTHOG_CAPTURE_COMPRESSION"


def lanes_of(
    options: Options, transport: Transport, clock: Clock, *, version: str
) -> dict[str, LaneSetup]:
    """Return the lanes for the pipeline.

    Raises:
        ValueError: an option is invalid.
    """
    limits, spools = _limits(options), _spools(options)
    if options.is_usable and options.sink is not None:
        # Only one lane, because two threads must not call an application's sink at once.
        large, spool = limits.with_ai_events(), spools.get(EVENTS_LANE)
        return {EVENTS_LANE: LaneSetup(options.sink, large, options.request_timeout, spool)}
    mode = CaptureMode(options.capture_mode or os.environ.get(_MODE_VARIABLE) or CaptureMode.V0)
    if not options.is_usable:
        return {EVENTS_LANE: LaneSetup(NullSink())}
    return http_lanes(
        transport,
        _destination(options, version),
        clock=clock,
        mode=mode,
        limits=limits,
        request_timeout=options.request_timeout,
        spools=spools,
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


def _spools(options: Options) -> Mapping[str, Spool]:
    if Overflow(options.overflow) is not Overflow.SPILL:
        return {}
    if options.spool_directory is None:
        msg = 'overflow="spill" needs a spool_directory'
        raise ValueError(msg)
    directory = Path(options.spool_directory)
    return {lane: Spool(directory / lane) for lane in (EVENTS_LANE, AI_LANE, AI_NAMED_LANE)}


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
