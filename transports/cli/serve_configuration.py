"""The configuration of ``flagengine serve``: a file's, or what the options of the command line say."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flagengine.cli.reading import read_snapshot
from flagengine.cli.trouble import Trouble

from .keys import PROJECT_VARIABLES, SECRET_VARIABLES

if TYPE_CHECKING:  # not for the help
    from ..server.configuration import Configuration

__all__ = ["configuration_from", "in_words_of"]


def configuration_from(
    source: str | None, config: str | None, given: dict[str, Any], options: Mapping[str, str]
) -> Configuration:
    """Return the configuration of a command line.

    Args:
        source: the definitions file; None if none is given.
        config: the file with all settings; None if none is given.
        given: the other options that are given, by the name of their setting.
        options: the option of each setting, such as ``--poll-interval`` of ``poll_interval``.

    Raises:
        Trouble: something is missing, wrong, or cannot stand beside ``config``; or a package is not installed.
    """
    try:
        from ..server import configuration  # noqa: PLC0415 not for the help
    except ModuleNotFoundError as error:
        raise Trouble(str(error)) from None
    try:
        if config is None:
            document = _document(source, given, configuration.SERVER_SETTINGS)
            return configuration.configuration_of(document)
        listen = {name: given.pop(name) for name in ("host", "port") if name in given}
        if source is not None or given:
            names = [] if source is None else ["FILE"]
            names += [option for name, option in options.items() if name in given]
            raise Trouble(
                f"--config has all settings, so these cannot be given beside it: {', '.join(names)}"
            )
        return replace(configuration.read_configuration(Path(config)), **listen)
    except (ValueError, TypeError) as error:
        message = str(error)
        raise Trouble(in_words_of(options, message) if config is None else message) from None
    except ModuleNotFoundError as error:
        raise Trouble(str(error)) from None


def _document(
    source: str | None, given: dict[str, Any], of_server: Container[str]
) -> dict[str, Any]:
    """Return the options in the form of a configuration file; ``of_server`` has the server's settings."""
    if source is None and "upstream" not in given:
        raise Trouble("serve needs a definitions FILE, --upstream, or --config")
    if source is not None:
        read_snapshot(source)  # so that a mistake in it is said now, and in full
    server: dict[str, Any] = {}
    project: dict[str, Any] = {}
    for name, value in given.items():
        table = server if name in of_server else project
        table[name] = list(value) if isinstance(value, tuple) else value
    if source is not None:
        project["definitions"] = source
        server.setdefault("development", "upstream" not in project)
    if "upstream" in project:
        _add_keys(project)
    return {"server": server, "projects": [project]}


def _add_keys(project: dict[str, Any]) -> None:
    """Name the variables in which the keys usually are."""
    if "project_key" not in project:
        found = next((os.environ[name] for name in PROJECT_VARIABLES if os.environ.get(name)), None)
        if found is None:
            names = " or ".join(PROJECT_VARIABLES)
            raise Trouble(f"the project key is missing: give --project-key phc_..., or set {names}")
        project["project_key"] = found
    if "secret_key_env" not in project and "secret_key_file" not in project:
        named = next((name for name in SECRET_VARIABLES if os.environ.get(name)), None)
        if named is None:
            names = " or ".join(SECRET_VARIABLES)
            raise Trouble(
                f"the secret key is missing: set {names}, or name another variable with --secret-key-env"
            )
        project["secret_key_env"] = [named]


def in_words_of(options: Mapping[str, str], message: str) -> str:
    """Return a message about settings with the names of options, where the settings were options."""
    for name, option in options.items():
        message = message.replace(f"projects[0].{name}", option).replace(f"server.{name}", option)
    return message
