"""A folder in which no other user can write, and so change flags."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["UnsafeDirectoryError", "check_private", "make_private"]


class UnsafeDirectoryError(OSError):
    """The error for a directory in which other users can write, and so could change flags."""


def make_private(directory: Path) -> None:
    """Make sure that `directory` exists and that no other user can write to it.

    Raises:
        UnsafeDirectoryError: another user could write to it, or it is no directory.
        OSError: it cannot be made.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(directory)


def check_private(directory: Path) -> None:
    """Make sure that no other user can write to `directory`, which exists.

    Raises:
        UnsafeDirectoryError: another user could write to it, or it is no directory.
        OSError: it cannot be looked at.
    """
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode):
        msg = f"{directory} is not a directory"
        raise UnsafeDirectoryError(msg)
    if not hasattr(os, "geteuid"):
        # The mode of a folder says nothing on Windows, where the folders above it decide.
        return
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        msg = f"{directory} must belong to this user and must not be writable by other users"
        raise UnsafeDirectoryError(msg)
