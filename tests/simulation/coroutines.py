"""Stacks that can be left in the middle: greenlets where the package is installed, otherwise threads.

Both give the same runs, and resuming a stack whose function has ended does nothing. Greenlets are
faster by far, above all on a busy machine, because a switch between threads must wait for the
operating system.
"""

import threading
from collections.abc import Callable

try:
    import greenlet
except ImportError:
    greenlet = None

__all__ = ["new_stack"]


class _GreenletStack:
    """A stack on a greenlet of the director's thread."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._greenlet = greenlet.greenlet(function)
        self._director = greenlet.getcurrent()

    def resume(self) -> None:
        """Run until the function suspends itself or ends."""
        # The director may itself be replaced, where a test runs inside of a greenlet.
        self._director = greenlet.getcurrent()
        self._greenlet.parent = self._director
        self._greenlet.switch()

    def suspend(self) -> None:
        """Go back to the director; called on this stack."""
        self._director.switch()


class _ThreadStack:
    """A stack on a thread that waits for its turn."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._has_ended = False
        self._turn, self._directors_turn = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self._run, name="simulation", daemon=True).start()

    def _run(self) -> None:
        self._turn.acquire()
        self._function()
        self._has_ended = True
        self._directors_turn.release()

    def resume(self) -> None:
        """See above."""
        # A killed task may be woken while it unwinds, and be given a turn later.
        if self._has_ended:
            return
        self._turn.release()
        self._directors_turn.acquire()

    def suspend(self) -> None:
        """See above."""
        self._directors_turn.release()
        self._turn.acquire()


def new_stack(function: Callable[[], object], *, threads: bool = False):
    """Return a stack for a function, which must not raise."""
    return _ThreadStack(function) if threads or greenlet is None else _GreenletStack(function)
