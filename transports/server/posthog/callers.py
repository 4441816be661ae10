"""Which runtime a caller of ``/flags`` has, if it does not say: as PostHog's server reads its headers."""

from __future__ import annotations

from re import IGNORECASE, compile  # noqa: A004 - only here
from typing import Final

from ..web.remembering import remembering
from ..web.request import Request

__all__ = ["runtime_of"]

_BROWSERS: Final = compile("Mozilla|Chrome|Safari|Firefox|Edge")
_CLIENTS: Final = compile(r"posthog-(android|ios|react-native|flutter|js)\b", IGNORECASE)
_SERVERS: Final = compile(
    r"posthog-(python|ruby|php|java|go|node|dotnet|elixir|rs)\b|python-requests|curl|flagengine",
    IGNORECASE,
)
_OF_BROWSERS: Final = (
    b"origin",
    b"referer",
    b"sec-fetch-mode",
    b"sec-fetch-site",
    b"sec-fetch-dest",
)


def runtime_of(request: Request, said: object) -> str | None:
    """Return ``client`` or ``server``; None if neither is known, or if the caller asks for all."""
    if isinstance(said, str):
        word = said.lower()
        return word if word in ("client", "server") else None
    named = _of_agent(request.header(b"user-agent") or "")
    if named is not None:
        return named
    return "client" if any(map(request.field, _OF_BROWSERS)) else None


@remembering
def _of_agent(agent: str) -> str | None:
    if _BROWSERS.search(agent) or _CLIENTS.search(agent):
        return "client"
    return "server" if _SERVERS.search(agent) else None
