"""Who carries out loads: what a driver of the loader is, and the one that waits to be called."""

from __future__ import annotations

from typing import ClassVar, Protocol

__all__ = ["ManualPollDriver", "PollDriver", "Ticking"]


class Ticking(Protocol):
    """The loader, as its driver sees it. All of it may be used from any thread."""

    @property
    def is_stopped(self) -> bool:
        """Whether there is nothing more to load."""
        ...

    def tick(self) -> float | None:
        """Load if a load is due; return the seconds until the next one, None: until woken."""
        ...

    def stop(self) -> None:
        """Load no more."""
        ...


class PollDriver(Protocol):
    """Calls the loader's ``tick`` when a load is due."""

    @property
    def works_in_background(self) -> bool:
        """Whether loads happen without the caller, who may wait for them then."""
        ...

    def attach(self, loader: Ticking) -> None:
        """Take the loader to tick. Called once, before anything else."""
        ...

    def start(self) -> None:
        """Begin to tick; at most once, until `forget`."""
        ...

    def wake(self) -> None:
        """Tick now: a load is due earlier."""
        ...

    def stop(self, timeout: float) -> None:
        """End; wait at most `timeout` seconds for a load under way."""
        ...

    def forget(self) -> None:
        """In a forked child: the workers are gone."""
        ...


class ManualPollDriver:
    """Nobody loads but the caller: by ``tick``, and by waiting for definitions or a reload.

    For tests, and for functions that are frozen between two requests.
    """

    works_in_background: ClassVar[bool] = False

    def attach(self, loader: Ticking) -> None:
        """Do nothing."""

    def start(self) -> None:
        """Do nothing."""

    def wake(self) -> None:
        """Do nothing: there is nobody to wake."""

    def stop(self, timeout: float) -> None:
        """Do nothing."""

    def forget(self) -> None:
        """Do nothing."""
