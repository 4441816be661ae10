"""The scope of a request, as a server under ASGI gives it to the application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["http_scope"]


def http_scope(
    method: str, path: str, headers: Mapping[str, str] | None = None, *, client: str = "192.0.2.7"
) -> dict[str, Any]:
    """Return the scope of a request; ``path`` may have a query, and names of headers any letters."""
    raw, _, query = path.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": raw,
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ],
        "client": (client, 40_000),
    }
