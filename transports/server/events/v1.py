"""Capture v1: a result for each event, so that an SDK sends again only what was not kept.

==============  ================================================================================
result          meaning
==============  ================================================================================
``ok``          kept
``warning``     kept, but something is odd
``drop``        never kept, and not to be sent again
``retry``       not kept now, to be sent again
==============  ================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ...batching.event import Event
from ...batching.event_fields import canonical_uuid
from ...json_text import to_json
from ..web.lenient_json import json_of
from ..web.request import Request
from ..web.response import JSON_TYPE, Response
from .accepting import AGAIN, Acceptance, aside
from .codings import DamagedBodyError, TooLargeBodyError, UnknownCodingError, unpacked
from .lanes import AI, EVENTS, HISTORICAL
from .making import Receipt, event_of
from .times import moment_of
from .v1_headers import refusal, v1_headers
from .v1_messages import DroppedError, as_v0

__all__ = ["CaptureV1Endpoint"]

Result = dict[str, str]

_OK: Final[Result] = {"result": "ok"}
_RETRY: Final[Result] = {"result": "retry", "details": "not_persisted"}


class _Read(NamedTuple):
    """The events that can be kept, and what is known of each event so far, by uuid."""

    events: list[Event]
    results: dict[str, Result]


class CaptureV1Endpoint:
    """Takes events; ``is_ai`` says that they are of AI applications, and may be large."""

    def __init__(self, acceptance: Acceptance, *, is_ai: bool = False) -> None:
        self._acceptance = acceptance
        self._is_ai = is_ai

    async def __call__(self, request: Request) -> Response:
        """Answer after the events are kept."""
        given = v1_headers(request)
        project = self._acceptance.project(given.project_key)
        if project is None:
            raise refusal(401, "invalid_api_token", "The provided API token is not valid.")
        limit = self._acceptance.limit
        body = await aside(request, _body, request, limit)
        lane = EVENTS
        if self._is_ai:
            lane = AI
        elif body.get("historical_migration") is True:
            lane = HISTORICAL
        receipt = self._acceptance.receipt(request, project, given.sent_at)
        most = project.intake.max_bytes(lane)
        read = await aside(request, _read, body, given.sdk, receipt, most)
        kept = await self._acceptance.keep(project, read.events, lane)
        for event, is_kept in zip(read.events, kept, strict=True):
            if not is_kept:
                read.results[event.uuid] = _RETRY
        again = () if all(kept) else AGAIN
        repeated = (b"posthog-request-id", given.request_id.encode())
        answer = to_json({"results": read.results})
        return Response(200, answer, (JSON_TYPE, repeated, *again))


def _body(request: Request, limit: int) -> dict[str, Any]:
    coding = request.header(b"content-encoding") or ""
    try:
        text = unpacked(request.body, coding, limit=limit)
    except UnknownCodingError:
        why = "Content-Encoding must be gzip, deflate, br or zstd, and one that is installed here"
        raise refusal(415, "unsupported_encoding", why) from None
    except TooLargeBodyError:
        why = f"the body must have at most {limit:,} bytes"
        raise refusal(413, "payload_too_large", why) from None
    except DamagedBodyError:
        why = "Failed to decode request body."
        raise refusal(400, "request_decoding_error", why) from None
    if not text:
        raise refusal(400, "empty_body", "request body is empty")
    try:
        body = json_of(text)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("batch"), list):
        raise refusal(400, "request_parsing_error", "Failed to parse request body.")
    if not body["batch"]:
        raise refusal(400, "empty_batch", "request batch is empty")
    if moment_of(body.get("created_at")) is None:
        raise refusal(400, "invalid_batch", "invalid batch: created_at is not a time")
    return body


def _read(body: Mapping[str, Any], sdk: Mapping[str, str], receipt: Receipt, most: int) -> _Read:
    read = _Read([], {})
    for message in body["batch"]:
        uuid = _uuid(message)
        if uuid in read.results:
            raise refusal(400, "duplicate_event_uuid", f"duplicate event uuid: {uuid}")
        try:
            event, result = _event({**message, "uuid": uuid}, sdk, receipt, most)
        except DroppedError as reason:
            read.results[uuid] = {"result": "drop", "details": str(reason)}
        else:
            read.events.append(event)
            read.results[uuid] = result
    return read


def _event(
    message: Mapping[str, Any], sdk: Mapping[str, str], receipt: Receipt, most: int
) -> tuple[Event, Result]:
    found, warning = as_v0(message, sdk)
    event = event_of(found, receipt)
    if len(event.body) > most:
        raise DroppedError("event_too_big")
    return event, {"result": "warning", "details": warning} if warning else _OK


def _uuid(message: Any) -> str:
    """Return the uuid of an event, by which its result is named."""
    if not isinstance(message, dict):
        raise refusal(400, "request_parsing_error", "Failed to parse request body.")
    given = message.get("uuid")
    uuid = canonical_uuid(given.strip()) if isinstance(given, str) else None
    if uuid is None:
        if not given:
            raise refusal(400, "missing_event_uuid", "event submitted without a uuid")
        raise refusal(400, "invalid_event_uuid", "event submitted with an invalid uuid")
    return uuid
