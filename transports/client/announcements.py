"""``on``: telling the application what happens inside, by name.

Callbacks run on the thread on which it happens. What they raise is logged and goes no further.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from ..errors import TransportError

__all__ = ["ANY", "ERROR", "FLAGS_LOADED", "FLUSH", "Announcements", "name_of"]

logger = logging.getLogger("flagengine.client")

ERROR: Final = "error"
FLUSH: Final = "flush"
FLAGS_LOADED: Final = "local_evaluation_flags_loaded"
ANY: Final = "*"

# Names that users of other SDKs know.
_ALIASES: Final = {
    "localEvaluationFlagsLoaded": FLAGS_LOADED,
    "groupIdentify": "group_identify",
}
_BY_EVENT: Final = {
    "$identify": "identify",
    "$create_alias": "alias",
    "$groupidentify": "group_identify",
}

Callback = Callable[..., object]


def name_of(event: str) -> str:
    """The name under which a queued event is announced.

    >>> name_of("$identify"), name_of("signed up")
    ('identify', 'capture')
    """
    return _BY_EVENT.get(event, "capture")


class Announcements:
    """Who listens to what. Any name may be listened to; most never come."""

    def __init__(self) -> None:
        self._callbacks: dict[str, tuple[Callback, ...]] = {}
        self._lock = threading.Lock()

    def on(self, name: str, callback: Callback) -> Callable[[], None]:
        """Call ``callback(payload)`` from now on, for ``*`` ``callback(name, payload)``."""
        known = _ALIASES.get(name, name)
        with self._lock:
            self._callbacks[known] = (*self._callbacks.get(known, ()), callback)

        def unsubscribe() -> None:
            with self._lock:
                left = list(self._callbacks.get(known, ()))
                if callback in left:
                    left.remove(callback)
                self._callbacks[known] = tuple(left)

        return unsubscribe

    def is_heard(self, name: str) -> bool:
        """Whether anyone listens: what nobody hears need not be built."""
        return bool(self._callbacks.get(name) or self._callbacks.get(ANY))

    def tell(self, name: str, payload: Any) -> None:
        """Call whoever listens."""
        for callback in self._callbacks.get(name, ()):
            _call(callback, payload)
        for callback in self._callbacks.get(ANY, ()):
            _call(callback, name, payload)

    def error(self, error: TransportError) -> None:
        """Something went wrong."""
        self.tell(ERROR, error)

    def after_fork(self) -> None:
        """In a forked child: a fresh lock."""
        self._lock = threading.Lock()


def _call(callback: Callback, *arguments: object) -> None:
    try:
        callback(*arguments)
    except Exception:
        logger.exception("a callback of the application failed")
