"""ETags in requests, read leniently: proxies weaken them, and some SDKs lose the quotes."""

from __future__ import annotations

__all__ = ["is_named"]


def is_named(header: str | None, etag: str) -> bool:
    """Return whether ``If-None-Match`` names an ETag, given without quotes.

    >>> is_named('W/"a", "b"', "b"), is_named("b", "b"), is_named("*", "b"), is_named('"c"', "b")
    (True, True, True, False)
    """
    if header is None:
        return False
    return any(_bare(each) in (etag, "*") for each in header.split(","))


def _bare(text: str) -> str:
    return text.strip().removeprefix("W/").strip('"')
