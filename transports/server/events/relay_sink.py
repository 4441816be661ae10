"""The judgement of a relay: what the server upstream refuses is not always the events' fault.

A client gives a batch up that the server refuses. A relay has acknowledged these events, and they came
from many clients; so it is slower to give up.

===========================  ==================================================================
answer upstream              meaning for the relay
===========================  ==================================================================
400, 422                     one of the events is bad: halve the batch until it is found, and
                             drop this event alone
401, 403, 404 and others     the relay is set up wrong, or the server: keep the events, and send
                             them again later
all others                   as for a client (see ``delivery``)
===========================  ==================================================================
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ...batching.batch import Batch
from ...batching.delivery import DeliveryOutcome, Disposition
from ...batching.sinks.base import Sink
from ...errors import StatusError

__all__ = ["RelaySink"]

_BAD_EVENT: Final = frozenset({400, 422})


class RelaySink:
    """A sink that keeps the events which the sink inside would give up for no fault of theirs."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
        """See ``Sink``, and this module's docstring."""
        outcome = self._sink.deliver(batch, timeout=timeout)
        if outcome.disposition is not Disposition.REJECTED:
            return outcome
        error = outcome.error
        if not isinstance(error, StatusError) or error.status not in _BAD_EVENT:
            return replace(outcome, disposition=Disposition.RETRY)
        if len(batch.events) > 1:
            return replace(outcome, disposition=Disposition.SPLIT)
        return outcome

    def close(self) -> None:
        """Close the sink inside."""
        self._sink.close()
