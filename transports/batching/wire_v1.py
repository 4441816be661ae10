"""Capture v1: ``POST /i/v1/analytics/events`` with the key in a header, and a result per event.

Some properties of the captured event move to its root (``_SENTINELS``, ``_LIFTED``) or are left
out (``_FROM_HEADER``); root keys of older SDKs move into the properties.

=========================  =======================================================================
result of an event         meaning
=========================  =======================================================================
``retry``                  sent again
``drop``, ``limited``      refused
any other, or no result    delivered
=========================  =======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..clock import ClockReading
from ..errors import StatusError
from ..http.base import Request, Response
from ..json_text import read_json, to_json
from ..printable import printable
from ..retry import parse_retry_after
from .batch import Batch
from .delivery import DELIVERED, MAX_DETAILS, DeliveryOutcome, Disposition, judge_status
from .event import LEGACY_ROOT_KEYS, Event
from .event_fields import format_utc
from .sinks.http import Destination

__all__ = ["EVENTS_PATH", "WireV1", "to_v1"]

EVENTS_PATH = "/i/v1/analytics/events"

_NOT_FOUND_HINT = "the host may not speak capture v1: try capture_mode='v0'"
# Results of events that the server refused for good.
_REFUSED_RESULTS = frozenset({"drop", "limited"})
# Fields that must be text or absent: with another type, the server would fail the whole batch.
_LIFTED = {"$session_id": "session_id", "$window_id": "window_id"}
# The server sets these properties from the header PostHog-Sdk-Info.
_FROM_HEADER = ("$lib", "$lib_version")
_TRUE_WORDS = frozenset({"true", "1"})
_FALSE_WORDS = frozenset({"false", "0"})


@dataclass(frozen=True, slots=True)
class WireV1:
    """The v1 protocol. Each attempt has a new timestamp, the batch's request id and ``created_at``."""

    destination: Destination
    path: str = EVENTS_PATH

    def request(self, batch: Batch, *, now: ClockReading, timeout: float) -> Request:
        """See ``Wire.request``."""
        body: dict[str, object] = {
            "created_at": format_utc(batch.created_at),
            "batch": [to_v1(event) for event in batch.events],
        }
        if self.destination.historical_migration:
            body["historical_migration"] = True
        headers = {
            "Authorization": f"Bearer {self.destination.api_key}",
            "PostHog-Sdk-Info": self.destination.user_agent,
            "PostHog-Attempt": str(batch.attempt),
            "PostHog-Request-Id": batch.request_id,
            "PostHog-Request-Timestamp": format_utc(now.wall),
        }
        return self.destination.post(self.path, to_json(body), headers=headers, timeout=timeout)

    def judge(self, response: Response, *, wall: float) -> DeliveryOutcome:
        """See ``Wire.judge``: the body of a 2xx has a result for each event."""
        if not response.is_success:
            return judge_status(response, wall=wall, not_found_hint=_NOT_FOUND_HINT)
        results = _read_results(response.body)
        retry = frozenset(uuid for uuid, (result, _) in results.items() if result == "retry")
        refused = {
            uuid: f"{result}: {details}" if details else result
            for uuid, (result, details) in results.items()
            if result in _REFUSED_RESULTS
        }
        if not retry and not refused:
            return DELIVERED
        return DeliveryOutcome(
            Disposition.PARTIAL,
            StatusError(response.status, "the server accepted only a part of the batch"),
            parse_retry_after(response.header("retry-after"), wall=wall),
            retry,
            refused,
        )


def _read_results(body: bytes) -> dict[str, tuple[str, str]]:
    """Return results and details by uuid; an empty dict (all delivered) if the body is unreadable."""
    try:
        results = read_json(body)["results"]
        return {str(uuid).lower(): _read_result(entry) for uuid, entry in results.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _read_result(entry: object) -> tuple[str, str]:
    if not isinstance(entry, Mapping):
        return "", ""
    details = printable(str(entry.get("details") or "")[:MAX_DETAILS])
    return printable(str(entry.get("result", ""))), details


def to_v1(event: Event) -> dict[str, object]:
    """Return the event in the form of v1."""
    envelope = event.decoded()
    properties = _properties(envelope)
    for name in _FROM_HEADER:
        properties.pop(name, None)
    options = _take_options(properties)
    lifted = _take_lifted(properties)
    shaped = {name: envelope[name] for name in ("event", "uuid", "distinct_id", "timestamp")}
    if options:
        shaped["options"] = options
    return {**shaped, **lifted, "properties": properties}


def _properties(envelope: dict[str, object]) -> dict[str, object]:
    given = envelope.get("properties")
    properties: dict[str, object] = dict(given) if isinstance(given, dict) else {}
    for name in LEGACY_ROOT_KEYS:
        if name in envelope:
            properties[name] = _merged(properties.get(name), envelope[name])
    return properties


def _merged(inner: object, root: object) -> object:
    if isinstance(inner, dict) and isinstance(root, dict):
        return {**inner, **root}
    return root


def _take_options(properties: dict[str, object]) -> dict[str, object]:
    """Remove the sentinel properties; return those with a valid value as options."""
    options: dict[str, object] = {}
    for name, (option, read) in _SENTINELS.items():
        if name in properties:
            value = read(properties.pop(name))
            if value is not None:
                options[option] = value
    return options


def _take_lifted(properties: dict[str, object]) -> dict[str, object]:
    taken = {field: properties.pop(name, None) for name, field in _LIFTED.items()}
    return {field: value for field, value in taken.items() if isinstance(value, str)}


def _read_bool(value: object) -> bool | None:
    word = str(value).strip().lower()
    if word in _TRUE_WORDS:
        return True
    return False if word in _FALSE_WORDS else None


def _read_text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


_SENTINELS: dict[str, tuple[str, Callable[[object], object]]] = {
    "$cookieless_mode": ("cookieless_mode", _read_bool),
    "$ignore_sent_at": ("disable_skew_correction", _read_bool),
    "$process_person_profile": ("process_person_profile", _read_bool),
    "$product_tour_id": ("product_tour_id", _read_text),
}
