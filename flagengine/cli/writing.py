"""Files that commands write: whole or not at all."""

import os
from pathlib import Path
from tempfile import mkstemp

from flagengine.cli.trouble import Trouble

__all__ = ["write_whole"]


def write_whole(target: str, data: bytes) -> None:
    """Write a file by moving it into place, so that readers see the old or the new content.

    A link is followed. Raise `Trouble` if the file cannot be written; the old content then stays.
    """
    path = Path(os.path.realpath(target))
    if path.is_dir():
        raise Trouble(f"{target}: this is a directory, not a file")
    try:
        _moved(path, data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Trouble(f"cannot write {target!r}: {reason}") from None


def _moved(path: Path, data: bytes) -> None:
    if path.exists() and not path.is_file():  # such as /dev/stdout, which nothing may replace
        path.write_bytes(data)
        return
    descriptor, draft = mkstemp(prefix=f".{path.name[:50]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(_mode(path))
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, or those that a new file would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
