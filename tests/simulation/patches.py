"""The replacement of what the client's modules call from the operating system.

Every module of ``flagengine.transports`` that has imported ``threading``, ``time``, ``os`` and the like
gets the simulated one under the same name. The modules are restored at the end.
"""

import contextlib
import functools
import logging
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import types
import uuid
from concurrent.futures import Future

from flagengine import Snapshot
from flagengine.transports import application_errors, fork_and_exit
from flagengine.transports.batching import drivers, uuids
from flagengine.transports.batching.queue import EventQueue
from flagengine.transports.client import assembly, client, delivery_setup, shared  # noqa: F401 - loads them all
from flagengine.transports.flags.local import LocalFlags
from flagengine.transports.polling import publisher
from flagengine.transports.polling.sources import file_lock, host_cache  # noqa: F401
from flagengine.transports.request_guard import RequestGuard

from .files import SimulatedFcntl, SimulatedOs
from .machine import Machine
from .paths import path_class
from .violations import Violation

_PACKAGE = "flagengine.transports."
# These use real files or sockets, or only the environment.
_LEFT_ALONE = ("http.live", "http.session", "http.deadline", "context.", "openfeature")


class WeakReferences:
    """The module ``weakref``: references that a fork copies, and no finalisers."""

    class ref:  # noqa: N801 - the module's name
        """A reference that keeps its object alive, which makes no difference in a short run."""

        def __class_getitem__(cls, _item):
            return cls

        def __init__(self, target: object) -> None:
            self._target = target

        def __call__(self) -> object:
            return self._target

    @staticmethod
    def finalize(*_arguments) -> types.SimpleNamespace:
        """Do nothing."""
        return types.SimpleNamespace(atexit=False)


def simulated_future(machine: Machine) -> type:
    """Return a class like ``concurrent.futures.Future``."""

    class SimulatedFuture:
        def __init__(self) -> None:
            self._event = machine.threading.Event()
            self._result = self._error = None

        def __class_getitem__(cls, _item):
            return cls

        def set_running_or_notify_cancel(self) -> bool:
            return True

        def set_result(self, result) -> None:
            self._result = result
            self._event.set()

        def set_exception(self, error) -> None:
            self._error = error
            self._event.set()

        def done(self) -> bool:
            return self._event.is_set()

        def result(self, timeout: float | None = None):
            if not self._event.wait(timeout):
                raise TimeoutError
            if self._error is not None:
                raise self._error
            return self._result

    return SimulatedFuture


def modules() -> list[types.ModuleType]:
    """Return the client's modules that are replaced in."""
    return [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith(_PACKAGE) and not name.removeprefix(_PACKAGE).startswith(_LEFT_ALONE)
    ]


@functools.cache
def _places(keys: frozenset[int]) -> list[tuple[types.ModuleType, str, int]]:
    """Return where the client's modules hold one of these objects."""
    return [
        (module, name, id(value))
        for module in modules()
        for name, value in vars(module).items()
        if id(value) in keys and getattr(value, "__module__", "") != module.__name__
    ]


class _ParsedOnce:
    """``Snapshot``, whose documents are few and the same in all runs."""

    parse = staticmethod(functools.lru_cache(maxsize=1000)(Snapshot.parse))


class _Log(logging.Handler):
    """Collects what the client logs; an exception in the log is a defect."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(logging.WARNING)
        self._machine = machine

    def emit(self, record: logging.LogRecord) -> None:
        self._machine.scheduler.check_alive()
        self._machine.note("logs", record.levelname, record.getMessage().replace("\n", " "))
        self._machine.observer.logged(record)


@contextlib.contextmanager
def installed(machine: Machine, limits: dict, spool: dict):
    """Let the client run on the simulated machine; ``limits`` and ``spool`` set what has no option."""
    simulated_os = SimulatedOs(machine)
    real_fcntl = sys.modules.get("fcntl")
    fcntl = SimulatedFcntl(machine.files)
    replaced = {
        id(real_fcntl): fcntl,
        id(threading): machine.threading,
        id(time): machine.clock,
        id(time.monotonic): machine.clock.monotonic,
        id(time.sleep): machine.clock.sleep,
        id(os): simulated_os,
        id(pathlib.Path): path_class(machine.files),
        id(shutil): machine.files,
        id(tempfile): machine.files,
        id(uuid.uuid4): machine.uuid4,
        id(Future): simulated_future(machine),
        id(sys.modules["weakref"]): WeakReferences,
        id(EventQueue): functools.partial(EventQueue, draw=_jitter(machine)),
        id(RequestGuard): functools.partial(RequestGuard, draw=_jitter(machine)),
    }
    changes = [(module, name, replaced[key]) for module, name, key in _places(frozenset(replaced))]
    changes += [
        (fork_and_exit, "watch", lambda watched: _watch(machine, watched)),
        (drivers, "expect_exit", lambda: None),
        # Each run draws its own, and draws again often.
        (uuids, "BLOCK", 4),
        (uuids, "_current", [uuids.Endings()]),
        # Only the end of a process is printed, and a killed process prints nothing.
        (application_errors, "traceback", types.SimpleNamespace(print_exc=lambda: None)),
        # It counts the clients of all runs.
        (shared, "note_client", lambda _components: None),
        # Imports modules, and reads documents that are the same in each run.
        (LocalFlags, "prepare", lambda _self: None),
        (publisher, "Snapshot", _ParsedOnce),
        (delivery_setup, "LaneLimits", functools.partial(delivery_setup.LaneLimits, **limits)),
        (delivery_setup, "Spool", functools.partial(delivery_setup.Spool, **spool)),
    ]
    before = [(module, name, vars(module)[name]) for module, name, _ in changes]
    handler, logger = _Log(machine), logging.getLogger("flagengine")
    propagates = logger.propagate
    for module, name, value in changes:
        setattr(module, name, value)
    logger.addHandler(handler)
    logger.propagate = False
    sys.modules["fcntl"] = fcntl
    try:
        yield
    finally:
        machine.scheduler.close()
        for module, name, value in before:
            setattr(module, name, value)
        logger.removeHandler(handler)
        logger.propagate = propagates
        sys.modules["fcntl"] = real_fcntl


def _watch(machine: Machine, watched: object) -> None:
    task = machine.scheduler.current
    if task is None:
        raise Violation("simulation", "the client was made outside of a process")
    task.process.watched.append(watched)


def _jitter(machine: Machine):
    # Asked at each call, because each step has draws of its own.
    return lambda: machine.scheduler.draws.fraction()  # noqa: PLW0108
