"""The headers of capture v1: all are required, and checked before the body is looked at."""

from __future__ import annotations

from typing import NamedTuple

from ...batching.event_fields import canonical_uuid
from ...json_text import to_json
from ..web.request import Request
from ..web.response import JSON_TYPE, Headers, Refused, Response
from .times import moment_of

__all__ = ["V1Headers", "refusal", "v1_headers"]

_REQUIRED = (
    "PostHog-Sdk-Info",
    "PostHog-Attempt",
    "PostHog-Request-Id",
    "PostHog-Request-Timestamp",
    "Content-Type",
    "User-Agent",
)
_LONGEST_SDK_INFO = 200


class V1Headers(NamedTuple):
    """What the headers say.

    Attributes:
        project_key: names the project.
        request_id: a UUID, which the answer repeats.
        sent_at: when the request was sent by the sender's clock, in seconds since 1970.
        sdk: the properties ``$lib`` and ``$lib_version``, if the header has both.
    """

    project_key: str
    request_id: str
    sent_at: float
    sdk: dict[str, str]


def refusal(status: int, error: str, description: str, headers: Headers = ()) -> Refused:
    """Return a refusal in the form of capture v1."""
    body = {
        "error": error,
        "error_description": description,
        "error_uri": "https://posthog.com/docs/api",
    }
    return Refused(Response(status, to_json(body), (JSON_TYPE, *headers)))


def v1_headers(request: Request) -> V1Headers:
    """Return what a request's headers say.

    Raises:
        Refused: there is no key (401), a header is missing or invalid (400), or the body is no JSON (415).
    """
    found = {name: request.header(name.lower().encode()) for name in _REQUIRED}
    if request.header(b"authorization") is None:
        raise refusal(401, "missing_authorization", "the Authorization header is missing")
    missing = [name for name, value in found.items() if value is None]
    if missing:
        names = ", ".join(missing)
        why = f"request is missing required headers: {names}"
        raise refusal(400, "missing_required_headers", why)
    project_key = request.bearer
    if project_key is None:
        raise _invalid("Authorization must be 'Bearer' with the project key")
    kind = (found["Content-Type"] or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        why = "Content-Type must be application/json"
        raise refusal(415, "unsupported_content_type", why)
    request_id = canonical_uuid(found["PostHog-Request-Id"])
    if request_id is None:
        raise _invalid("PostHog-Request-Id must be a UUID")
    attempt = found["PostHog-Attempt"] or ""
    if not (attempt.isascii() and attempt.isdecimal() and attempt.strip("0")):
        raise _invalid("PostHog-Attempt must be a positive integer")
    sent_at = moment_of(found["PostHog-Request-Timestamp"])
    if sent_at is None:
        raise _invalid("PostHog-Request-Timestamp must be a time such as 2026-01-02T03:04:05Z")
    return V1Headers(project_key, request_id, sent_at, _sdk(found["PostHog-Sdk-Info"] or ""))


def _invalid(why: str) -> Refused:
    return refusal(400, "invalid_header_value", f"invalid header value: {why}")


def _sdk(info: str) -> dict[str, str]:
    name, _, version = info.rpartition("/")
    name, version = name.strip(), version.strip()
    if not name or not version or len(info) > _LONGEST_SDK_INFO:
        return {}
    return {"$lib": name, "$lib_version": version}
