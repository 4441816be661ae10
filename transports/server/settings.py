"""The settings of a server and its projects: checked values, without anything that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from re import compile  # noqa: A004 - only here
from typing import Any, Final, Literal, TypeAlias

from ..option_values.addresses import read_host_names, read_origins
from ..option_values.messages import wrong_value
from ..option_values.quantities import Count, Seconds
from ..option_values.texts import read_name
from ..polling.health import StalenessBudget
from ..polling.sources.base import DefinitionSource
from ..polling.sources.cache import FlagDefinitionCacheProvider
from .connections.limits import ConnectionLimits

__all__ = [
    "READ_REQUESTS_PER_SECOND",
    "SERVER_READERS",
    "ProjectSettings",
    "Reader",
    "ServerSettings",
    "UpstreamSettings",
]

MEBIBYTE: Final = 1024 * 1024

Reader: TypeAlias = Callable[[str, Any], Any]
"""Returns the value of a setting; the name is for the message of a mistake."""


_NO_PATH: Final = compile(r"[\s?#\\:]|//")


def _read_prefix(name: str, given: Any) -> str:
    text = "" if given == "" else read_name(name, given).strip("/")
    if _NO_PATH.search(text):
        raise wrong_value(name, "a path such as /ph", given)
    return f"/{text}" if text else ""


SERVER_READERS: Final[Mapping[str, Reader]] = {
    "prefix": _read_prefix,
    "max_body": Count(MEBIBYTE, least=1024),
    "max_events_body": Count(20 * MEBIBYTE, least=1024),
    "request_timeout": Seconds(10),
    "shutdown_timeout": Seconds(10),
    "captured_events": Count(1_000, least=0),
    "origins": read_origins,
    "allowed_hosts": read_host_names,
}
"""By name: what reads a setting of a server, in code and in a file."""

READ_REQUESTS_PER_SECOND: Final = Seconds(100, unit="requests", is_optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings:
    """A PostHog server behind this one.

    Attributes:
        host: its base URL.
        answers_flags: whether to ask it for the flags that nothing here can decide.
        takes_events: whether to pass events on to it.
        flags_timeout: the seconds that a request for flags may take.
        remember_flags: for how many seconds its answers are given again; 0: not at all.
    """

    host: str
    answers_flags: bool = True
    takes_events: bool = True
    flags_timeout: float = 3.0
    remember_flags: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings:
    """A project.

    Attributes:
        name: what logs and metrics call it.
        project_key: the key that SDKs name the project by; None: any key, for development.
        secret_keys: the keys that may read definitions, as ``Authorization: Bearer``; with none of them
            and no ``project_key``, any key may.
        source: where the definitions come from; None: only from ``cache``.
        cache: shares the definitions with other servers.
        poll_interval: seconds between two loads.
        staleness: the ages at which definitions are stale, which health shows, and expired, which readiness
            and health show.
        complete: whether the properties in a request are all there are, so that a property that is absent
            is known to be absent.
        project_timezone: the zone of dates without an offset.
        overrides: a file with forced values, read again when it changes.
        upstream: the server behind this one; None: there is none.
        events: the folder in which accepted events are kept until they are passed on, for one project or for
            several, of one server or of several; None: in memory.
        max_spool_bytes: the most bytes of each lane in the folder (events, historical, ai); more events are refused.
        spool_fsync: whether accepted events must survive a loss of power too, which costs each request a
            write to the disk itself.
        client_addresses: whether an event without ``$ip`` gets the address of its client, from which PostHog
            derives the place; if not, ``$ip`` is null.
        requests_per_second: the most requests of this project's key, on average; None: no limit.
    """

    name: str = "default"
    project_key: str | None = None
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    source: DefinitionSource | None = None
    cache: FlagDefinitionCacheProvider | None = None
    poll_interval: float = 30.0
    staleness: StalenessBudget = field(default_factory=StalenessBudget)
    complete: bool = False
    project_timezone: str | tzinfo = "UTC"
    overrides: Path | None = None
    upstream: UpstreamSettings | None = None
    events: Path | None = None
    max_spool_bytes: int = 256 * MEBIBYTE
    spool_fsync: bool = False
    client_addresses: bool = True
    requests_per_second: float | None = None

    def __post_init__(self) -> None:
        """Check what belongs together.

        Raises:
            TypeError: ``requests_per_second`` is no number.
            ValueError: it is not positive; or events cannot be passed on, or are to be kept although nobody takes
                them.
        """
        limit = READ_REQUESTS_PER_SECOND("requests_per_second", self.requests_per_second)
        object.__setattr__(self, "requests_per_second", limit)
        takes_events = self.upstream is not None and self.upstream.takes_events
        if takes_events and self.project_key is None:
            msg = f"project {self.name!r} must have a project_key, by which the server upstream knows it"
            raise ValueError(msg)
        if self.events is not None and not takes_events:
            msg = f"project {self.name!r} has a folder for events, but no server upstream that takes events"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """A server.

    Attributes:
        projects: its projects, at least one; their keys differ.
        is_development: whether it shows its page, keeps captured events readable, and takes forced values
            in a header.
        control_key: the key of the control API; None: there is none.
        prefix: the path that it is mounted under, such as ``/ph``.
        origins: the origins that browsers may call from; ``*`` is all.
        allowed_hosts: in development, the names that the page, events and the control API are read by, besides
            literal addresses, ``localhost`` and the name that it listens at; ``*.example.com`` is every name
            below, ``*`` every name.
        max_body: the most bytes of a body, packed or unpacked; that of events has a limit of its own.
        max_events_body: the most bytes of a body with events.
        request_timeout: the seconds that a request may take to arrive.
        shutdown_timeout: the seconds that open requests and events have when the server stops.
        captured_events: how many events are kept readable in development.
        compare_with: a definitions file that the page compares with; None: only files that are given to it.
        access_log: ``json``, ``text`` or None.
        has_traces: whether OpenTelemetry gets a span for each request.
        connections: the limits of connections, for slow, broken and hostile clients.
    """

    projects: tuple[ProjectSettings, ...]
    is_development: bool = False
    control_key: str | None = field(default=None, repr=False)
    prefix: str = ""
    origins: tuple[str, ...] = ("*",)
    allowed_hosts: tuple[str, ...] = ()
    max_body: int = MEBIBYTE
    max_events_body: int = 20 * MEBIBYTE
    request_timeout: float = 10.0
    shutdown_timeout: float = 10.0
    captured_events: int = 1_000
    compare_with: Path | None = None
    access_log: Literal["json", "text"] | None = None
    has_traces: bool = False
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)

    def __post_init__(self) -> None:
        """Read the values, and check what belongs together.

        Raises:
            TypeError: a value is no number, or ``prefix``, an origin or a name of a host is no text.
            ValueError: a number is too small or too large; or there is no project, or two have the same name or
                key, or one of several has no key; or ``prefix`` is no path, one of ``origins`` no origin, or a
                name in ``allowed_hosts`` no name of a host.
        """
        for name, read in SERVER_READERS.items():
            object.__setattr__(self, name, read(name, getattr(self, name)))
        names = [each.name for each in self.projects]
        keys = [each.project_key for each in self.projects]
        if not self.projects:
            msg = "a server must have at least one project, got none"
            raise ValueError(msg)
        if len(set(names)) < len(names):
            msg = f"each project must have a name of its own, got {', '.join(names)}"
            raise ValueError(msg)
        if len(keys) > 1 and (None in keys or len(set(keys)) < len(keys)):
            msg = "each of several projects must have a project_key of its own"
            raise ValueError(msg)
