"""What the client uses of ``os``, ``fcntl``, ``pathlib``, ``shutil`` and ``tempfile``, on the simulated disk.

Whose descriptor and whose lock it is depends on the process of the running task. An attribute that
is not here raises AttributeError: the client has begun to use another part of the operating system,
which the simulation must learn first.
"""

import contextlib
import errno
import io
import os
import stat as real_stat

from .disk import Directory, Disk, File, Status, error, status
from .outside import Outside
from .violations import Killed


class Description:
    """An open file description; a fork shares it between two processes."""

    def __init__(self, file: File, path: str, flags: int) -> None:
        self.file = file
        self.path = path
        self.flags = flags
        self.offset = 0
        self.references = 1


class Files(Outside):
    """The operations on files, for the process of the running task."""

    def __init__(self, machine) -> None:
        self._machine = machine
        self.disk: Disk = machine.disk

    @property
    def process(self):
        return self._machine.scheduler.current.process

    @property
    def wall(self) -> float:
        return self._machine.clock.wall()

    def enter(self, operation: str, path: str) -> None:
        """Begin an operation: the place of preemption, of faults and of sudden death."""
        self._machine.scheduler.may_switch()
        process = self.process
        if process.is_dead:
            raise Killed
        if process.is_due_to_die():
            process.die()
            raise Killed
        self.disk.check(operation, path)

    # Descriptors.

    def open(self, path, flags: int, mode: int = 0o777) -> int:
        name = os.fspath(path)
        self.enter("open", name)
        if not flags & (os.O_WRONLY | os.O_RDWR):
            self.disk.check_sight(name, self._machine.scheduler.now)
        try:
            node = self.disk.find(name)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
            if self.disk.room() == 0:
                raise error(errno.ENOSPC, name) from None
            node = self.disk.make_file(name, self.wall)
        else:
            if flags & os.O_CREAT and flags & os.O_EXCL:
                raise error(errno.EEXIST, name)
        if isinstance(node, Directory):
            if flags & (os.O_WRONLY | os.O_RDWR):
                raise error(errno.EISDIR, name)
        elif flags & os.O_TRUNC:
            node.content.clear()
        return self.process.add(Description(node, name, flags))

    def close(self, descriptor: int) -> None:
        process = self.process
        if process.is_dead:
            raise Killed
        process.close(descriptor)

    def write(self, descriptor: int, data) -> int:
        description = self.process.description(descriptor)
        self.enter("write", description.path)
        size, file = len(data), description.file
        room = self.disk.room()
        if room is not None and size > room:
            # As much as fits; with nothing left, the error.
            if not room:
                raise error(errno.ENOSPC, description.path)
            size = room
        process = self.process
        if process.dies_in_write():
            size = self._machine.scheduler.draws.below(size + 1)
        elif size > 1 and self._machine.scheduler.draws.chance(0.02):
            size = self._machine.scheduler.draws.between(1, size)
        if description.flags & os.O_APPEND:
            description.offset = len(file.content)
        file.content[description.offset : description.offset + size] = bytes(data[:size])
        description.offset += size
        file.modified = self.wall
        if process.dies_in_write():
            process.die()
            raise Killed
        return size

    def read(self, descriptor: int, count: int) -> bytes:
        description = self.process.description(descriptor)
        self.enter("read", description.path)
        data = bytes(description.file.content[description.offset : description.offset + count])
        description.offset += len(data)
        return data

    def pread(self, descriptor: int, count: int, offset: int) -> bytes:
        description = self.process.description(descriptor)
        self.enter("read", description.path)
        return bytes(description.file.content[offset : offset + count])

    def lseek(self, descriptor: int, offset: int, whence: int) -> int:
        description = self.process.description(descriptor)
        base = {os.SEEK_SET: 0, os.SEEK_CUR: description.offset}.get(whence)
        description.offset = (len(description.file.content) if base is None else base) + offset
        return description.offset

    def fsync(self, descriptor: int) -> None:
        description = self.process.description(descriptor)
        self.enter("fsync", description.path)
        if isinstance(description.file, File):
            description.file.synced = bytes(description.file.content)

    fdatasync = fsync

    def ftruncate(self, descriptor: int, size: int) -> None:
        description = self.process.description(descriptor)
        self.enter("truncate", description.path)
        content = description.file.content
        del content[size:]
        content.extend(bytes(size - len(content)))

    def fstat(self, descriptor: int) -> Status:
        return status(self.process.description(descriptor).file)

    def fdopen(self, descriptor: int, mode: str = "r", **_options) -> io.BufferedIOBase:
        raw = _Raw(self, descriptor)
        if "+" in mode:
            return io.BufferedRandom(raw)
        return io.BufferedReader(raw) if "r" in mode else io.BufferedWriter(raw)

    # Paths.

    def stat(self, path, **_options) -> Status:
        if isinstance(path, int):
            return self.fstat(path)
        name = os.fspath(path)
        self.enter("stat", name)
        return status(self.disk.find(name))

    lstat = stat

    def unlink(self, path) -> None:
        name = os.fspath(path)
        self.enter("unlink", name)
        self.disk.remove(name, self.wall)

    remove = unlink

    def rmdir(self, path) -> None:
        name = os.fspath(path)
        self.enter("unlink", name)
        self.disk.remove(name, self.wall, directory=True)

    def mkdir(self, path, mode: int = 0o777) -> None:
        name = os.fspath(path)
        self.enter("mkdir", name)
        if self.disk.room() == 0:
            raise error(errno.ENOSPC, name)
        self.disk.make_directory(name, self.wall)

    def replace(self, old, new) -> None:
        self.enter("rename", os.fspath(old))
        self.disk.move(os.fspath(old), os.fspath(new), self.wall)

    rename = replace

    def listdir(self, path) -> list[str]:
        name = os.fspath(path)
        self.enter("list", name)
        node = self.disk.find(name)
        if not isinstance(node, Directory):
            raise error(errno.ENOTDIR, name)
        names = list(node.entries)
        # A real directory has no order either.
        self._machine.scheduler.draws.shuffle(names)
        return names

    def utime(self, target, times) -> None:
        if isinstance(target, int):
            node = self.process.description(target).file
            self.enter("utime", "")
        else:
            self.enter("utime", os.fspath(target))
            node = self.disk.find(os.fspath(target))
        node.modified = times[1]

    def chmod(self, path, _mode: int, **_options) -> None:
        self.stat(path)

    def access(self, path, _mode: int) -> bool:
        try:
            self.stat(path)
        except OSError:
            return False
        return True

    # Locks.

    def flock(self, descriptor: int, operation: int) -> None:
        """See ``fcntl.flock``: the lock belongs to the open file description."""
        description = self.process.description(descriptor)
        self.enter("lock", description.path)
        file = description.file
        if operation & Flock.LOCK_UN:
            if file.lock_holder is description:
                file.lock_holder = None
        elif file.lock_holder in (None, description):
            file.lock_holder = description
        else:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def rmtree(self, path, *, ignore_errors: bool = False, **_options) -> None:
        """See ``shutil.rmtree``."""
        swallow = contextlib.suppress(OSError) if ignore_errors else contextlib.nullcontext()
        for name in list(self.disk.tree(os.fspath(path))):
            with swallow:
                (self.rmdir if self.stat(name).st_mode & real_stat.S_IFDIR else self.unlink)(name)
        with swallow:
            self.rmdir(path)

    def mkstemp(self, suffix: str = "", prefix: str = "tmp", dir=None) -> tuple[int, str]:  # noqa: A002
        """See ``tempfile.mkstemp``."""
        name = f"{os.fspath(dir)}/{prefix}{self._machine.new_name()}{suffix}"
        return self.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), name


