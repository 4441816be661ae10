"""The protocol of the loader's drivers, and the driver that leaves loading to the caller."""

from __future__ import annotations

from typing import ClassVar, Protocol

__all__ = ["ManualPollDriver", "PollDriver", "Ticking"]


class Ticking(Protocol):
    """The loader as its driver sees it. Safe to use from any thread."""

    @property
    def is_stopped(self) -> bool:
        """Whether the loader has been stopped for good."""
        ...

    def tick(self) -> float | None:
        """Load if a load is due; return the seconds until the next load, None: until woken."""
        ...

    def stop(self) -> None:
        """Stop loading for good."""
        ...


class PollDriver(Protocol):
    """A driver, which calls the loader's ``tick`` when a load is due."""

    @property
    def works_in_background(self) -> bool:
        """Whether loads happen in the background, so that the caller may wait for them."""
        ...

    def attach(self, loader: Ticking) -> None:
        """Take the loader to drive. Called once, before any other method."""
        ...

    def start(self) -> bool:
        """Begin to call ``tick``, unless it does; return whether the next use need not try again."""
        ...

    def wake(self) -> None:
        """Call ``tick`` soon: a load is due earlier than before."""
        ...

    def stop(self, timeout: float) -> None:
        """End; wait at most `timeout` seconds for a load in progress."""
        ...

    def forget(self) -> None:
        """Forget the workers in a forked child, where their threads do not run."""
        ...


class ManualPollDriver:
    """A driver without workers: the caller loads, by ``tick``, ``reload`` or ``wait_until_ready``.

    For tests, and for functions that are frozen between two requests.
    """

    works_in_background: ClassVar[bool] = False

    def attach(self, loader: Ticking) -> None:
        """Do nothing."""

    def start(self) -> bool:
        """Return True."""
        return True

    def wake(self) -> None:
        """Do nothing, because there is no worker."""

    def stop(self, timeout: float) -> None:
        """Do nothing."""

    def forget(self) -> None:
        """Do nothing."""
