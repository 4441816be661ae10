"""The request that follows a redirect: it keeps method and body, and credentials on the same origin."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from .base import Request, Response

__all__ = ["following"]

# 303 asks for a GET of another resource and is not followed. The others keep method and body,
# because a POST that turned into a GET would lose its events and still return 200.
_REDIRECTS = frozenset({301, 302, 307, 308})
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})


def following(request: Request, response: Response) -> Request | None:
    """Return the request that a redirect asks for; None if the response must not be followed."""
    location = response.header("location")
    if response.status not in _REDIRECTS or not location:
        return None
    url = urljoin(request.url, location)
    old, new = urlsplit(request.url), urlsplit(url)
    is_downgrade = old.scheme == "https" and new.scheme != "https"
    if is_downgrade or new.scheme not in {"http", "https"}:
        return None
    headers = request.headers
    if _origin(old) != _origin(new):
        headers = {
            name: value for name, value in headers.items() if name.lower() not in _CREDENTIALS
        }
    return Request(request.method, url, headers, request.body, request.timeout)


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname, parts.port or default
