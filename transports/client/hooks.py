"""The ``before_send`` hooks, with which the application may change or drop each event.

A hook that raises drops the event, because the hook might have removed confidential data. The
remaining hooks are not called.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..application_callbacks import close_awaitable
from ..incidents import Incidents

if TYPE_CHECKING:
    from .options import BeforeSend, EventMessage

__all__ = ["run_hooks"]

logger = logging.getLogger("flagengine.client")


def run_hooks(
    hooks: Sequence[BeforeSend], message: EventMessage, incidents: Incidents
) -> EventMessage | None:
    """Return the message after all hooks; None if a hook dropped it or failed.

    A failure is logged once, until all hooks succeed again.
    """
    name = message.get("event")
    for hook in hooks:
        try:
            returned = hook(message)
            close_awaitable(returned)
        except Exception:
            if incidents.opens("before_send"):
                logger.warning("before_send raised; dropped event %r", name, exc_info=True)
            return None
        if returned is None:
            logger.debug("before_send dropped event %r", name)
            return None
        if not isinstance(returned, Mapping):
            found = type(returned).__name__
            logger.warning(
                "before_send must return a mapping or None, got %s; dropped event %r", found, name
            )
            return None
        message = dict(returned)
    incidents.resolve("before_send")
    if not message.get("properties"):
        logger.warning("before_send left event %r without properties", name)
    return message
