"""The transport of an answer after which the connection ends: its protocol decides how."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["HalfClosing"]


class HalfClosing:
    """What uvicorn uses of a transport, with another ``close``.

    While a client still sends, closing resets the connection, and the client may lose the answer.
    """

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._transport = transport
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close
