"""Simulated processes: start, fork, sudden death and exit of a program that uses a client."""

import errno
import math
import threading
import types
from collections.abc import Callable
from copy import _deepcopy_atomic, _deepcopy_dispatch, deepcopy  # type: ignore[attr-defined]

from flagengine import Snapshot
from flagengine.transports.batching.event import Event
from flagengine.transports.client.client import Client
from flagengine.transports.errors import TransportError

from .disk import error
from .files import Description
from .outside import Outside
from .violations import Killed

EXIT_BUDGET = 1.0


class Process(Outside):
    """A process. Its client is made by its first task."""

    def __init__(self, machine, make_client: Callable[["Process"], Client]) -> None:
        self.machine = machine
        self.pid = len(machine.processes) + 1
        self.make_client = make_client
        self.client: Client | None = None
        self.is_dead = False
        self.is_reaped = False
        # The objects that asked to be told of forks and of the exit.
        self.watched: list = []
        self._descriptors: dict[int, Description] = {}
        self._next_descriptor = 3
        # What the observer wants to know of it.
        self.lanes: set[str] = set()
        self.is_closing = False
        self.is_killed = self.is_exiting = False
        self.lacked_threads = machine.threading.is_exhausted
        self.disk_has_failed = machine.disk.is_damaged or not machine.disk.is_healthy
        # How many calls of ``capture`` are going on, and whether an event may or may not be queued.
        self.calls = 0
        # How many reads of flags are going on.
        self.reads = 0
        self.is_unsure = False
        self.has_discarded = self.has_shut_down = False
        # How many calls are going on that send at once.
        self.flushes = 0
        self.began_at = machine.scheduler.now
        # When the last call ended that sends at once, and when ``on_error`` was called last.
        self.flushed_at = self.told_at = -math.inf
        # When the calls of ``flush`` began that have not returned.
        self.flushing: list[float] = []
        # How many losses of accepted events ``on_error`` has told.
        self.told_losses = 0
        # How many events of dead processes it has brought to an end.
        self.foreign_ends = 0
        # Operations on files until sudden death; None: it does not come.
        self.operations_left: int | None = None
        self._dies_in_write = False
        machine.processes.append(self)

    def start(self) -> None:
        """Make the client."""

        def begin() -> None:
            self.client = self.make_client(self)

        self.run("main", begin)

    def run(self, name: str, function: Callable[[], object]):
        """Run a function of the application on a thread of its own."""
        return self.machine.scheduler.start(name, self, function)

    @property
    def lanes_used(self) -> int:
        """The number of lanes that have had an event."""
        return len(self.lanes)

    @property
    def tasks(self) -> list:
        """The threads of this process."""
        return [task for task in self.machine.scheduler.tasks if task.process is self]

    # Death.

    def is_due_to_die(self) -> bool:
        """Count an operation on a file; return whether the process dies before it."""
        if self.operations_left is None:
            return False
        self.operations_left -= 1
        return self.operations_left < 0

    def dies_in_write(self) -> bool:
        """Return whether the process dies in the middle of the next write."""
        return self._dies_in_write

    def set_trap(self, operations: int, *, in_write: bool) -> None:
        """Let the process die before the operation with this number, or in its next write."""
        if in_write:
            self._dies_in_write = True
        else:
            self.operations_left = operations

    def die(self) -> None:
        """Die at once: no code of the process runs any more, its files and locks are released."""
        if self.is_dead:
            return
        self.machine.note("dies", self.pid)
        self.machine.observer.before_death(self)
        self.is_dead = True
        for descriptor in list(self._descriptors):
            self.close(descriptor)

    def exit(self) -> None:
        """Wait for the application's threads and run the exit hooks, as the end of a program does."""
        if self.is_exiting:
            return
        self.is_exiting = True
        me = self.machine.scheduler.current
        while others := [
            task for task in self.tasks if task is not me and task.name.startswith("app-")
        ]:
            others[0].joiners.append(me)
            self.machine.scheduler.block("the application's threads")
        self.is_closing = True
        self.begin_flush()
        began = self.machine.scheduler.now
        for watched in list(self.watched):
            watched.at_exit(max(0.0, began + EXIT_BUDGET - self.machine.scheduler.now))
        self.machine.observer.exited(self, began)
        self.die()
        raise Killed

    def begin_flush(self) -> None:
        """Note that a call begins that sends without waiting for the backoff."""
        self.flushes += 1
        self.machine.observer.delivery.flushed(self)

    def end_flush(self) -> None:
        """Note that the call has returned."""
        self.flushes -= 1
        self.flushed_at = self.machine.scheduler.now
        self.machine.observer.delivery.flushed(self)

    def fork(self) -> "Process":
        """Return a copy of the process, in which only the calling thread goes on."""
        child = Process(self.machine, self.make_client)
        child._next_descriptor = self._next_descriptor
        for number, description in self._descriptors.items():
            description.references += 1
            child._descriptors[number] = description
        child.lanes, child.is_closing = set(self.lanes), self.is_closing
        client, child.watched = _copied((self.client, self.watched))
        self.machine.observer.flags.forked(self, child)
        self.machine.observer.breaker.forked(self, child)
        hooks = list(child.watched)
        self.machine.scheduler.draws.shuffle(hooks)

        def go_on() -> None:
            for watched in hooks:
                watched.after_fork()
            child.client = client

        child.run("child", go_on)
        return child

    # Descriptors.

    def add(self, description: Description) -> int:
        """Return the descriptor of an opened file."""
        self._next_descriptor += 1
        self._descriptors[self._next_descriptor] = description
        return self._next_descriptor

    def description(self, descriptor: int) -> Description:
        """Return the file of a descriptor."""
        if self.is_dead:
            raise Killed
        found = self._descriptors.get(descriptor)
        if found is None:
            raise error(errno.EBADF, str(descriptor))
        return found

    def close(self, descriptor: int) -> None:
        """Close a descriptor; the lock goes with the last copy of the description."""
        description = self._descriptors.pop(descriptor, None)
        if description is None:
            if self.is_dead:
                return
            raise error(errno.EBADF, str(descriptor))
        description.references -= 1
        if (
            not description.references
            and getattr(description.file, "lock_holder", None) is description
        ):
            description.file.lock_holder = None


