"""A request as endpoints see it: the path, query, headers and body. Nothing here trusts its content."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from .remembering import remembering

__all__ = ["Request", "parsed_query"]

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
        "_by_name",
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
        # Of several headers of a name the first counts.
        self._by_name: dict[bytes, bytes] = dict(reversed(self.headers))
        self._query: Mapping[str, str] | None = None

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters; one without a value is ``""``, and of several of a name the first counts."""
        if self._query is None:
            self._query = parsed_query(self.query_string)
        return self._query

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, whose name is in small letters; None without it."""
        value = self._by_name.get(name)
        return None if value is None else value.decode("latin-1")

    def field(self, name: bytes) -> bytes | None:
        """Return the same as ``header``, as it was sent."""
        return self._by_name.get(name)

    @property
    def bearer(self) -> str | None:
        """The credential of ``Authorization: Bearer``; None without one."""
        kind, _, credential = (self.header(b"authorization") or "").partition(" ")
        return credential.strip() or None if kind.lower() == "bearer" else None


_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@remembering
def parsed_query(query: bytes) -> Mapping[str, str]:
    """Return the parameters of a query: see ``Request.query``."""
    text = query.decode("latin-1")
    if not text:
        return _NOTHING
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return _NOTHING
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return MappingProxyType(found)
