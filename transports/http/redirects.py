"""The request that follows a redirect: it keeps method and body, and credentials on the same origin."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import SplitResult, urljoin, urlsplit

from ..errors import InvalidResponseError
from .base import Request, Response
from .redaction import redact_text

__all__ = ["following"]

# 303 asks for a GET of another resource and is not followed. The others keep method and body,
# because a POST that turned into a GET would lose its events and still return 200.
_REDIRECTS = frozenset({301, 302, 307, 308})
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})
_MOST_CHARACTERS = 8192
# The characters of an address in an error message.
_SHOWN = 100


def following(request: Request, response: Response) -> Request | None:
    """Return the request that a redirect asks for; None if the response is no redirect.

    Raises:
        InvalidResponseError: the redirect leads to an address to which the request must not be sent.
    """
    location = response.header("location")
    if response.status not in _REDIRECTS or not location:
        return None
    if len(location) > _MOST_CHARACTERS:
        msg = f"a redirect's address must be at most {_MOST_CHARACTERS} characters, got more"
        raise InvalidResponseError(msg, status=response.status)
    try:
        url = urljoin(request.url, location)
        old, new = urlsplit(request.url), urlsplit(url)
        origin = _origin(new)
        wrong = _wrong(urlsplit(location), old, new)
    except ValueError as error:
        # The port is no number or out of range, or the brackets of an address do not match.
        wrong = str(error)
    if wrong is not None:
        shown = redact_text(location[:_SHOWN])
        msg = f"the redirect to {shown!r} cannot be followed: {redact_text(wrong)}"
        raise InvalidResponseError(msg, status=response.status)
    headers = request.headers
    if _origin(old) != origin:
        headers = {
            name: value for name, value in headers.items() if name.lower() not in _CREDENTIALS
        }
    return replace(request, url=url, headers=headers)


def _wrong(given: SplitResult, old: SplitResult, new: SplitResult) -> str | None:
    """Return why the request must not be sent to the new address; None if it may be."""
    if new.scheme not in {"http", "https"}:
        return f"its scheme must be http or https, got {new.scheme!r}"
    if old.scheme == "https" and new.scheme != "https":
        return "it leaves https"
    # `urljoin` completes an address that has a scheme and no host.
    if not new.hostname or (given.scheme and not given.netloc):
        return "it has no host"
    if "@" in new.netloc:
        return "it has a user name"
    return None


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname, parts.port or default
