"""flagengine's server without a network: the ASGI application answers `/flags/?v=2` in the process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import Bucketing, Question, imported, plain_context

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from benchmarks.specs import Answer, Person
    from benchmarks.workload import Workload

__all__ = ["Flags", "answered", "flags_body"]

_HEADERS = (
    (b"host", b"127.0.0.1:8790"),
    (b"user-agent", b"posthog-python/7.91.1"),
    (b"content-type", b"application/json"),
)
_SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/flags/",
    "raw_path": b"/flags/",
    "root_path": "",
    "query_string": b"v=2",
    "client": ("127.0.0.1", 50_000),
}


def flags_body(person_id: str, properties: object) -> bytes:
    """Return the body with which SDKs ask for the flags of a person."""
    body = {"token": "phc_bench", "distinct_id": person_id, "person_properties": properties}
    return json.dumps(body).encode()


class Flags:
    """A request for all flags, from the body to the body of the answer."""

    bucketing: Bucketing = "posthog"

    def __init__(self) -> None:
        self._server = imported("flagengine.transports.server.server")
        self._settings = imported("flagengine.transports.server.settings")
        self._sources = imported("flagengine.transports.polling.sources.memory")
        self._application: Any = None

    def document(self, workload: Workload) -> str:
        """Return the definitions, which are in PostHog's format."""
        return json.dumps(workload.definitions)

    def load(self, document: str) -> Flags:
        """Load the text into a server that is not started, so that nothing runs beside the calls."""
        source = self._sources.MemoryDefinitions(document)
        project = self._settings.ProjectSettings(source=source, complete=True)
        server = self._server.Server(self._settings.ServerSettings(projects=(project,)))
        for each in server.projects:
            each.loader.tick()
        self._application = server.application()
        return self

    def subject(self, person: Person) -> object:
        """Return the body of the request."""
        return flags_body(person.id, person.properties)

    def question(self, workload: Workload) -> Question:
        """Return a request, whose answer has the values of all flags."""
        plain_context(workload)

        def values(body: bytes) -> tuple[Answer, ...]:
            flags = json.loads(body)["flags"]
            return tuple(_value_of(flags[key]) for key in workload.asked)

        names = {"answered": answered, "application": self._application}
        return Question("answered(application, subject)", names, values)


def answered(application: Callable[..., Coroutine[Any, Any, None]], body: bytes) -> bytes:
    """Return the body of the answer; a request that needs no waiting needs no event loop."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    length = (b"content-length", b"%d" % len(body))
    try:
        application({**_SCOPE, "headers": [*_HEADERS, length]}, receive, send).send(None)
    except StopIteration:
        found: bytes = sent[-1]["body"]
        return found
    message = "the application waits"
    raise RuntimeError(message)


def _value_of(record: dict[str, Any]) -> Answer:
    answer: Answer = record["variant"] or record["enabled"]
    return answer
