"""Contexts that background tasks inherit through the headers of their messages.

For Celery there is ``celery.wrap_celery``. With any other queue, the sender adds ``to_headers()`` to
the message, and the worker runs the task in ``task_context(headers, client)``::

    queue.send("send_mail", order_id=7, headers=to_headers())

    def work(message):
        with task_context(message.headers, client, source="queue.task_failure"):
            tasks[message.name](**message.arguments)

The headers come from the application's own services, so they contain properties as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..exceptions.control_flow import Place
from ..json_text import read_json, to_json
from .exception_reporter import ExceptionReporter, ReportingClient, policy_of
from .headers import CONTEXT_TAGS, DISTINCT_ID, SESSION_ID, Headers, clean, headers_of
from .scoped import context
from .state import current

__all__ = ["from_task_headers", "task_context", "to_headers"]

# Brokers and proxies refuse long headers.
_MAX_TAGS_LENGTH = 8192


def to_headers() -> dict[str, str]:
    """Return the active context as headers; an empty dict without a context.

    Leave out properties of more than 8 KiB of JSON; keep the ids.
    """
    active = current()
    if active is None:
        return {}
    headers = {
        DISTINCT_ID: clean(active.distinct_id),
        SESSION_ID: clean(active.session_id),
        CONTEXT_TAGS: _tags_text(active.properties),
    }
    return {name: value for name, value in headers.items() if value}


def from_task_headers(headers: Headers | None) -> dict[str, Any]:
    """Return those of ``distinct_id``, ``session_id`` and ``properties`` that were sent."""
    found = headers_of(headers, _MAX_TAGS_LENGTH)
    sent = {
        "distinct_id": clean(found.get(DISTINCT_ID.lower())),
        "session_id": clean(found.get(SESSION_ID.lower())),
        "properties": _tags(found.get(CONTEXT_TAGS.lower())),
    }
    return {name: value for name, value in sent.items() if value}


def task_context(
    headers: Headers | None,
    client: ReportingClient | None = None,
    *,
    source: str = "python.task",
    properties: Mapping[str, Any] | None = None,
) -> context:
    """Return the context of a task.

    With a ``client``, a failure that leaves the context is reported and raised again.
    """
    data = from_task_headers(headers)
    report = (
        None
        if client is None
        else ExceptionReporter(client, source=source, mechanism_type="task", place=Place.TASK)
    )
    return context(
        distinct_id=data.get("distinct_id"),
        session_id=data.get("session_id"),
        properties={**data.get("properties", {}), **(properties or {})},
        fresh=True,
        capture_exceptions=report is not None,
        on_exception=report,
        policy=policy_of(client),
        place=Place.TASK,
    )


def _tags_text(properties: Mapping[str, Any]) -> str | None:
    if not properties:
        return None
    # ``json.dumps`` encodes as ASCII, which headers require.
    text = json.dumps(json.loads(to_json(dict(properties))), separators=(",", ":"))
    return text if len(text) <= _MAX_TAGS_LENGTH else None


def _tags(text: str | None) -> dict[str, Any] | None:
    try:
        tags = read_json(text or "null")
    except ValueError:
        return None
    return tags if isinstance(tags, dict) else None
