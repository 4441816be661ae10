"""Whether the folders and files that settings name can be used, asked before a server starts.

A server that runs answers 503 while a folder fails, because the folder may be mended. At the start there is
somebody to tell. The files of definitions and forced values are read elsewhere.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flagengine import Snapshot, SnapshotError

from ..polling.sources.host_cache import HostFlagCache
from ..polling.sources.private_folder import check_private, make_private
from .events.lanes import folders_of
from .settings import ServerSettings

__all__ = ["check_paths", "make_folders"]


def check_paths(settings: ServerSettings) -> None:
    """Check the folders of events and of shared definitions, and the file to compare with; leave nothing behind.

    A folder that is missing is judged by the nearest one above it, in which it would be made.

    Raises:
        ValueError: one cannot be used; the message says which setting names it, its path, and why.
    """
    for place, folders, is_shared in _folders(settings):
        for folder in folders:
            why = _why_unusable(folder)
            if why is None and is_shared and os.path.lexists(folder):
                why = _why_open_to_others(folder)
            if why is not None:
                raise _wrong_folder(place, folders[0], why)
    if settings.compare_with is not None:
        _check_definitions("server.compare_with", settings.compare_with)


def make_folders(settings: ServerSettings) -> None:
    """Make the folders of events and of shared definitions, and try to write into each.

    Raises:
        ValueError: that fails; the message says which setting names the folder, its path, and why.
    """
    for place, folders, is_shared in _folders(settings):
        folder = folders[0]
        try:
            if is_shared:
                make_private(folder)
            else:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise _wrong_folder(place, folder, _reason(error)) from None


def _folders(settings: ServerSettings) -> Iterator[tuple[str, list[Path], bool]]:
    """Yield each folder with the setting that names it, what will be made in it, and whether it is shared."""
    for at, project in enumerate(settings.projects):
        if project.events is not None:
            yield f"projects[{at}].events", [project.events, *folders_of(project)], False
        if isinstance(project.cache, HostFlagCache):
            yield f"projects[{at}].shared_folder", [project.cache.directory], True


def _why_unusable(folder: Path) -> str | None:
    """Return why nobody can write into a folder, or make it; None if that can be done, as far as can be seen."""
    nearest = next((each for each in (folder, *folder.parents) if os.path.lexists(each)), Path())
    if not _is_folder(nearest):
        return f"{nearest} is not a folder"
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        return f"{nearest} is not writable for this user"
    return None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # it is a link to a place that this user may not look at
        return False


def _why_open_to_others(folder: Path) -> str | None:
    try:
        check_private(folder)
    except OSError as error:
        return _reason(error)
    return None


def _check_definitions(place: str, file: Path) -> None:
    try:
        Snapshot.parse(file.read_text(encoding="utf-8"))
    except OSError as error:
        why = _reason(error)
    except UnicodeDecodeError:
        why = "it is not UTF-8"
    except SnapshotError as error:
        why = str(error)
    else:
        return
    msg = f"{place} must be a definitions file, got {file}: {why}"
    raise ValueError(msg)


def _wrong_folder(place: str, folder: Path, why: str) -> ValueError:
    why = f"it{why[len(str(folder)) :]}" if why.startswith(f"{folder} ") else why
    return ValueError(f"{place} must be a folder that can be written, got {folder}: {why}")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
