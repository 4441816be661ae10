"""A server upstream that takes events and counts them; `/count` says how many there were."""

from __future__ import annotations

import gzip
from typing import Any

__all__ = ["application"]

_count = 0


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Take what is posted; give definitions without flags, or the count, to whoever gets."""
    global _count  # noqa: PLW0603 the state of a process that does nothing else
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["method"] == "POST":
        text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        _count += text.count(b'"event":')
    answer = b'{"status":1,"flags":[]}' if scope["path"] != "/count" else b"%d" % _count
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
