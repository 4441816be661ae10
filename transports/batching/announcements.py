"""The calls of ``on_error``: every lost event is told, once and in batches.

A loss is posted by whoever causes it, under any lock, and told outside of all locks: by a daemon
thread of its own, so that a slow callback delays neither ``capture`` nor a delivery, or by the
caller where the application does the work (``ManualDriver``). ``flush``, ``shutdown`` and
``capture_immediate`` wait until what concerns them is told.

Rules
-----
1. Equal losses that wait together are told in one call, with at most ``MAX_EVENTS`` events.
2. A callback that falls far behind is told the number of further events, without the events.
3. An event that is captured inside the callback is counted and logged but not told if it is refused or
   lost; otherwise the callback would cause its own calls.
4. A callback may raise, block, capture, flush and shut down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from ..application_errors import application_errors, log_error
from ..errors import TransportError
from .causes import caused_by, current_causes, not_caused_by
from .event import Event
from .limits import MIB
from .losses import Loss

__all__ = ["Announcer", "OnError"]

logger: logging.Logger = logging.getLogger("flagengine.events")

OnError = Callable[[TransportError, tuple[Event, ...]], None]

MAX_EVENTS = 1000
# What may wait to be told. Losses of accepted events get more room: the queues bound them already.
MAX_WAITING = 10_000
MAX_WAITING_BYTES = 16 * MIB
_ROOM_FOR_ACCEPTED = 10
# Seconds between two calls, in which further losses are collected.
_PAUSE = 0.1
# Seconds after which an idle thread ends.
_IDLE_SECONDS = 1.0


@dataclass(slots=True)
class _Call:
    """A call that is to be made. ``number`` is that of its first loss."""

    number: int
    kind: Hashable
    loss: Loss
    events: list[Event] = field(default_factory=list)
    unnamed: int = 0

    def has_room(self) -> bool:
        return len(self.events) < MAX_EVENTS

    def told(self) -> Loss:
        return self.loss._replace(events=tuple(self.events), unnamed=self.unnamed)


class Announcer:
    """The losses that wait to be told. Without ``has_thread``, ``tell`` tells them itself."""

    def __init__(
        self, on_error: OnError | None, *, has_thread: bool, is_wanted: Callable[[], bool]
    ) -> None:
        self._on_error = on_error
        self._has_thread = has_thread
        self._is_wanted = is_wanted
        self._start_anew()

    def _start_anew(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._waiting: deque[_Call] = deque()
        # The newest waiting call of each kind.
        self._newest: dict[Hashable, _Call] = {}
        self._waiting_events = self._waiting_bytes = 0
        self._posted = 0
        self._telling: _Call | None = None
        self._teller: int | None = None
        self._thread: threading.Thread | None = None
        self._is_idle = False
        self._waiters = 0

    def after_fork(self) -> None:
        """Forget everything in the child of a fork, because the parent tells its losses."""
        self._start_anew()

    @property
    def posted(self) -> int:
        """The number of losses so far, for ``wait``."""
        return self._posted

    def is_current(self) -> bool:
        """Return whether the caller runs inside the callback."""
        return self._teller == threading.get_ident()

    def is_worker(self) -> bool:
        """Return whether the caller runs on this object's thread."""
        return self._thread is threading.current_thread()

    def post(self, loss: Loss) -> None:
        """Note a loss, which ``tell`` will tell."""
        if self._on_error is None or not self._is_wanted():
            return
        if loss.is_refusal and self in current_causes():
            return
        if not loss.is_refusal and loss.events:
            loss = loss._replace(events=not_caused_by(self, loss.events))
            if not loss.total:
                return
        with self._changed:
            self._posted += 1
            self._add(loss)

    def _add(self, loss: Loss) -> None:
        is_beyond = self._is_beyond(loss)
        kind = loss.kind
        if is_beyond and kind not in self._newest:
            # Beyond the bounds, requests are no longer told one by one.
            kind = loss.lane, loss.reason
        call = self._newest.get(kind)
        if call is None or not (is_beyond or call.has_room()):
            call = self._newest[kind] = _Call(self._posted, kind, loss)
            self._waiting.append(call)
        if is_beyond:
            call.unnamed += loss.total
            return
        call.events.extend(loss.events)
        call.unnamed += loss.unnamed
        self._waiting_events += len(loss.events)
        self._waiting_bytes += sum(len(event.body) for event in loss.events)

    def _is_beyond(self, loss: Loss) -> bool:
        room = 1 if loss.is_refusal else _ROOM_FOR_ACCEPTED
        return (
            self._waiting_events >= room * MAX_WAITING
            or self._waiting_bytes >= room * MAX_WAITING_BYTES
        )

    def tell(self) -> None:
        """Have the losses told. The caller holds no lock that a callback may want."""
        if not self._waiting or self.is_current():
            return
        with self._changed:
            if self._has_thread and (self._is_served() or self._start_thread()):
                if self._is_idle or self._is_urgent():
                    self._changed.notify_all()
                return
        self._tell_here()

    def _is_served(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _start_thread(self) -> bool:
        thread = threading.Thread(target=self._run, name="flagengine-errors", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The limit of threads is reached, or the interpreter is shutting down.
            return False
        self._thread = thread
        return True

    def wait(self, posted: int, seconds: float) -> bool:
        """Wait until the first ``posted`` losses are told; return whether they are."""
        until = time.monotonic() + seconds
        if self.is_current():
            return False
        with self._changed:
            self._waiters += 1
        try:
            while True:
                self.tell()
                with self._changed:
                    left = until - time.monotonic()
                    if self._is_told(posted) or left <= 0:
                        return self._is_told(posted)
                    self._changed.notify_all()
                    self._changed.wait(left)
        finally:
            with self._changed:
                self._waiters -= 1

    def _is_told(self, posted: int) -> bool:
        calls = [*([self._telling] if self._telling else []), *list(self._waiting)[:1]]
        return all(call.number > posted for call in calls)

    def _is_urgent(self) -> bool:
        return self._waiters > 0 or self._waiting_events >= MAX_EVENTS

    def _run(self) -> None:
        changed = self._changed
        while True:
            with changed:
                self._is_idle = True
                has_more = changed.wait_for(lambda: self._waiting, _IDLE_SECONDS)
                self._is_idle = False
                if not has_more:
                    self._thread = None
                    return
                call = self._begin()
            try:
                self._perform(call)
            except BaseException:  # noqa: BLE001
                # Even SystemExit: the next losses must be told as well.
                log_error(logger, "a callback of the application failed")
            with changed:
                changed.wait_for(self._is_urgent, _PAUSE)

    def _tell_here(self) -> None:
        # What the callbacks themselves cause is told by the next call of ``tell``.
        posted = self._posted
        while True:
            with self._changed:
                if self._telling or not self._waiting or self._waiting[0].number > posted:
                    return
                call = self._begin()
            self._perform(call)

    def _begin(self) -> _Call:
        call = self._telling = self._waiting.popleft()
        self._teller = threading.get_ident()
        self._waiting_events -= len(call.events)
        self._waiting_bytes -= sum(len(event.body) for event in call.events)
        if self._newest.get(call.kind) is call:
            del self._newest[call.kind]
        return call

    def _perform(self, call: _Call) -> None:
        loss = call.told()
        try:
            if self._on_error is not None:
                with caused_by(self, loss.events):
                    self._on_error(loss.to_error(), loss.events)
        except application_errors():
            log_error(logger, "a callback of the application failed")
        finally:
            with self._changed:
                self._telling = self._teller = None
                self._changed.notify_all()
