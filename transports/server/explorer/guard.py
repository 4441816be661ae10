"""Who may read what the page reads: the page itself, not a page of another site in the same browser.

SDKs may be called from every origin, but definitions with all their conditions are for whoever runs the server.
A browser names the page that asks; programs that are no browser may read everything anyway.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from ..web.request import Request
from .person import refused

__all__ = ["check_origin"]

_OWN_SITES: Final = (None, "same-origin", "none")


def check_origin(request: Request) -> None:
    """Do nothing for a request of the page.

    Raises:
        Refused: a page of another origin asks (403).
    """
    origin = request.header(b"origin")
    is_own = request.header(b"sec-fetch-site") in _OWN_SITES
    if origin is not None and urlsplit(origin).netloc != request.header(b"host"):
        is_own = False
    if not is_own:
        raise refused("only the page of this server may read this", 403)
