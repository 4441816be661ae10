"""What ``flagengine serve`` checks before it runs: folders and files that its settings name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flagengine.cli.trouble import Trouble

from .serve_configuration import in_words_of

if TYPE_CHECKING:  # not for the help
    from ..server.configuration import Configuration

__all__ = ["check_definitions", "check_paths"]


def check_paths(
    chosen: Configuration,
    config: str | None,
    options: Mapping[str, str],
    *,
    makes_folders: bool,
) -> None:
    """Check that the folders and files in the settings can be used, while somebody reads what is said.

    Raises:
        Trouble: one cannot be used; the message names the option, or the setting in the file ``config``.
    """
    from ..server import usable_paths  # noqa: PLC0415 not for the help

    try:
        usable_paths.check_paths(chosen.settings)
        if makes_folders:
            usable_paths.make_folders(chosen.settings)
    except ValueError as error:
        message = str(error)
        shown = in_words_of(options, message) if config is None else f"{config}: {message}"
        raise Trouble(shown) from None


def check_definitions(chosen: Configuration, config: str) -> None:
    """Read the definitions that are in files, which a server that runs would wait for.

    Raises:
        Trouble: a file cannot be read, or has no definitions document.
    """
    from flagengine import Snapshot, SnapshotError  # noqa: PLC0415 not for the help

    from ..polling.fetch_results import Failed, Loaded  # noqa: PLC0415 the same
    from ..polling.sources.file import FileDefinitions  # noqa: PLC0415 the same

    for at, project in enumerate(chosen.settings.projects):
        if not isinstance(project.source, FileDefinitions):
            continue
        found = project.source.fetch(None)
        if isinstance(found, Loaded):
            try:
                Snapshot.parse(found.document)
            except SnapshotError as error:
                found = found.malformed(str(error))
        if isinstance(found, Failed):
            raise Trouble(f"{config}: projects[{at}].definitions: {found.message}")
