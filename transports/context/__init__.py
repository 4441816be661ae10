"""Contexts: the person and the session that the running code works for, for all its events.

The middleware is in ``wsgi``, ``asgi`` and ``django``, background tasks in ``tasks``.
"""

from .headers import from_headers
from .http_request import request_context, request_data
from .scoped import context
from .state import (
    Context,
    current,
    enter,
    exit,  # noqa: A004 - counterpart of enter
    id_of,
    resumer,
    update,
)

__all__ = [
    "Context",
    "context",
    "current",
    "enter",
    "exit",
    "from_headers",
    "id_of",
    "request_context",
    "request_data",
    "resumer",
    "update",
]
