"""Batches over HTTP: a wire makes the request, a transport carries it, delivery.py judges."""

from __future__ import annotations

from ...clock import Clock, read
from ...errors import TransportError
from ...http.base import Transport
from ..batch import Batch
from ..delivery import Outcome, judge_error
from ..wire import Wire

__all__ = ["HttpSink"]


class HttpSink:
    """The transport is shared with others and stays open: whoever made it closes it."""

    def __init__(self, transport: Transport, wire: Wire, clock: Clock) -> None:
        self._transport = transport
        self._wire = wire
        self._clock = clock

    def deliver(self, batch: Batch, *, timeout: float) -> Outcome:
        """One request, one outcome."""
        request = self._wire.request(batch, now=read(self._clock), timeout=timeout)
        try:
            response = self._transport.request(request)
        except TransportError as error:
            return judge_error(error)
        return self._wire.judge(response, wall=self._clock.wall())

    def close(self) -> None:
        """Nothing of its own to close."""