class _Raw(io.RawIOBase):
    """The raw file below Python's buffers."""

    def __init__(self, files: Files, descriptor: int) -> None:
        self._files = files
        self._descriptor = descriptor
        # Closing may happen late, by the garbage collector, while another process runs.
        self._process = files.process

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._files.lseek(self._descriptor, offset, whence)

    def readinto(self, buffer) -> int:
        data = self._files.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data) -> int:
        return self._files.write(self._descriptor, data)

    def truncate(self, size: int | None = None) -> int:
        self._files.ftruncate(self._descriptor, size or 0)
        return size or 0

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._process.close(self._descriptor)


class Flock:
    """The constants of ``fcntl``."""

    LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8
    FD_CLOEXEC, F_GETFD, F_SETFD = 1, 1, 2


class SimulatedOs(Outside):
    """The module ``os``: constants, the environment and paths are real; files are simulated."""

    def __init__(self, machine) -> None:
        self._files = machine.files
        self._machine = machine

    def __getattr__(self, name: str):
        # Reached once for each name.
        if name.startswith(("O_", "SEEK_", "F_", "R_", "W_", "X_")) or name in _REAL:
            found = getattr(os, name)
        elif name in _SIMULATED:
            found = getattr(self._files, name)
        else:
            message = f"the simulated os has no {name}: add it to tests/simulation/files.py"
            raise AttributeError(message)
        setattr(self, name, found)
        return found

    def getpid(self) -> int:
        task = self._machine.scheduler.current
        return task.process.pid if task is not None else 0

    def urandom(self, size: int) -> bytes:
        return self._machine.scheduler.draws.data(size)


_REAL = frozenset(
    {"environ", "path", "fspath", "fsencode", "fsdecode", "PathLike", "name", "sep", "getuid", "geteuid",
     "strerror", "register_at_fork", "getcwd", "linesep", "cpu_count", "devnull", "stat_result", "getenv"}
)  # fmt: skip
_SIMULATED = frozenset(
    {"open", "close", "write", "read", "pread", "lseek", "fsync", "fdatasync", "ftruncate", "fstat",
     "fdopen", "stat", "lstat", "unlink", "remove", "rmdir", "mkdir", "replace", "rename", "listdir",
     "utime", "chmod", "access"}
)  # fmt: skip


class SimulatedFcntl(Flock):
    """The module ``fcntl``."""

    def __init__(self, files: Files) -> None:
        self.flock = files.flock

    def fcntl(self, *_arguments) -> int:
        """Do nothing: no program is started that could inherit a descriptor."""
        return 0
