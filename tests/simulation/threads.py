"""What the client uses of the module ``threading``, on the scheduler's tasks.

All objects can be copied with ``copy.deepcopy``, which is how a process forks: a lock stays held, a
thread no longer runs.
"""

from collections.abc import Callable

from .outside import Outside
from .scheduler import Scheduler, Task
from .violations import Killed


class Threading(Outside):
    """The module ``threading`` of one run."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        # Set while the machine cannot start another thread.
        self.is_exhausted = False
        self._outside = Thread(self)

    def Thread(self, **options) -> "Thread":  # noqa: N802 - the module's names
        return Thread(self, **options)

    def Lock(self) -> "Lock":  # noqa: N802
        return Lock(self.scheduler)

    def RLock(self) -> "RLock":  # noqa: N802
        return RLock(self.scheduler)

    def Condition(self, lock=None) -> "Condition":  # noqa: N802
        return Condition(self.scheduler, lock)

    def Event(self) -> "Event":  # noqa: N802
        return Event(self.scheduler)

    def current_thread(self) -> "Thread":
        """Return the thread of the running task."""
        task = self.scheduler.current
        if task is None:
            return self._outside
        if task.thread is None:
            task.thread = Thread(self, name=task.name)
            task.thread.task = task
        return task.thread

    def local(self) -> "Local":
        """Return attributes that each task has for itself."""
        return Local(self)

    def get_ident(self) -> int:
        """Return a number that no other thread has."""
        return id(self.scheduler.current)


class Local:
    """See ``threading.local``."""

    def __init__(self, module: Threading) -> None:
        self.__dict__["_module"] = module

    def __deepcopy__(self, memo) -> "Local":
        return Local(self._module)

    def _own(self) -> dict:
        thread = self._module.current_thread()
        return thread.__dict__.setdefault("_local", {}).setdefault(id(self), {})

    def __getattr__(self, name: str):
        try:
            return self._own()[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value) -> None:
        self._own()[name] = value


class Thread:
    """See ``threading.Thread``."""

    def __init__(
        self,
        module: Threading,
        target=None,
        name="",
        args=(),
        kwargs=None,
        *,
        daemon=None,
        group=None,
    ) -> None:
        self._module = module
        self._target = target
        self.name = name
        self._args = args
        self._kwargs = kwargs or {}
        self.daemon = daemon
        self.task: Task | None = None

    def __deepcopy__(self, memo) -> "Thread":
        return Thread(self._module, name=self.name)

    def start(self) -> None:
        """Start, unless the machine has too many threads."""
        if self._module.is_exhausted:
            raise RuntimeError("can't start new thread")
        scheduler = self._module.scheduler
        process = scheduler.current.process if scheduler.current else None
        target, args, kwargs = self._target, self._args, self._kwargs
        self.task = scheduler.start(self.name, process, lambda: target(*args, **kwargs))
        self.task.thread = self
        scheduler.may_switch()

    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self.task is not None and not self.task.is_done

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended."""
        if self.is_alive():
            _wait(self._module.scheduler, self.task.joiners, f"join {self.name}", timeout)


class Lock:
    """See ``threading.Lock``."""

    _is_reentrant = False

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._owner: object = None
        self._depth = 0
        self._waiters: list[Task] = []

    def __deepcopy__(self, memo) -> "Lock":
        copied = type(self)(self._scheduler)
        memo[id(self)] = copied
        # A lock that another thread of the parent holds stays held for ever in the child.
        if self._owner is not None and self._owner is not self._scheduler.current:
            copied._owner, copied._depth = "a thread of the parent", 1
        return copied

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT002
        """Take the lock; see ``threading.Lock.acquire``."""
        scheduler = self._scheduler
        scheduler.check_alive()
        scheduler.may_switch()
        me = scheduler.current or "the director"
        while self._owner is not None and not (self._is_reentrant and self._owner is me):
            if not blocking:
                return False
            if not _wait(scheduler, self._waiters, "a lock", None if timeout < 0 else timeout):
                return False
        self._owner = me
        self._depth += 1
        if scheduler.current is not None:
            scheduler.current.held_locks += 1
        return True

    def release(self) -> None:
        """Release the lock."""
        scheduler = self._scheduler
        if scheduler.current is not None:
            if scheduler.current.is_killed:
                return
            scheduler.current.held_locks -= 1
        if self._owner is not (scheduler.current or "the director"):
            raise RuntimeError("cannot release a lock of another thread")
        self._depth -= 1
        if not self._depth:
            self._owner = None
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                scheduler.wake(waiter)
            scheduler.may_switch()

    def locked(self) -> bool:
        """Return whether a thread holds the lock."""
        return self._owner is not None

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self.release()


