"""The part of a configuration that is about one project: where its definitions come from, and its events go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..http.hosts import base_url
from ..http.live import LiveTransport
from ..option_values.addresses import read_host
from ..option_values.keys import read_project_key
from ..option_values.quantities import Count, Seconds, read_boolean
from ..option_values.texts import read_name, read_names, read_path, read_time_zone
from ..polling.health import StalenessBudget
from ..polling.sources.base import DefinitionSource
from ..polling.sources.cache import FlagDefinitionCacheProvider
from ..polling.sources.file import FileDefinitions
from ..polling.sources.host_cache import HostFlagCache
from ..polling.sources.http import HttpDefinitions
from .keys import Environment, keys_of
from .settings import READ_REQUESTS_PER_SECOND, ProjectSettings, Reader, UpstreamSettings

__all__ = ["PROJECT_SETTINGS", "path_in", "project_of"]

_FILE_INTERVAL: Final = 1.0
_POLL_INTERVAL: Final = 30.0
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


def _url(name: str, given: Any) -> str:
    return base_url(read_host(name, read_name(name, given)))


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


def project_of(
    place: str, given: dict[str, Any], environment: Environment, folder: Path
) -> ProjectSettings:
    """Return the project that a table has, whose values are read; ``place`` is what messages call the table.

    Raises:
        ValueError: settings do not go together, or a key or a variable is missing.
    """
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
    stale, expired = given.get("stale_after", max(90.0, 3 * interval)), given.get("expired_after")
    if expired is not None and expired < stale:
        msg = f"{place}.expired_after must be at least stale_after ({stale:g}), got {expired:g}"
        raise ValueError(msg)
    return ProjectSettings(
        name=given.get("name") or given.get("project_key") or "default",
        project_key=given.get("project_key"),
        secret_keys=secrets,
        source=_source(place, given, secrets, folder),
        cache=_cache(place, given, environment, folder),
        poll_interval=interval,
        staleness=StalenessBudget(stale, expired),
        complete=given.get("complete", not asks),
        project_timezone=given.get("timezone", "UTC"),
        overrides=path_in(given, "overrides", folder),
        upstream=upstream,
        events=path_in(given, "events", folder),
        **{name: given[name] for name in _OF_PROJECT_AS_GIVEN if name in given},
    )


def path_in(given: Mapping[str, Any], name: str, folder: Path) -> Path | None:
    """Return a path in a table, which begins at the folder; None without it."""
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