def _copied(things: tuple) -> tuple:
    """Copy objects as a fork does: closures are copied as well, immutable values are shared."""
    immutable = (Snapshot, Event, types.MappingProxyType, *_kinds_of(TransportError))
    added = dict.fromkeys(immutable, _deepcopy_atomic)
    added[types.FunctionType] = _copy_function
    # It refuses to be copied by a program.
    added[Client] = _copy_client
    # The default of a dataclass's field, which nothing that is simulated waits for.
    added[type(threading.Lock())] = lambda _lock, _memo: threading.Lock()
    before = {kind: _deepcopy_dispatch.get(kind) for kind in added}
    _deepcopy_dispatch.update(added)
    try:
        return deepcopy(things)
    finally:
        for kind, function in before.items():
            if function is None:
                del _deepcopy_dispatch[kind]
            else:
                _deepcopy_dispatch[kind] = function


def _kinds_of(error: type) -> list[type]:
    return [error, *(kind for below in error.__subclasses__() for kind in _kinds_of(below))]


def _copy_client(client: Client, memo: dict) -> Client:
    copied = object.__new__(Client)
    memo[id(client)] = copied
    copied.__dict__.update(deepcopy(client.__dict__, memo))
    return copied


def _copy_function(function: types.FunctionType, memo: dict) -> types.FunctionType:
    if not function.__closure__:
        return function
    cells = []
    for cell in function.__closure__:
        if id(cell) not in memo:
            memo[id(cell)] = types.CellType()
            try:
                content = cell.cell_contents
            except ValueError:
                pass
            else:
                memo[id(cell)].cell_contents = deepcopy(content, memo)
        cells.append(memo[id(cell)])
    copied = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple(cells),
    )
    copied.__kwdefaults__ = function.__kwdefaults__
    copied.__dict__.update(function.__dict__)
    return copied
