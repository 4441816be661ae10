"""What a driver is, and what it may ask of a pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["Driver", "ManualDriver", "Steps"]


class Steps(Protocol):
    """The pipeline, as a driver sees it. All three may be called from any thread."""

    def step(self, lane: str) -> bool:
        """Send one batch of the lane if one is due; whether one was."""
        ...

    def seconds_until_due(self, lane: str) -> float | None:
        """How long the lane can wait (0: not at all); None: until it is woken."""
        ...

    def retire(self, lane: str, farewell: Callable[[], None]) -> bool:
        """If the lane is empty, call ``farewell`` while no event can come in; whether it was."""
        ...


class Driver(Protocol):
    """Calls ``step`` when it is time to."""

    def attach(self, steps: Steps) -> None:
        """Called once, before anything else."""
        ...

    def wake(self, lane: str) -> None:
        """The lane is due, or due earlier. Called with the pipeline's lock held: be quick."""
        ...

    def drives(self, lane: str) -> bool:
        """Whether someone other than the caller will carry out the lane's steps."""
        ...

    def is_worker(self) -> bool:
        """Whether the caller is one of this driver's own workers, in a callback say."""
        ...

    def pause(self, seconds: float) -> None:
        """Let the calling thread wait."""
        ...

    def stop(self) -> None:
        """Nothing more will come: let the workers end. Does not wait for them."""
        ...

    def forget(self) -> None:
        """In the child of a fork: the workers are gone."""
        ...


class ManualDriver:
    """Nobody works but the caller: ``pipeline.tick()``, ``flush()`` and ``shutdown()``.

    For tests, and for functions that are frozen between two requests.
    """

    def attach(self, steps: Steps) -> None:
        """Nothing to keep."""

    def wake(self, lane: str) -> None:
        """Nobody to wake."""

    def drives(self, lane: str) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def is_worker(self) -> bool:
        """Never."""
        return False

    def pause(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def stop(self) -> None:
        """Nobody to stop."""

    def forget(self) -> None:
        """Nothing to forget."""
