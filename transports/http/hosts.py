"""The base URL of a configured host (http-client contract)."""

from __future__ import annotations

__all__ = ["DEFAULT_HOST", "base_url"]

DEFAULT_HOST = "https://us.i.posthog.com"

# The hosts of the web application, which people paste by mistake, with their ingestion hosts.
_INGESTION_HOSTS = {
    "app.posthog.com": DEFAULT_HOST,
    "us.posthog.com": DEFAULT_HOST,
    "eu.posthog.com": "https://eu.i.posthog.com",
}


def base_url(host: str | None) -> str:
    """Return the base URL without a trailing slash; leave the URLs of other hosts unchanged.

    >>> base_url("https://eu.posthog.com/"), base_url(" "), base_url("http://localhost:8000/ph/")
    ('https://eu.i.posthog.com', 'https://us.i.posthog.com', 'http://localhost:8000/ph')
    """
    given = (host or "").strip().rstrip("/")
    if not given:
        return DEFAULT_HOST
    bare = given.removeprefix("https://").removeprefix("http://").lower()
    return _INGESTION_HOSTS.get(bare, given)
