"""The class ``Path`` on the simulated disk."""

import io
import os
import stat
from pathlib import PurePosixPath

from .disk import Status
from .files import Files

__all__ = ["path_class"]


def path_class(files: Files) -> type:  # noqa: C901 - a class, whose methods are short
    """Return the class ``Path`` on the simulated disk."""

    class SimulatedPath(PurePosixPath):
        __slots__ = ()

        def open(self, mode: str = "r", **_options):
            flags = os.O_RDONLY
            if "w" in mode:
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            elif "a" in mode:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            elif "+" in mode:
                flags = os.O_RDWR
            raw = files.fdopen(files.open(self, flags), mode)
            return raw if "b" in mode else io.TextIOWrapper(raw, encoding="utf-8")

        def read_bytes(self) -> bytes:
            with self.open("rb") as file:
                return file.read()

        def write_bytes(self, data: bytes) -> int:
            with self.open("wb") as file:
                return file.write(data)

        def read_text(self, encoding: str = "utf-8", **_options) -> str:
            return self.read_bytes().decode(encoding)

        def write_text(self, text: str, encoding: str = "utf-8", **_options) -> int:
            return self.write_bytes(text.encode(encoding))

        def stat(self, **_options) -> Status:
            return files.stat(self)

        lstat = stat

        def _is(self, kind: int) -> bool:
            try:
                return stat.S_IFMT(self.stat().st_mode) == kind
            except (FileNotFoundError, NotADirectoryError):
                return False

        def exists(self, **_options) -> bool:
            try:
                self.stat()
            except (FileNotFoundError, NotADirectoryError):
                return False
            return True

        def is_dir(self, **_options) -> bool:
            return self._is(stat.S_IFDIR)

        def is_file(self, **_options) -> bool:
            return self._is(stat.S_IFREG)

        def is_symlink(self) -> bool:
            return False

        def iterdir(self):
            return (self / name for name in files.listdir(self))

        def glob(self, pattern: str):
            try:
                files.enter("list", str(self))
                return iter([self / name for name in files.disk.matching(str(self), pattern)])
            except OSError:
                # As pathlib: a folder that cannot be read has nothing in it.
                return iter(())

        def mkdir(
            self, mode: int = 0o777, *, parents: bool = False, exist_ok: bool = False
        ) -> None:
            try:
                files.mkdir(self, mode)
            except FileNotFoundError:
                if not parents or self.parent == self:
                    raise
                self.parent.mkdir(parents=True, exist_ok=True)
                self.mkdir(mode, exist_ok=exist_ok)
            except FileExistsError:
                if not exist_ok or not self.is_dir():
                    raise

        def unlink(self, *, missing_ok: bool = False) -> None:
            try:
                files.unlink(self)
            except FileNotFoundError:
                if not missing_ok:
                    raise

        def rmdir(self) -> None:
            files.rmdir(self)

        def rename(self, target):
            files.replace(self, target)
            return type(self)(target)

        replace = rename

        def touch(self, **_options) -> None:
            files.close(files.open(self, os.O_WRONLY | os.O_CREAT))

        def chmod(self, mode: int, **_options) -> None:
            files.chmod(self, mode)

        def resolve(self, **_options):
            return self

        absolute = expanduser = resolve

    SimulatedPath.__name__ = "Path"
    return SimulatedPath
