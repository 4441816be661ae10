"""What must hold of flags: one snapshot for each answer, never an older one, and polls with manners."""

import math

from .outside import Outside
from .violations import Violation

_SLACK = 1e-6
# Statuses after which the definitions must not be used, and after which polls become rarer.
_CLEARS = frozenset({401, 402})
_BACKS_OFF = frozenset({401, 403, 429})
_LONGEST_BACKOFF = 60.0


class _Reader:
    """What a process has seen of the definitions."""

    def __init__(self) -> None:
        # The newest version that an answer showed, and that a listener was told of.
        self.version = self.announced = 0
        self.is_asking = self.has_read = False
        self.ended_at: float | None = None
        self.refusals = 0
        # Before this time no load may begin, and none without a call of the application.
        self.held_until = 0.0
        self.poll_not_before = 0.0
        # When the next load begins at the latest.
        self.poll_latest = 0.0
        # "", "loaded" or "cleared", and whether a read has seen values since.
        self.state = ""
        self.has_seen_values = False
        self.was_requested = False
        self.etag: str | None = None
        # The events of reads since the last load, and all of them.
        self.called: set = set()
        self.ever_called: set = set()
        self.is_first_load = True
        # Whether the queue had no room for an event, also that of the parent at a fork.
        self.was_refused = False


