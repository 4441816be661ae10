"""The errors of PostHog's server, in its words and forms: SDKs and their users know them."""

from __future__ import annotations

from ..web.response import Refused, json_response, text_response

__all__ = [
    "invalid_project_key",
    "invalid_secret_key",
    "no_credentials",
    "no_project_key",
    "not_loaded",
    "too_many_requests",
]


def _refusal(status: int, kind: str, code: str, detail: str) -> Refused:
    body = {"type": kind, "code": code, "detail": detail, "attr": None}
    return Refused(json_response(body, status))


def no_project_key() -> Refused:
    """Return the refusal of a request that names no project."""
    detail = "No API token provided. Please include a valid API token in your request."
    return _refusal(401, "authentication_error", "not_authenticated", detail)


def invalid_project_key() -> Refused:
    """Return the refusal of an unknown project key."""
    detail = (
        "The provided API key is invalid or has expired. Please check your API key and try again."
    )
    return _refusal(401, "authentication_error", "authentication_failed", detail)


def no_credentials() -> Refused:
    """Return the refusal of a request without a secret key."""
    detail = "Authentication credentials were not provided."
    return _refusal(401, "authentication_error", "not_authenticated", detail)


def invalid_secret_key() -> Refused:
    """Return the refusal of a wrong secret key."""
    detail = "Secret API token is invalid."
    return _refusal(401, "authentication_error", "authentication_failed", detail)


def too_many_requests(seconds: int) -> Refused:
    """Return the refusal of a request beyond the limit, to be sent again after ``seconds``."""
    body = {
        "type": "validation_error",
        "code": "rate_limit_exceeded",
        "detail": "Rate limit exceeded",
        "attr": None,
    }
    return Refused(json_response(body, 429, ((b"retry-after", b"%d" % seconds),)))


def not_loaded() -> Refused:
    """Return the refusal of whatever needs definitions while none are loaded.

    Not 401, which makes SDKs drop the flags that they have.
    """
    return Refused(text_response("no flag definitions are loaded", 503, ((b"retry-after", b"1"),)))
