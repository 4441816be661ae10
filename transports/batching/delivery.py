"""The meaning of a response for its batch: delivered, sent again later, split, or rejected.

Pure: responses and errors in, one ``DeliveryOutcome`` out. Nothing here knows queues or reads a
clock.

=====================================  ==========================================================
response                               meaning (PostHog's SDK specs, retry-queue)
=====================================  ==========================================================
2xx                                    delivered (for v1's per-event results see ``wire_v1``)
none, 408, 429, 5xx                    send the same batch again later
413                                    split into two halves; reject a single event
any other status                       rejected
=====================================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from ..errors import InvalidResponseError, RequestError, StatusError, TransportError
from ..http.base import Response
from ..http.redaction import redact_text
from ..printable import printable
from ..retry import is_retryable_status, parse_retry_after

__all__ = [
    "DELIVERED",
    "MAX_DETAILS",
    "DeliveryOutcome",
    "Disposition",
    "judge_error",
    "judge_status",
]

# The number of characters of a response body in an error message: enough for a sentence.
MAX_DETAILS = 200


class Disposition(Enum):
    """What to do with the batch as a whole."""

    DELIVERED = auto()
    PARTIAL = auto()
    RETRY = auto()
    SPLIT = auto()
    REJECTED = auto()


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The outcome of one attempt.

    ``retry_after`` is the server's Retry-After in seconds. With ``PARTIAL``, ``retry`` has the
    uuids of the events to send again, ``refused`` maps the uuids of refused events to the server's
    details, and all other events are delivered. Uuids are in lower case.
    """

    disposition: Disposition
    error: TransportError | None = None
    retry_after: float | None = None
    retry: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)


DELIVERED: Final = DeliveryOutcome(Disposition.DELIVERED)


def judge_error(error: TransportError) -> DeliveryOutcome:
    """Return the outcome of a request without a usable response."""
    if isinstance(error, InvalidResponseError):
        # Only the body is unusable: after a 2xx the events are delivered. Otherwise, say what is wrong.
        return judge_status(Response(error.status, body=str(error).encode()), wall=0.0)
    if isinstance(error, RequestError) and not error.is_retryable:
        return DeliveryOutcome(Disposition.REJECTED, error)
    return DeliveryOutcome(Disposition.RETRY, error)


def judge_status(response: Response, *, wall: float, not_found_hint: str = "") -> DeliveryOutcome:
    """Return the outcome that the status implies; ``not_found_hint`` explains a 404."""
    if response.is_success:
        return DELIVERED
    retry_after = parse_retry_after(response.header("retry-after"), wall=wall)
    message = not_found_hint if response.status == HTTPStatus.NOT_FOUND else ""
    error = StatusError(response.status, message or _error_text(response), retry_after=retry_after)
    if response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return DeliveryOutcome(Disposition.SPLIT, error)
    if is_retryable_status(response.status):
        return DeliveryOutcome(Disposition.RETRY, error, retry_after)
    return DeliveryOutcome(Disposition.REJECTED, error)


def _error_text(response: Response) -> str:
    """Return the server's message on one line, with keys redacted and controls written out."""
    text = response.body[: 4 * MAX_DETAILS].decode("utf-8", "replace")
    return printable(redact_text(" ".join(text.split())[:MAX_DETAILS]))