class FlagRules(Outside):
    """The rules about definitions and flags."""

    def __init__(self, machine, config) -> None:
        self._machine = machine
        self._config = config
        self._readers: dict[int, _Reader] = {}

    def reader(self, process) -> _Reader:
        """Return what a process has seen."""
        return self._readers.setdefault(process.pid, _Reader())

    def forked(self, parent, child) -> None:
        """Let the child know what its parent knew."""
        old, new = self.reader(parent), self.reader(child)
        for name in (
            "version",
            "announced",
            "refusals",
            "etag",
            "held_until",
            "poll_latest",
            "state",
            "has_seen_values",
            "is_first_load",
        ):
            setattr(new, name, getattr(old, name))
        new.called, new.ever_called = set(old.called), set(old.ever_called)
        new.was_requested = True
        new.was_refused = old.was_refused

    def requested(self, process) -> None:
        """Note that the application asks for a load."""
        self.reader(process).was_requested = True

    def asks_definitions(self, process, etag: str | None) -> None:
        """Check a request for definitions."""
        reader, now = self.reader(process), self._machine.scheduler.now
        if reader.is_asking:
            raise Violation("polling", f"process {process.pid} makes two loads at once")
        if now < reader.held_until - _SLACK:
            raise Violation("polling", f"{reader.held_until - now:.3f} s before the end of a pause")
        if now < reader.poll_not_before - _SLACK and not reader.was_requested:
            raise Violation("polling", f"a poll {reader.poll_not_before - now:.3f} s too early")
        # A fork may come before a thread that has lost its turn has noted what it got.
        if reader.state == "loaded" and etag != reader.etag and not self._config.preempts:
            raise Violation("polling", f"asks with {etag}, has {reader.etag}")
        if reader.ended_at is not None and self._is_late(process, reader):
            raise Violation("polling", f"a poll {now - reader.poll_latest:.3f} s too late")
        reader.is_asking, reader.was_requested = True, False

    def _is_late(self, process, reader: _Reader) -> bool:
        if self._config.driver != "threads" or process.lacked_threads:
            return False
        ended = -math.inf if reader.ended_at is None else reader.ended_at
        # In a suspended machine the client may learn of an answer only later.
        was_suspended = self._machine.scheduler.was_suspended_since(ended)
        return self._machine.scheduler.now > reader.poll_latest + _SLACK and not was_suspended

    def answered(self, process, response, pause: float) -> None:
        """Note an answer to a request for definitions."""
        reader, now = self.reader(process), self._machine.scheduler.now
        reader.is_asking, reader.ended_at = False, now
        status = response.status if response is not None else 0
        interval = self._config.poll_interval
        if (status == 200 and response.header("etag")) or status == 304:
            reader.etag = response.header("etag") or reader.etag
            if status == 200:
                reader.state, reader.has_seen_values = "loaded", False
            reader.refusals, reader.is_first_load = 0, False
            reader.held_until, reader.poll_not_before = 0.0, now + interval
            reader.poll_latest = now + interval
            return
        if status in _CLEARS:
            reader.state, reader.has_seen_values, reader.announced = "cleared", False, 0
            reader.called.clear()
        reader.refusals = reader.refusals + 1 if status in _BACKS_OFF else 0
        wait = 0.0 if reader.is_first_load else interval
        if status in _BACKS_OFF:
            wait = max(interval, min(interval * 2.0**reader.refusals, _LONGEST_BACKOFF))
        reader.poll_not_before = now + max(wait, pause)
        # A date in Retry-After has whole seconds.
        reader.poll_latest = now + max(wait, interval, pause + 1.0 if pause else 0.0)
        reader.held_until = now + max(wait, pause) if status in _BACKS_OFF else now + pause

    def called(self, process, message: dict) -> None:
        """Check an event that the client has made of a read."""
        if message["event"] != "$feature_flag_called":
            return
        properties = message["properties"]
        value = properties["$feature_flag_response"]
        key = (message["distinct_id"], properties["$feature_flag"], value)
        reader = self.reader(process)
        if key in reader.called and value is not None and not self._config.preempts:
            raise Violation("called twice", f"{key}")
        reader.called.add(key)
        reader.ever_called.add(key)

    def loaded(self, process) -> None:
        """Note that the client has new definitions, and so may send its events again."""
        reader = self.reader(process)
        reader.called.clear()
        if self._config.preempts:
            return
        flags = process.client.feature_flag_definitions()
        if flags is None and reader.state == "loaded":
            raise Violation("definitions", "announced before they are in use")
        if flags is not None:
            version = flags[0]["version"]
            if version <= reader.announced:
                raise Violation("definitions", f"version {version} is announced twice")
            reader.announced = version

    def read(self, process, values: dict, person: str, *, is_local: bool) -> None:
        """Check the answers of one call."""
        reader = self.reader(process)
        reader.has_read = True
        versions = {int(str(value)[1:]) for value in values.values() if value is not None}
        if len(versions) > 1:
            raise Violation("mixture", f"an answer has the versions {sorted(versions)}")
        for version in versions:
            if version > self._machine.server.version:
                raise Violation("invented", f"version {version} does not exist yet")
        if is_local:
            self._check_local(process, reader, versions)
        if self._config.preempts or process.is_closing or len(values) > 1:
            return
        reader.was_refused = reader.was_refused or bool(process.client.counters().refused)
        if process.reads > 1 or reader.was_refused:
            # The event may still wait for room in another call, or the queue had no room for it.
            return
        for key, value in values.items():
            if value is not None and (person, key, value) not in reader.ever_called:
                raise Violation("not called", f"no event for {person}, {key}, {value}")

    def _check_local(self, process, reader: _Reader, versions: set[int]) -> None:
        if not versions:
            if reader.state == "loaded" and reader.has_seen_values:
                raise Violation("definitions", "loaded definitions are gone")
            return
        # Behind a shutdown, a late refusal changes nothing.
        if reader.state == "cleared" and not (self._config.preempts or process.is_closing):
            raise Violation("definitions", "refused definitions are in use")
        reader.has_seen_values = reader.state == "loaded"
        version = versions.pop()
        if version < reader.version:
            raise Violation("old definitions", f"version {version} after {reader.version}")
        reader.version = version

    def check(self, process) -> None:
        """Check that the polls go on."""
        reader, now = self.reader(process), self._machine.scheduler.now
        if process.is_closing:
            return
        polls = reader.has_read and self._config.has_definitions
        if reader.is_asking or not (polls or reader.ended_at is not None):
            return
        if self._is_late(process, reader):
            late = now - reader.poll_latest
            raise Violation("polling", f"process {process.pid} has not polled for {late:.3f} s")
