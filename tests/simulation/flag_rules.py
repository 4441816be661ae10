"""What must hold of flags: one snapshot for each answer, never an older one, and polls with manners."""

from .outside import Outside
from .server import DEFINITIONS_PATH, FLAGS_PATH
from .violations import Violation

_SLACK = 1e-6


class _Reader:
    """What a process has seen of the definitions."""

    def __init__(self) -> None:
        self.version = 0
        self.asking = 0
        self.last_asked: float | None = None
        self.held_until = 0.0
        self.called: set = set()


class FlagRules(Outside):
    """The rules about definitions and flags."""

    def __init__(self, machine, config) -> None:
        self._machine = machine
        self._config = config
        self._readers: dict[int, _Reader] = {}

    def reader(self, process) -> _Reader:
        """Return what a process has seen."""
        return self._readers.setdefault(process.pid, _Reader())

    def asks_definitions(self, process) -> None:
        """Check a request for definitions."""
        reader, now = self.reader(process), self._machine.scheduler.now
        if reader.asking:
            raise Violation("polling", f"process {process.pid} makes two loads at once")
        if now < reader.held_until - _SLACK:
            raise Violation("polling", f"{reader.held_until - now:.3f} s before the end of Retry-After")
        reader.asking += 1
        reader.last_asked = now

    def asks_flags(self, process) -> None:
        """Check a request for flags."""

    def answered(self, process, path: str, response, error) -> None:
        """Note an answer."""
        if path == DEFINITIONS_PATH:
            self.reader(process).asking -= 1
        elif path == FLAGS_PATH:
            pass

    def called(self, process, message: dict) -> None:
        """Check an event that the client has made of a read."""
        if message["event"] != "$feature_flag_called":
            return
        properties = message["properties"]
        key = (message["distinct_id"], properties["$feature_flag"], properties["$feature_flag_response"])
        reader = self.reader(process)
        if key in reader.called and properties["$feature_flag_response"] is not None:
            raise Violation("called twice", f"{key}")
        reader.called.add(key)

    def read(self, process, values: dict) -> None:
        """Check the answers of one call."""
        versions = {int(str(value)[1:]) for value in values.values() if value is not None}
        if len(versions) > 1:
            raise Violation("mixture", f"an answer has the versions {sorted(versions)}")
        reader = self.reader(process)
        for version in versions:
            if version > self._machine.server.version:
                raise Violation("invented", f"version {version} does not exist yet")
            if version < reader.version:
                raise Violation("old definitions", f"version {version} after {reader.version}")
            reader.version = version
