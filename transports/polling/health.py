"""The health of the definitions in use: one frozen value, and the arithmetic behind it.

The caller decides which age is too old, with a `StalenessBudget`. Nothing here acts on the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..option_values.quantities import Seconds
from .fetch_results import FailureKind
from .store import Published

__all__ = ["Freshness", "Health", "LoadError", "StalenessBudget", "assess"]


class Freshness(StrEnum):
    """How the age of the definitions compares with the budget."""

    EMPTY = "empty"
    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class StalenessBudget:
    """The age, in seconds since the server last sent or confirmed them, at which definitions are stale or expired.

    With ``expired_after=None`` definitions never expire.

    Raises:
        TypeError: an age is no number.
        ValueError: an age is not positive, or ``expired_after`` is less than ``stale_after``.
    """

    stale_after: float = 90.0
    expired_after: float | None = None

    def __post_init__(self) -> None:
        """Read both ages."""
        stale = Seconds(90)("stale_after", self.stale_after)
        expired = Seconds(600, is_optional=True)("expired_after", self.expired_after)
        if expired is not None and expired < stale:
            msg = f"expired_after must be at least stale_after ({stale:g}), got {expired:g}"
            raise ValueError(msg)
        object.__setattr__(self, "stale_after", stale)
        object.__setattr__(self, "expired_after", expired)

    def freshness(self, age: float | None) -> Freshness:
        """Return the freshness of definitions of this age; None: no definitions are loaded."""
        if age is None:
            return Freshness.EMPTY
        if self.expired_after is not None and age > self.expired_after:
            return Freshness.EXPIRED
        return Freshness.STALE if age > self.stale_after else Freshness.FRESH


@dataclass(frozen=True, slots=True)
class LoadError:
    """The last failed load, without keys and URLs."""

    kind: FailureKind
    message: str
    status: int | None
    at: float
    """Wall-clock seconds."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the definitions, for a dashboard or a readiness probe.

    ``last_error`` is None again after the next success; ``age`` is None while nothing is loaded.
    ``has_source`` is False for a client that loads no definitions.
    """

    freshness: Freshness
    age: float | None
    generation: int
    fingerprint: str | None
    flag_count: int
    loaded_at: float | None
    consecutive_failures: int
    last_error: LoadError | None
    has_source: bool = True

    @property
    def is_usable(self) -> bool:
        """Whether definitions are loaded that are not expired."""
        return self.freshness not in (Freshness.EMPTY, Freshness.EXPIRED)

    def to_dict(self) -> dict[str, Any]:
        """Return what a probe shows, as JSON values."""
        error = self.last_error
        return {
            "freshness": str(self.freshness),
            "age": self.age,
            "flags": self.flag_count,
            "generation": self.generation,
            "loaded_at": self.loaded_at,
            "failures": self.consecutive_failures,
            "error": None if error is None else {"message": error.message, "status": error.status},
        }


def assess(
    published: Published,
    budget: StalenessBudget,
    *,
    now: float,
    failures: int = 0,
    last_error: LoadError | None = None,
    has_source: bool = True,
) -> Health:
    """Return the health of `published` at the monotonic time `now`."""
    age = None if published.refreshed_at is None else max(0.0, now - published.refreshed_at)
    return Health(
        freshness=budget.freshness(age),
        age=age,
        generation=published.generation,
        fingerprint=published.fingerprint,
        flag_count=published.flag_count,
        loaded_at=published.loaded_at,
        consecutive_failures=failures,
        last_error=last_error,
        has_source=has_source,
    )
