"""What SDKs send besides events and this server has no use for: taken politely, and dropped.

Session recordings, logs, traces and metrics are no events. A refusal would make SDKs send them again, or
show an error in the browser's console.
"""

from __future__ import annotations

from typing import Final

from ..web.request import Request
from ..web.response import JSON_TYPE, Response, text_response
from .v0 import accepted

__all__ = ["multipart", "recording", "telemetry"]

_EMPTY: Final = Response(200, b"{}", (JSON_TYPE,))
_MULTIPART: Final = "multipart events are not taken here: send AI events as JSON to /i/v0/ai/batch"


def recording(request: Request) -> Response:
    """Drop a part of a recorded session."""
    return accepted(request)


def telemetry(_request: Request) -> Response:
    """Drop logs, traces or metrics."""
    return _EMPTY


def multipart(_request: Request) -> Response:
    """Refuse an AI event with files, which nothing here could keep."""
    return text_response(_MULTIPART, 415)
