"""A request as endpoints see it: the path, query, headers and body. Nothing here trusts its content."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

__all__ = ["Request"]

_MOST_PARAMETERS: Final = 100


class Request:
    """A request whose body has been read.

    Attributes:
        method: such as ``POST``.
        path: without the prefix that the server is mounted under, with single slashes and none at the end.
        arguments: the parts of the path that its route leaves open, percent-decoded.
        headers: name and value as bytes, names in small letters.
        body: as it came, at most as long as the route allows.
        client: the address of the client, or None; behind a trusted proxy, the address that it names.
        prefix: the path that the server is mounted under, without a slash at the end; "" for none.
    """

    __slots__ = (
        "_query",
        "arguments",
        "body",
        "client",
        "headers",
        "method",
        "path",
        "prefix",
        "query_string",
    )

    def __init__(
        self,
        method: str,
        path: str,
        *,
        query_string: bytes = b"",
        headers: list[tuple[bytes, bytes]] | None = None,
        body: bytes = b"",
        client: str | None = None,
        arguments: tuple[str, ...] = (),
        prefix: str = "",
    ) -> None:
        self.method: str = method
        self.path: str = path
        self.query_string: bytes = query_string
        self.headers: list[tuple[bytes, bytes]] = headers or []
        self.body: bytes = body
        self.client: str | None = client
        self.arguments: tuple[str, ...] = arguments
        self.prefix: str = prefix
        self._query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; one without a value is ``""``, and of several of a name the first counts."""
        if self._query is None:
            self._query = _parsed(self.query_string)
        return self._query

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, whose name is in small letters; None without it."""
        for known, value in self.headers:
            if known == name:
                return value.decode("latin-1")
        return None

    @property
    def bearer(self) -> str | None:
        """The credential of ``Authorization: Bearer``; None without one."""
        kind, _, credential = (self.header(b"authorization") or "").partition(" ")
        return credential.strip() or None if kind.lower() == "bearer" else None


def _parsed(query: bytes) -> dict[str, Any]:
    text = query.decode("latin-1")
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found
