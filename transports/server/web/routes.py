"""Routes: which endpoint answers a path. With and without a slash at the end, and never by a redirect.

Browsers and SDKs lose the body of a redirected POST, and addresses with a slash at their end make paths with
two of them; so every such path leads to the same endpoint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from re import Pattern, compile, sub  # noqa: A004 - only here
from typing import Final, TypeAlias
from urllib.parse import unquote

from .request import Request
from .response import Response, Streamed

__all__ = ["Answer", "Endpoint", "Route", "Routes", "clean_path"]

Answer: TypeAlias = Response | Streamed
Endpoint: TypeAlias = Callable[[Request], Answer | Awaitable[Answer]]

READ: Final = ("GET", "HEAD")
SMALL: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """A route.

    Attributes:
        path: such as ``/flags/definitions``, or with places such as ``/array/{token}/config``; a place ends at
            a slash, except ``{key:path}``, which takes the rest.
        endpoint: answers; a coroutine function may wait, any other must answer at once.
        methods: the methods that the endpoint answers; OPTIONS is answered for it.
        max_body: the most bytes of a body, before decompression.
        name: what metrics and logs call the route; by default its path.
    """

    path: str
    endpoint: Endpoint
    methods: tuple[str, ...] = READ
    max_body: int = SMALL
    name: str = ""

    @property
    def label(self) -> str:
        """What metrics and logs call the route."""
        return self.name or self.path

    @property
    def allowed(self) -> str:
        """The methods as the header ``Allow`` lists them."""
        return ", ".join((*self.methods, "OPTIONS"))


class Routes:
    """All routes: those without places are found by one look-up, the others in their order."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._whole: dict[str, Route] = {}
        self._open: list[tuple[Pattern[str], Route]] = []
        for route in routes:
            if "{" in route.path:
                self._open.append((_pattern(route.path), route))
            elif self._whole.setdefault(route.path, route) is not route:
                msg = f"the path {route.path} has two endpoints"
                raise ValueError(msg)

    def find(self, path: str) -> tuple[Route, tuple[str, ...]] | None:
        """Return the route of a clean path, with what stands in its places."""
        route = self._whole.get(path)
        if route is not None:
            return route, ()
        for pattern, each in self._open:
            found = pattern.fullmatch(path)
            if found is not None:
                return each, tuple(map(unquote, found.groups()))
        return None


def clean_path(path: str) -> str:
    """Return a path with single slashes and none at its end.

    >>> clean_path("//flags/"), clean_path("/"), clean_path("")
    ('/flags', '/', '/')
    """
    if "//" in path:
        path = sub("/{2,}", "/", path)
    return path.rstrip("/") or "/"


def _pattern(path: str) -> Pattern[str]:
    parts = [part for part in path.split("/") if part]
    return compile("".join(f"/{_part(part)}" for part in parts))


def _part(part: str) -> str:
    if not part.startswith("{"):
        return part.replace(".", r"\.")
    return "(.+)" if part.endswith(":path}") else "([^/]+)"