class RLock(Lock):
    """See ``threading.RLock``."""

    _is_reentrant = True

    def release_fully(self) -> int:
        """Release the lock however often it was taken; return how often."""
        depth = self._depth
        self._depth = 1
        if self._scheduler.current is not None:
            self._scheduler.current.held_locks -= depth - 1
        self.release()
        return depth

    def acquire_again(self, depth: int) -> None:
        """Take the lock as often as before."""
        self.acquire()
        self._depth = depth
        if self._scheduler.current is not None:
            self._scheduler.current.held_locks += depth - 1


class Condition:
    """See ``threading.Condition``."""

    def __init__(self, scheduler: Scheduler, lock: Lock | None = None) -> None:
        self._scheduler = scheduler
        self._lock = lock if lock is not None else RLock(scheduler)
        self._waiters: list[Task] = []

    def __deepcopy__(self, memo) -> "Condition":
        from copy import deepcopy  # noqa: PLC0415

        return Condition(self._scheduler, deepcopy(self._lock, memo))

    def acquire(self, *arguments) -> bool:
        """Take the lock."""
        return self._lock.acquire(*arguments)

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Release the lock, wait for a notification, and take the lock again."""
        task = self._scheduler.current
        if self._lock._owner is not task:
            raise RuntimeError("cannot wait on un-acquired lock")
        self._waiters.append(task)
        depth = (
            self._lock.release_fully() if isinstance(self._lock, RLock) else self._lock.release()
        )
        try:
            # The thread may lose its turn as it releases the lock, and be notified meanwhile.
            is_notified = task not in self._waiters
            return is_notified or self._scheduler.block("a condition", timeout)
        finally:
            if task in self._waiters:
                self._waiters.remove(task)
            if task.is_killed:
                raise Killed
            if isinstance(self._lock, RLock):
                self._lock.acquire_again(depth)
            else:
                self._lock.acquire()

    def wait_for(self, predicate: Callable[[], object], timeout: float | None = None) -> object:
        """Wait until the predicate is true."""
        until = None if timeout is None else self._scheduler.now + timeout
        while not (result := predicate()):
            left = None if until is None else until - self._scheduler.now
            if left is not None and left <= 0:
                break
            self.wait(left)
        return result

    def notify(self, count: int = 1) -> None:
        """Wake some waiting threads."""
        for _ in range(min(count, len(self._waiters))):
            self._scheduler.wake(self._waiters.pop(0))

    def notify_all(self) -> None:
        """Wake all waiting threads."""
        self.notify(len(self._waiters))


class Event:
    """See ``threading.Event``."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._is_set = False
        self._waiters: list[Task] = []

    def __deepcopy__(self, memo) -> "Event":
        copied = Event(self._scheduler)
        copied._is_set = self._is_set
        return copied

    def is_set(self) -> bool:
        """Return whether the event is set."""
        return self._is_set

    def set(self) -> None:
        """Set the event and wake all waiting threads."""
        self._scheduler.may_switch()
        self._is_set = True
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            self._scheduler.wake(waiter)

    def clear(self) -> None:
        """Reset the event."""
        self._scheduler.may_switch()
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the event is set."""
        if not self._is_set:
            _wait(self._scheduler, self._waiters, "an event", timeout)
        return self._is_set


def _wait(scheduler: Scheduler, waiters: list[Task], why: str, timeout: float | None) -> bool:
    """Wait in the list; return False after a timeout."""
    task = scheduler.current
    waiters.append(task)
    try:
        return scheduler.block(why, timeout)
    finally:
        if task in waiters:
            waiters.remove(task)
