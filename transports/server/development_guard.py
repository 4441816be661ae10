"""Who may use what a server for development has for the person who runs it: the one place that decides it.

SDKs may be called from every page and by every name, but definitions with all their conditions and what people do
are for whoever runs the server. Programs that are no browser may read everything anyway; a browser also runs the
pages of others, and says which page asks (``Origin``, ``Sec-Fetch-Site``) and by which name (``Host``).

==========================  ============================  ====================
address                     its name must be allowed      only its own pages
==========================  ============================  ====================
``/``                       yes                           no: it may be a link
``/_control``               yes                           no: it has a key
``/_health``, ``/_ready``   no: probes use any name       no
any other ``/_``            yes                           yes
what opens to secret keys   no: SDKs on other machines    yes: no page has one
all else, for SDKs          no                            no
==========================  ============================  ====================
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from .web.hosts import AllowedHosts, host_name
from .web.request import Request
from .web.response import Refused, text_response
from .web.routes import Answer, Endpoint, Route

__all__ = ["DevelopmentGuard"]

_PAGE: Final = "/"
_INSIDE: Final = "/_"
_WITH_KEY: Final = "/_control/"
_FOR_PROBES: Final = ("/_health", "/_ready")
# With all conditions. A server for development may take any secret key, so a page could make one up.
_DEFINITIONS: Final = (
    "/flags/definitions",
    "/api/feature_flag/",
    "/api/projects/",
    "/openfeature/",
)
_OWN_SITES: Final = (None, "same-origin", "none")


class DevelopmentGuard:
    """The guard of a server for development.

    Args:
        hosts: the names that it may be asked by.
    """

    def __init__(self, hosts: AllowedHosts) -> None:
        self._hosts = hosts

    def guarded(self, route: Route) -> Route:
        """Return a route whose endpoint is only asked by those who may; a route for everybody as it is."""
        path = route.path
        is_inside = path not in _FOR_PROBES and (path == _PAGE or path.startswith(_INSIDE))
        is_open = path == _PAGE or path.startswith(_WITH_KEY)
        is_for_own_pages = (is_inside and not is_open) or path.startswith(_DEFINITIONS)
        if not (is_inside or is_for_own_pages):
            return route
        endpoint: Endpoint = route.endpoint

        def guarded(request: Request) -> Answer | Awaitable[Answer]:
            if is_inside:
                self._check_name(request)
            if is_for_own_pages:
                _check_page(request)
            return endpoint(request)

        return replace(route, endpoint=guarded)

    def _check_name(self, request: Request) -> None:
        host = request.header(b"host")
        if host is not None and not self._hosts.allow(host):
            raise _refused(
                f"this server is not known to be {host_name(host)!r:.100}: "
                "to use it by this name, add the name to allowed_hosts (--allowed-host)"
            )


def _check_page(request: Request) -> None:
    origin = request.header(b"origin")
    is_own = request.header(b"sec-fetch-site") in _OWN_SITES
    if origin is not None and _place_of(origin) != request.header(b"host"):
        is_own = False
    if not is_own:
        raise _refused(
            "only the pages of this server itself may read this, not those of other sites"
        )


def _place_of(origin: str) -> str:
    """Return the host and port of an origin; "" if it is no address, as ``null``."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _refused(message: str) -> Refused:
    return Refused(text_response(message, HTTPStatus.FORBIDDEN))
