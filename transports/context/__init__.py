"""Contexts: the person, the session and the properties of all events of the running code.

``wsgi``, ``asgi`` and ``django`` have middleware; ``tasks`` is for background tasks.
"""

from .headers import from_headers
from .http_request import request_context, request_data
from .scoped import context
from .state import (
    Context,
    ContextToken,
    current,
    enter,
    exit,  # noqa: A004 - counterpart of enter
    id_of,
    resumer,
    update,
)

__all__ = [
    "Context",
    "ContextToken",
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
