"""The access log: a line for each request, as JSON or as text. It has no query, no body and no header."""

from __future__ import annotations

import json
import logging
from collections.abc import MutableMapping
from typing import Any, Literal

from flagengine import printable

__all__ = ["AccessLog"]

_log = logging.getLogger("flagengine.server.access")


class AccessLog:
    """Notes requests with the logger ``flagengine.server.access``."""

    def __init__(self, form: Literal["json", "text"] = "json") -> None:
        self._is_json: bool = form == "json"

    def note(
        self, scope: MutableMapping[str, Any], route: str, status: int, size: int, seconds: float
    ) -> None:
        """Note a request that was answered; ``size`` is that of the body in bytes."""
        client = scope.get("client")
        fields = {
            "method": scope["method"],
            "route": route,
            "status": status,
            "bytes": size,
            "ms": round(seconds * 1000, 2),
            "client": client[0] if client else None,
        }
        if self._is_json:
            _log.info("%s", json.dumps(fields), extra={"flagengine": fields})
        else:
            text = f"{printable(str(fields['method']))} {route} {status} {size} bytes {fields['ms']:g} ms"
            _log.info("%s", text, extra={"flagengine": fields})
