"""The ``before_send`` hooks, with which the application may change or drop each event.

A hook that raises drops the event, because the hook might have removed confidential data. The
remaining hooks are not called. A hook must not capture: its event would go through the hook again.
It may read flags; such a read is not reported.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..application_callbacks import close_awaitable
from ..application_errors import application_errors
from ..errors import HookError
from ..incidents import Incidents
from ..log_fields import log_fields

if TYPE_CHECKING:
    from .options import BeforeSend, EventMessage

__all__ = ["Hooks"]

logger: logging.Logger = logging.getLogger("flagengine.client")


class Hooks:
    """The hooks of a client."""

    def __init__(self, hooks: Sequence[BeforeSend]) -> None:
        self._hooks = hooks
        self._incidents = Incidents()
        # Of each thread, because a task that a hook creates does not run inside the hook.
        self._running = threading.local()

    def check_idle(self, name: object) -> None:
        """Check that no hook runs in this thread.

        Raises:
            HookError: a hook captured the event ``name``.
        """
        if self.is_running():
            if self._incidents.opens("recursion"):
                logger.warning(
                    "before_send captured event %r, which is refused", name, extra=_named(name)
                )
            msg = f"event {name!r} was captured inside before_send"
            raise HookError(msg)

    def is_running(self) -> bool:
        """Return whether a hook runs in this thread."""
        return getattr(self._running, "is_set", False)

    def run(self, message: EventMessage) -> EventMessage | None:
        """Return the message after all hooks; None if a hook dropped it.

        A failure is logged once, until all hooks succeed again.

        Raises:
            HookError: a hook raised an exception, or returned no event.
        """
        name = message.get("event")
        with self._marked():
            for hook in self._hooks:
                returned = self._call(hook, message)
                if returned is None:
                    logger.debug("before_send dropped event %r", name, extra=_named(name))
                    return None
                message = dict(returned)
        self._over()
        if not message.get("properties"):
            logger.warning("before_send left event %r without properties", name, extra=_named(name))
        return message

    def _call(self, hook: BeforeSend, message: EventMessage) -> Mapping[str, object] | None:
        name = message.get("event")
        try:
            returned: object = hook(message)
            close_awaitable(returned)
        except application_errors() as error:
            if self._incidents.opens("raised"):
                logger.warning(
                    "before_send raised; dropped event %r", name, exc_info=True, extra=_named(name)
                )
            msg = f"before_send raised {type(error).__name__}, so event {name!r} was dropped"
            raise HookError(msg) from error
        if returned is None or isinstance(returned, Mapping):
            return returned
        found = type(returned).__name__
        msg = f"before_send must return a mapping or None, got {found}; dropped event {name!r}"
        if self._incidents.opens("returned"):
            logger.warning("%s", msg)
        raise HookError(msg)

    def _over(self) -> None:
        lost = self._incidents.resolve("raised", "returned")
        if lost > 1:
            message = "before_send works again; %d events were dropped"
            logger.warning(message, lost, extra=log_fields(count=lost))

    @contextmanager
    def _marked(self) -> Iterator[None]:
        self._running.is_set = True
        try:
            yield
        finally:
            self._running.is_set = False


def _named(event: object) -> dict[str, object]:
    return log_fields(event=event if isinstance(event, str) else None)
