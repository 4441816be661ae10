"""The configuration of a server: a TOML file, or the options of a command in the same form.

No key is in it: it names the environment variables or files that have the keys.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from ..http.hosts import base_url
from ..http.live import LiveTransport
from ..option_values.addresses import read_host
from ..option_values.keys import read_project_key
from ..option_values.quantities import Count, Seconds, read_boolean
from ..option_values.texts import Word, read_name, read_names, read_path, read_time_zone
from ..polling.health import StalenessBudget
from ..polling.sources.base import DefinitionSource
from ..polling.sources.cache import FlagDefinitionCacheProvider
from ..polling.sources.file import FileDefinitions
from ..polling.sources.host_cache import HostFlagCache
from ..polling.sources.http import HttpDefinitions
from ..spelling import did_you_mean
from .connections.limits import ConnectionLimits
from .keys import Environment, keys_of, one_key
from .settings import (
    READ_REQUESTS_PER_SECOND,
    SERVER_READERS,
    ProjectSettings,
    Reader,
    ServerSettings,
    UpstreamSettings,
)

__all__ = [
    "PROJECT_SETTINGS",
    "SERVER_SETTINGS",
    "Configuration",
    "configuration_of",
    "read_configuration",
]

DEFAULT_PORT: Final = 8765
_FILE_INTERVAL: Final = 1.0
_POLL_INTERVAL: Final = 30.0


@dataclass(frozen=True, slots=True)
class Configuration:
    """A server's settings, and the address and port that it listens at."""

    settings: ServerSettings
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT


def _url(name: str, given: Any) -> str:
    return base_url(read_host(name, read_name(name, given)))


SERVER_SETTINGS: Final[Mapping[str, Reader]] = {
    "host": read_name,
    "port": Count(DEFAULT_PORT, least=0, most=65_535),
    "development": read_boolean,
    "control_key_env": read_name,
    "control_key_file": read_path,
    **SERVER_READERS,
    "origins": read_names,
    "header_timeout": Seconds(10),
    "keep_alive_timeout": Seconds(75),
    "write_timeout": Seconds(30),
    "max_connections": Count(16_384),
    "max_header_bytes": Count(32_768, least=1_024),
    "max_headers": Count(100),
    "max_held_bodies": Count(134_217_728, least=1_024),
    "compare_with": read_path,
    "access_log": Word(("json", "text", "none")),
    "traces": read_boolean,
}
_AS_GIVEN: Final = (*SERVER_READERS, "origins")
"""What of a server goes into its settings as it is."""
_OF_PROJECT_AS_GIVEN: Final = (
    "max_spool_bytes",
    "spool_fsync",
    "client_addresses",
    "requests_per_second",
)
_OF_UPSTREAM: Final = {
    "upstream_flags": "answers_flags",
    "upstream_events": "takes_events",
    "upstream_timeout": "flags_timeout",
    "remember_flags": "remember_flags",
}
"""By setting about the server upstream: its name in `UpstreamSettings`."""
_OF_EVENTS: Final = ("events", "max_spool_bytes", "spool_fsync")
_OF_CONNECTIONS: Final = tuple(each.name for each in fields(ConnectionLimits))

PROJECT_SETTINGS: Final[Mapping[str, Reader]] = {
    "name": read_name,
    "project_key": read_project_key,
    "secret_key_env": read_names,
    "secret_key_file": read_names,
    "definitions": read_path,
    "upstream": _url,
    "upstream_flags": read_boolean,
    "upstream_events": read_boolean,
    "upstream_timeout": Seconds(3),
    "remember_flags": Seconds(10, least=0),
    "poll_interval": Seconds(_POLL_INTERVAL, least=0.1),
    "stale_after": Seconds(90),
    "expired_after": Seconds(600),
    "redis_url_env": read_name,
    "shared_folder": read_path,
    "complete": read_boolean,
    "timezone": read_time_zone,
    "overrides": read_path,
    "events": read_path,
    "max_spool_bytes": Count(268_435_456, least=1_048_576),
    "spool_fsync": read_boolean,
    "client_addresses": read_boolean,
    "requests_per_second": READ_REQUESTS_PER_SECOND,
}


def read_configuration(file: Path, environment: Environment = os.environ) -> Configuration:
    """Return the configuration in a TOML file; paths in it begin at its folder.

    Raises:
        ValueError: the file cannot be read, is no TOML, or has a wrong value; the message says where.
    """
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{file}: {error.strerror or type(error).__name__}"
        raise ValueError(msg) from None
    except ValueError as error:
        msg = f"{file}: must be TOML: {error}"
        raise ValueError(msg) from None
    try:
        return configuration_of(document, environment, file.parent)
    except (ValueError, TypeError) as error:
        msg = f"{file}: {error}"
        raise ValueError(msg) from None


def configuration_of(
    document: Mapping[str, Any], environment: Environment = os.environ, folder: Path = Path()
) -> Configuration:
    """Return the configuration in a mapping with ``server``, a mapping, and ``projects``, a list of mappings.

    Raises:
        ValueError: a value is wrong, or a key is missing in the environment; the message says where.
        TypeError: a value has the wrong type.
    """
    _check_names("", document, ("server", "projects"))
    server = _read("server", document.get("server", {}), SERVER_SETTINGS)
    projects = document.get("projects")
    if not isinstance(projects, list) or not projects:
        msg = "projects must be a list of at least one project, as [[projects]] begins each"
        raise ValueError(msg)
    read = [_read(f"projects[{at}]", each, PROJECT_SETTINGS) for at, each in enumerate(projects)]
    made = [_project(f"projects[{at}]", each, environment, folder) for at, each in enumerate(read)]
    return Configuration(
        _server(server, tuple(made), environment, folder),
        **{name: server[name] for name in ("host", "port") if name in server},
    )


