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

from ..option_values.quantities import Count, Seconds, read_boolean
from ..option_values.texts import Word, read_name, read_path
from ..spelling import did_you_mean
from .connections.limits import ConnectionLimits
from .keys import Environment, one_key
from .project_configuration import PROJECT_SETTINGS, path_in, project_of
from .settings import (
    SERVER_READERS,
    ProjectSettings,
    Reader,
    ServerSettings,
)

__all__ = [
    "SERVER_SETTINGS",
    "Configuration",
    "configuration_of",
    "read_configuration",
]

DEFAULT_PORT: Final = 8765


@dataclass(frozen=True, slots=True)
class Configuration:
    """A server's settings, and the address and port that it listens at."""

    settings: ServerSettings
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT


SERVER_SETTINGS: Final[Mapping[str, Reader]] = {
    "host": read_name,
    "port": Count(DEFAULT_PORT, least=0, most=65_535),
    "development": read_boolean,
    "control_key_env": read_name,
    "control_key_file": read_path,
    **SERVER_READERS,
    "header_timeout": Seconds(10),
    "keep_alive_timeout": Seconds(75),
    "write_timeout": Seconds(30),
    "max_connections": Count(16_384),
    "max_streams": Count(8_192),
    "max_header_bytes": Count(32_768, least=1_024),
    "max_headers": Count(100),
    "max_held_bodies": Count(134_217_728, least=1_024),
    "compare_with": read_path,
    "access_log": Word(("json", "text", "none")),
    "traces": read_boolean,
}
_OF_CONNECTIONS: Final = tuple(each.name for each in fields(ConnectionLimits))


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
    made = [
        project_of(f"projects[{at}]", each, environment, folder) for at, each in enumerate(read)
    ]
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
    passed = {name: given[name] for name in SERVER_READERS if name in given}
    limits = {name: given[name] for name in _OF_CONNECTIONS if name in given}
    access_log = given.get("access_log", "none")
    return ServerSettings(
        projects=projects,
        is_development=given.get("development", False),
        control_key=control,
        has_traces=given.get("traces", False),
        access_log=None if access_log == "none" else access_log,
        connections=ConnectionLimits(**limits),
        compare_with=path_in(given, "compare_with", folder),
        **passed,
    )
