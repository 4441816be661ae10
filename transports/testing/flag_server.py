"""The object behind the fixture ``flag_server``: a server for end-to-end tests of programs in any language."""

from __future__ import annotations

from typing import Any, Final, Self

from flagengine import Overrides, extra_for

from ..option_values.quantities import Count
from ..polling.fetch_results import DefinitionsDocument
from ..polling.sources.memory import MemoryDefinitions
from .forcing import Forcing

with extra_for("flag_server"):
    from ..server.background import BackgroundServer
    from ..server.events.captured import Wanted
    from ..server.server import Server
    from ..server.settings import ProjectSettings, ServerSettings
    from .captured_events import events_of, forget_events_of

__all__ = ["FlagServer"]

_SINCE: Final = Count(0, least=0)


class FlagServer(Forcing):
    """A server on a free port of this machine, from ``with`` to its end: SDKs take it for PostHog's.

    It takes every project key and every secret key. The properties in a request are all that a person has.
    A new answer holds for the next request that an SDK sends. Values may be forced before it runs, too.

    Args:
        definitions: the flags; see `define`.
        port: the port; 0 is any free port.

    Raises:
        OSError: on entry, the port cannot be opened.

    >>> import json, urllib.request
    >>> with FlagServer() as server:
    ...     server.set("beta", "compact")
    ...     body = b'{"token": "phc_any", "distinct_id": "user-1"}'
    ...     with urllib.request.urlopen(f"{server.url}/flags?v=1", body) as answer:
    ...         json.load(answer)["featureFlags"]
    {'beta': 'compact'}
    """

    def __init__(self, definitions: DefinitionsDocument | None = None, *, port: int = 0) -> None:
        self._source = MemoryDefinitions(definitions)
        project = ProjectSettings(source=self._source, poll_interval=3600.0, complete=True)
        settings = ServerSettings(projects=(project,), is_development=True, shutdown_timeout=2.0)
        self._running = BackgroundServer(Server(settings), port=port)
        (self._project,) = self._running.server.projects
        self._overrides = Overrides()

    def __enter__(self) -> Self:
        self._running.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__()

    @property
    def url(self) -> str:
        """The address, such as ``http://127.0.0.1:49152``: the ``host`` or ``api_host`` of an SDK."""
        return self._running.url

    @property
    def port(self) -> int:
        """The port."""
        return self._running.port

    def define(self, document: DefinitionsDocument) -> None:
        """Serve these definitions from now on: a mapping, JSON text or UTF-8 bytes.

        Raises:
            SnapshotError: the document is no definitions document.
        """
        self._source.replace(document)
        self._project.loader.publish(document)

    # Events.

    def events(
        self,
        event: str | None = None,
        distinct_id: str | None = None,
        *,
        since: int = 0,
        count: int = 0,
        wait: float = 10.0,
    ) -> list[dict[str, Any]]:
        """Return the events that programs have sent, the oldest first, once there are ``count`` of them.

        Each is what PostHog would get, with the ``number`` that it has here and ``received_at``.

        Args:
            event: only the events of this name.
            distinct_id: only the events of this person.
            since: only the events after this ``number``.
            count: how many there must be at least; 0: those that are there.
            wait: for how many seconds to wait for them.

        Raises:
            AssertionError: there are fewer in time; the message says what there is instead.
            TypeError: a number is none.
            ValueError: a number is negative.
        """
        wanted = Wanted(_SINCE("since", since), event, distinct_id)
        return events_of(self._running, wanted, count=count, wait=wait)

    def forget_events(self) -> int:
        """Forget all events; return how many there were. Numbers go on."""
        return forget_events_of(self._running)

    # Forced values.

    @property
    def overrides(self) -> Overrides:
        """The forced values."""
        return self._overrides

    def _force(self, overrides: Overrides) -> None:
        self._overrides = overrides
        server, forced = self._running.server, self._project.forced

        def force() -> None:
            forced.force(overrides)
            server.changes.notify()

        self._running.call(force)
