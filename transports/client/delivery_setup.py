"""The lanes of a client's event pipeline, built from the options: sinks, spools, limits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..batching.encodings import Encoding
from ..batching.lanes import AI_LANE, AI_NAMED_LANE, EVENTS_LANE, CaptureMode, http_lanes
from ..batching.limits import FLUSH_INTERVAL, Exhausted, LaneLimits, Overflow
from ..batching.pipeline import LaneSetup
from ..batching.sinks.http import Destination
from ..batching.sinks.memory import NullSink
from ..batching.spool.spool import Spool
from ..clock import Clock
from ..http.base import Transport
from ..option_values.texts import Word
from ..retry import EVENTS_RETRY
from .option_rules import read_compression, read_mode
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
    if not options.is_usable:
        return {EVENTS_LANE: LaneSetup(NullSink())}
    mode = options.capture_mode or _from_environment(_MODE_VARIABLE, read_mode) or CaptureMode.V0
    return http_lanes(
        transport,
        _destination(options, version),
        clock=clock,
        mode=CaptureMode(mode),
        limits=limits,
        request_timeout=options.request_timeout,
        spools=spools,
    )


def _limits(options: Options) -> LaneLimits:
    # With an interval of 0 each event is due at once, as if it filled a batch.
    is_at_once = options.flush_interval == 0
    return LaneLimits(
        flush_at=1 if is_at_once else options.flush_at,
        flush_interval=FLUSH_INTERVAL if is_at_once else options.flush_interval,
        max_batch_size=options.max_batch_size,
        max_queue_size=options.max_queue_size,
        overflow=Overflow(options.overflow),
        on_exhausted=Exhausted(options.on_exhausted),
        retry=replace(EVENTS_RETRY, max_retries=options.max_retries),
    )


def _spools(options: Options) -> Mapping[str, Spool]:
    if Overflow(options.overflow) is not Overflow.SPILL:
        return {}
    assert options.spool_directory is not None
    directory = Path(options.spool_directory)
    return {lane: Spool(directory / lane) for lane in (EVENTS_LANE, AI_LANE, AI_NAMED_LANE)}


def _destination(options: Options, version: str) -> Destination:
    return Destination(
        options.project_key,
        options.host,
        sdk=options.lib_name,
        version=version,
        extra_headers=dict(options.extra_headers),
        encoding=_encoding(options),
        historical_migration=options.historical_migration,
    )


def _encoding(options: Options) -> Encoding:
    """Return the encoding that the program asks for; what it leaves open, the environment decides."""
    if options.capture_compression:
        return Encoding(options.capture_compression)
    default = Encoding.NONE if options.gzip is False else Encoding.GZIP
    named = _from_environment(_COMPRESSION_VARIABLE, read_compression)
    if options.gzip is None and named:
        return Encoding(named)
    # The program has said whether to compress; the environment may still say how.
    both_compress = bool(options.gzip) and named not in (None, Encoding.NONE)
    return Encoding(named) if named and both_compress else default


def _from_environment(variable: str, read: Word) -> str | None:
    """Return the word in a variable of the environment; None if it is not set or blank.

    Raises:
        ValueError: the variable has an unknown word.
    """
    given = os.environ.get(variable, "").strip()
    return read(f"the environment variable {variable}", given) if given else None
