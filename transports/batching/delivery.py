"""What an answer means for a batch: delivered, sent again later, split, or refused for good.

Pure: responses and errors in, one ``Outcome`` out. Nothing here knows of queues or of time passing.

=====================================  ==========================================================
answer                                 meaning (retry-queue contract)
=====================================  ==========================================================
2xx                                    delivered
no answer, 408, 429, 5xx               the same batch again, later
413                                    two halves; an event alone is refused
any other status                       refused
v1, 200 with per-event results         ``retry`` again; ``drop`` and ``limited`` refused; others,
                                       unknown ones included, delivered
=====================================  ==========================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from ..errors import InvalidResponseError, RequestError, StatusError, TransportError
from ..http.base import Response
from ..http.redaction import redact_text
from ..retry import is_retryable_status, parse_retry_after

__all__ = ["DELIVERED", "Outcome", "Verdict", "judge_error", "judge_status", "judge_v0", "judge_v1"]

# So much of an error's body goes into the message: enough for a server's sentence.
_MAX_MESSAGE = 200
# Capture v1 results that are final and mean that the event was not kept.
_REFUSED_RESULTS = frozenset({"drop", "limited"})
_RETRY_RESULT = "retry"
_V1_HINT = "the host may not speak capture v1: try capture_mode='v0'"


class Verdict(Enum):
    """What to do with the batch as a whole."""

    DELIVERED = auto()
    PARTIAL = auto()
    RETRY = auto()
    SPLIT = auto()
    REJECTED = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one try.

    ``retry_after`` is the server's wish in seconds. With ``PARTIAL``, ``retry`` holds the uuids to
    send again and ``refused`` those that never will be, with the server's words; the rest is
    delivered. Uuids are in lower case.
    """

    verdict: Verdict
    error: TransportError | None = None
    retry_after: float | None = None
    retry: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)


DELIVERED: Final = Outcome(Verdict.DELIVERED)


def judge_error(error: TransportError) -> Outcome:
    """The outcome of a request that brought no usable answer."""
    if isinstance(error, InvalidResponseError):
        # The status did arrive, only the body is of no use: a 2xx was taken.
        return judge_status(Response(error.status), wall=0.0)
    if isinstance(error, RequestError) and not error.is_retryable:
        return Outcome(Verdict.REJECTED, error)
    return Outcome(Verdict.RETRY, error)


def judge_v0(response: Response, *, wall: float) -> Outcome:
    """Capture v0: the status alone decides."""
    return judge_status(response, wall=wall)


def judge_v1(response: Response, *, wall: float) -> Outcome:
    """Capture v1: a 200 answers for each event by itself."""
    if not response.is_success:
        return judge_status(response, wall=wall, not_found_hint=_V1_HINT)
    results = _read_results(response.body)
    retry = frozenset(uuid for uuid, (result, _) in results.items() if result == _RETRY_RESULT)
    refused = {
        uuid: f"{result}: {details}" if details else result
        for uuid, (result, details) in results.items()
        if result in _REFUSED_RESULTS
    }
    if not retry and not refused:
        return DELIVERED
    return Outcome(
        Verdict.PARTIAL,
        StatusError(response.status, "the server took only a part of the batch"),
        parse_retry_after(response.header("retry-after"), wall=wall),
        retry,
        refused,
    )


def judge_status(response: Response, *, wall: float, not_found_hint: str = "") -> Outcome:
    """The outcome that the status alone gives."""
    if response.is_success:
        return DELIVERED
    retry_after = parse_retry_after(response.header("retry-after"), wall=wall)
    message = not_found_hint if response.status == HTTPStatus.NOT_FOUND else ""
    error = StatusError(response.status, message or _error_text(response), retry_after=retry_after)
    if response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Outcome(Verdict.SPLIT, error)
    if is_retryable_status(response.status):
        return Outcome(Verdict.RETRY, error, retry_after)
    return Outcome(Verdict.REJECTED, error)


def _read_results(body: bytes) -> dict[str, tuple[str, str]]:
    """Results and details by uuid. A 2xx body that cannot be read gives none: all delivered."""
    try:
        results = json.loads(body)["results"]
        return {str(uuid).lower(): _read_result(entry) for uuid, entry in results.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _read_result(entry: object) -> tuple[str, str]:
    if not isinstance(entry, Mapping):
        return "", ""
    return str(entry.get("result", "")), str(entry.get("details") or "")[:_MAX_MESSAGE]


def _error_text(response: Response) -> str:
    """The server's own sentence on one line, keys hidden."""
    text = response.body[: 4 * _MAX_MESSAGE].decode("utf-8", "replace")
    return redact_text(" ".join(text.split())[:_MAX_MESSAGE])