def _read(place: str, given: Any, readers: Mapping[str, Reader]) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        msg = f"{place} must be a table of settings, got {type(given).__name__}"
        raise TypeError(msg)
    _check_names(f"{place}.", given, readers)
    return {name: readers[name](f"{place}.{name}", value) for name, value in given.items()}


def _check_names(place: str, given: Mapping[str, Any], known: Any) -> None:
    for name in given:
        if name not in known:
            msg = f"there is no setting {place}{name}{did_you_mean(name, known)}"
            raise ValueError(msg)


def _server(
    given: dict[str, Any],
    projects: tuple[ProjectSettings, ...],
    environment: Environment,
    folder: Path,
) -> ServerSettings:
    control = one_key(
        "server.control_key",
        given.get("control_key_env"),
        given.get("control_key_file"),
        environment,
        folder,
    )
    passed = {name: given[name] for name in _AS_GIVEN if name in given}
    limits = {name: given[name] for name in _OF_CONNECTIONS if name in given}
    access_log = given.get("access_log", "none")
    return ServerSettings(
        projects=projects,
        is_development=given.get("development", False),
        control_key=control,
        has_traces=given.get("traces", False),
        access_log=None if access_log == "none" else access_log,
        connections=ConnectionLimits(**limits),
        compare_with=_path(given, "compare_with", folder),
        **passed,
    )


def _project(
    place: str, given: dict[str, Any], environment: Environment, folder: Path
) -> ProjectSettings:
    secrets = keys_of(
        f"{place}.secret_key",
        given.get("secret_key_env", ()),
        given.get("secret_key_file", ()),
        environment,
        folder,
    )
    upstream = _upstream(place, given)
    if upstream is None or not upstream.takes_events:
        for name in _OF_EVENTS:
            if name in given:
                msg = f"{place}.{name} is about events that wait for {place}.upstream, which takes none"
                raise ValueError(msg)
    asks = upstream is not None and upstream.answers_flags
    from_file = "definitions" in given
    interval = given.get("poll_interval", _FILE_INTERVAL if from_file else _POLL_INTERVAL)
    staleness = StalenessBudget(
        given.get("stale_after", max(90.0, 3 * interval)), given.get("expired_after")
    )
    return ProjectSettings(
        name=given.get("name") or given.get("project_key") or "default",
        project_key=given.get("project_key"),
        secret_keys=secrets,
        source=_source(place, given, secrets, folder),
        cache=_cache(place, given, environment, folder),
        poll_interval=interval,
        staleness=staleness,
        complete=given.get("complete", not asks),
        project_timezone=given.get("timezone", "UTC"),
        overrides=_path(given, "overrides", folder),
        upstream=upstream,
        events=_path(given, "events", folder),
        **{name: given[name] for name in _OF_PROJECT_AS_GIVEN if name in given},
    )


def _path(given: Mapping[str, Any], name: str, folder: Path) -> Path | None:
    return folder / given[name] if name in given else None


def _upstream(place: str, given: dict[str, Any]) -> UpstreamSettings | None:
    if "upstream" not in given:
        for name in _OF_UPSTREAM:
            if name in given:
                msg = f"{place}.{name} needs {place}.upstream, the address of the server that it is about"
                raise ValueError(msg)
        return None
    if not given.get("project_key"):
        msg = f"{place}.upstream needs {place}.project_key, by which that server knows the project"
        raise ValueError(msg)
    return UpstreamSettings(
        host=given["upstream"],
        **{own: given[name] for name, own in _OF_UPSTREAM.items() if name in given},
    )


def _source(
    place: str, given: dict[str, Any], secrets: tuple[str, ...], folder: Path
) -> DefinitionSource | None:
    if "definitions" in given:
        return FileDefinitions(folder / given["definitions"])
    if "upstream" in given:
        if not secrets:
            msg = f"{place}.upstream needs {place}.secret_key_env, which may read the definitions there"
            raise ValueError(msg)
        return HttpDefinitions(
            LiveTransport(),
            host=given["upstream"],
            project_key=given["project_key"],
            secret_key=secrets[0],
        )
    if "redis_url_env" in given or "shared_folder" in given:
        return None
    msg = f"{place} must have definitions, a file, or upstream, the address of a server"
    raise ValueError(msg)


def _cache(
    place: str, given: dict[str, Any], environment: Environment, folder: Path
) -> FlagDefinitionCacheProvider | None:
    name = given.get("project_key") or given.get("name") or "default"
    if "redis_url_env" in given and "shared_folder" in given:
        msg = f"{place} must have either redis_url_env or shared_folder, got both"
        raise ValueError(msg)
    if "shared_folder" in given:
        return HostFlagCache(name, directory=folder / given["shared_folder"])
    if "redis_url_env" in given:
        variable = given["redis_url_env"]
        url = environment.get(variable, "").strip()
        if not url:
            msg = f"{place}.redis_url_env names {variable}, which is not set"
            raise ValueError(msg)
        return _redis(f"{place}.redis_url_env", url, name)
    return None


def _redis(place: str, url: str, name: str) -> FlagDefinitionCacheProvider:
    from flagengine import extra_for  # noqa: PLC0415 for few servers

    with extra_for("a cache in Redis"):
        import redis  # noqa: PLC0415 the same

    from ..polling.sources.redis_cache import RedisFlagCache  # noqa: PLC0415 the same

    try:
        client = redis.Redis.from_url(url)
    except ValueError:
        msg = f"{place} must name a variable with an address such as redis://redis:6379/0"
        raise ValueError(msg) from None
    return RedisFlagCache(client, prefix=f"flagengine:{name}", closes_client=True)
