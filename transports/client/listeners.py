"""The application's callbacks for events inside the client, registered with ``client.on``.

A callback runs on the thread on which its event happens; an ``async def`` of an AsyncClient runs on
its event loop. An exception is suppressed; it is logged once, until the callback succeeds again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from ..application_errors import application_errors, log_error
from ..batching.batch import Delivered, QueueAction
from ..batching.causes import caused_by, current_causes, not_caused_by
from ..batching.event import Event
from ..derived import Derived
from ..errors import TransportError
from ..flags.evaluated import FlagEvaluated
from ..incidents import Incidents
from ..spelling import did_you_mean
from .loop_callbacks import usable_callback

__all__ = ["ERROR", "FLAGS_LOADED", "FLAG_EVALUATED", "RECOVERED", "Listeners"]

logger: logging.Logger = logging.getLogger("flagengine.client")

ERROR: Final = "error"
FLUSH: Final = "flush"
FLAGS_LOADED: Final = "local_evaluation_flags_loaded"
RECOVERED: Final = "definitions_recovered"
FLAG_EVALUATED: Final = "flag_evaluated"
ANY: Final = "*"

# The names in other SDKs.
_ALIASES: Final = {
    "localEvaluationFlagsLoaded": FLAGS_LOADED,
    "groupIdentify": "group_identify",
}
# The listeners' names of queued events; all others are "capture".
_QUEUED: Final = {
    "$identify": "identify",
    "$create_alias": "alias",
    "$groupidentify": "group_identify",
}

_NAMES: Final = (
    ERROR,
    FLUSH,
    FLAGS_LOADED,
    RECOVERED,
    FLAG_EVALUATED,
    ANY,
    "capture",
    *_QUEUED.values(),
    *_ALIASES,
)

Callback = Callable[..., object]


class Listeners:
    """The callbacks by name. ``on`` accepts any name, with a warning if its event never happens.

    ``reads`` is derived from whether there are callbacks of ``flag_evaluated``.
    """

    def __init__(self, *, may_await: bool = False, reads: Derived[Any] | None = None) -> None:
        self._may_await = may_await
        self._reads: Derived[Any] = reads or Derived()
        self._callbacks: dict[str, tuple[Callback, ...]] = {}
        self._lock = threading.Lock()
        self._incidents = Incidents()

    def on(self, name: str, callback: Callback) -> Callable[[], None]:
        """Call ``callback(payload)`` from now on; for ``*``, call ``callback(name, payload)``.

        Raises:
            TypeError: the name is no text, or the callback is ``async def``, and nobody would await it.
        """
        if not isinstance(name, str):
            msg = f"on() must get the name of an event, got {type(name).__name__}"
            raise TypeError(msg)
        known = _ALIASES.get(name, name)
        _warn_of_unknown(name)
        callback = usable_callback("on", callback, may_await=self._may_await)
        with self._lock, self._reads.changing():
            self._callbacks[known] = (*self._callbacks.get(known, ()), callback)

        def unsubscribe() -> None:
            with self._lock, self._reads.changing():
                left = list(self._callbacks.get(known, ()))
                if callback in left:
                    left.remove(callback)
                self._callbacks[known] = tuple(left)

        return unsubscribe

    def notify(self, name: str, payload: Any) -> None:
        """Call the callbacks of ``name``, but not for what they themselves cause."""
        self._call_all(name, payload)
        self._call_all(ANY, name, payload)

    def _call_all(self, key: str, *arguments: object, events: tuple[Event, ...] = ()) -> None:
        callbacks = self._callbacks.get(key)
        if not callbacks:
            return
        if (self, key) in current_causes():
            self._warn_of_circle(key)
            return
        with caused_by((self, key), events):
            for callback in callbacks:
                self._call(callback, *arguments)

    def _warn_of_circle(self, key: str) -> None:
        if self._incidents.opens(key):
            logger.warning("a callback of %r caused %r itself; it is not called again", key, key)

    def _call(self, callback: Callback, *arguments: object) -> None:
        """Call a callback; log its failure, unless the last call failed as well."""
        try:
            callback(*arguments)
        except application_errors():
            if self._incidents.opens(id(callback)):
                log_error(logger, "a callback of the application failed")
        else:
            self._incidents.resolve(id(callback))

    def notify_error(self, error: TransportError) -> None:
        """Call the callbacks of ``error``."""
        self.notify(ERROR, error)

    @property
    def hear_of_reads(self) -> bool:
        """Whether there are callbacks of ``flag_evaluated``."""
        return bool(self._callbacks.get(FLAG_EVALUATED))

    def notify_evaluated(self, evaluated: FlagEvaluated) -> None:
        """Call the callbacks of ``flag_evaluated``, but not those of ``*``, which do not slow reads down."""
        self._call_all(FLAG_EVALUATED, evaluated)

    def notify_queued(self, event: Event) -> None:
        """Call the callbacks for a queued event."""
        if not self._callbacks:
            return
        name = _QUEUED.get(event.name, "capture")
        if self.are_wanted(name):
            self.notify(name, event.decoded())

    def notify_delivered(self, action: QueueAction) -> None:
        """Call the callbacks of ``flush`` if the action is a delivery."""
        if isinstance(action, Delivered) and self.are_wanted(FLUSH):
            for key, names in ((FLUSH, ()), (ANY, (FLUSH,))):
                events = not_caused_by((self, key), action.events)
                if len(events) < len(action.events):
                    self._warn_of_circle(key)
                if events and self._callbacks.get(key):
                    decoded = [event.decoded() for event in events]
                    self._call_all(key, *names, decoded, events=events)

    def are_wanted(self, name: str) -> bool:
        """Return whether there are callbacks; without them, events need not be decoded."""
        return bool(self._callbacks.get(name) or self._callbacks.get(ANY))

    def after_fork(self) -> None:
        """Renew the lock in a forked child."""
        self._lock = threading.Lock()


def _warn_of_unknown(name: str) -> None:
    if name not in _NAMES:
        hint = did_you_mean(str(name), _NAMES)
        logger.warning("no event is called %r, so its callback is never called%s", name, hint)
