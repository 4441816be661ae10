"""The least that an ASGI application does with a POST: the yardstick of the others."""

from __future__ import annotations

from typing import Any

__all__ = ["application"]

_BODY = b'{"flags":{}}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"12")]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer each request alike."""
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})
