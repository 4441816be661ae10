"""Capture v0: one answer for all events of a request, and the same words as PostHog's server has.

Either all events of a request are taken or none is acknowledged, because the answer cannot tell them apart.
After 200 nothing is sent again; after 503 SDKs send all events again, also those that were kept, whose
uuids then arrive twice, and count once.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from ...batching.event import Event
from ..web.request import Request
from ..web.response import (
    JSON_TYPE,
    Refused,
    Response,
    no_content,
    text_response,
)
from .accepting import AGAIN, Acceptance, aside
from .batches import SentBatch, batch_of, unauthorized
from .bodies import sent_value
from .lanes import AI, EVENTS, HISTORICAL
from .making import InvalidMessageError, Receipt, event_of

__all__ = ["CaptureEndpoint", "accepted"]

_OK: Final = Response(200, b'{"status":"Ok"}', (JSON_TYPE,))
_NOT_KEPT: Final = "the events cannot be kept now; send them again later"
_IDENTIFY: Final = "$identify"


def accepted(request: Request) -> Response:
    """Return the answer to events that are accepted.

    posthog-js sends again after any status but 200; ``beacon=1`` says that nobody reads the answer.
    """
    return no_content() if request.query.get("beacon") == "1" else _OK


class CaptureEndpoint:
    """Takes events.

    Args:
        acceptance: accepts them.
        is_ai: whether they are of AI applications, and may be large.
        default_name: the name of events without one; "" refuses them.
    """

    def __init__(
        self, acceptance: Acceptance, *, is_ai: bool = False, default_name: str = ""
    ) -> None:
        self._acceptance = acceptance
        self._is_ai = is_ai
        self._default_name = default_name

    async def __call__(self, request: Request) -> Response:
        """Answer after all events are kept."""
        value = await aside(request, sent_value, request, limit=self._acceptance.limit)
        batch = batch_of(request, value)
        project = self._acceptance.project(batch.project_key)
        if project is None:
            raise unauthorized("API key is not valid: there is no project with this key")
        lane = AI if self._is_ai else HISTORICAL if batch.is_historical else EVENTS
        receipt = self._acceptance.receipt(request, project, batch.sent_at, self._default_name)
        events = await aside(request, _events, batch, receipt, project.intake.max_bytes(lane))
        kept = await self._acceptance.keep(project, events, lane)
        if not all(kept):
            return text_response(_NOT_KEPT, HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
        return accepted(request)


def _events(batch: SentBatch, receipt: Receipt, most: int) -> list[Event]:
    try:
        events = [event_of(message, receipt) for message in batch.messages]
    except InvalidMessageError as error:
        raise Refused(text_response(str(error), HTTPStatus.BAD_REQUEST)) from None
    for event in events:
        if len(event.body) > most:
            message = f"an event must have at most {most:,} bytes, got {len(event.body):,}"
            raise Refused(text_response(message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
    return events
