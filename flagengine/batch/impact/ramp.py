"""What trying a rollout at several percentages finds: who changes at each step."""

from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from flagengine.batch.impact.results import FlagImpact, Impact
from flagengine.batch.tabular import Tabular

__all__ = ["Ramp", "Step"]

_SCHEMA: Final = pa.schema(
    [
        ("percentage", pa.float64()),
        ("people", pa.int64()),
        ("on", pa.int64()),
        ("share", pa.float64()),
        ("turned_on", pa.int64()),
        ("turned_off", pa.int64()),
        ("changed", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Step:
    """One percentage of a ramp.

    ``from_now`` has the changes from the snapshot as it is, also of the flags that depend on the ramp's
    flag, and ``from_previous`` those of the flag from the step before; for the first step, from the
    snapshot as it is.
    """

    percentage: float
    from_now: Impact
    from_previous: FlagImpact

    @property
    def on(self) -> int:
        """The number of people for whom the flag is on."""
        return self.from_previous.on_after

    @property
    def share(self) -> float:
        """The share of people for whom the flag is on, from 0 to 1."""
        return self.on / max(self.from_previous.rows, 1)

    def __repr__(self) -> str:
        return f"<Step to {self.percentage:g} %: on for {self.on:,} people ({self.share:.1%})>"


@dataclass(frozen=True, slots=True)
class Ramp(Tabular):
    """A flag at several percentages over one population; the table form has a row per step.

    ``on_now`` is the number of people for whom the flag is on in the snapshot as it is.
    """

    key: str
    steps: tuple[Step, ...]
    rows: int
    on_now: int

    def to_dict(self) -> dict[str, Any]:
        """Return the steps as JSON values, without the changes of other flags."""
        return {
            "flag": self.key,
            "people": self.rows,
            "on_now": self.on_now,
            "steps": self.to_arrow().to_pylist(),
        }

    def to_arrow(self) -> pa.Table:
        """Return a row per step.

        The columns are percentage, people, on (for how many the flag is on), share, and from the step
        before: turned_on, turned_off, and changed, the people whose value or payload changes.
        """
        rows = [self._row(step) for step in self.steps]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    def _row(self, step: Step) -> dict[str, Any]:
        found = step.from_previous
        return {
            "percentage": float(step.percentage),
            "people": self.rows,
            "on": step.on,
            "share": step.share,
            "turned_on": found.turned_on,
            "turned_off": found.turned_off,
            "changed": found.changed,
        }

    def __repr__(self) -> str:
        shown = ", ".join(f"{step.percentage:g} %: {step.share:.1%}" for step in self.steps[:10])
        more = ", …" if len(self.steps) > 10 else ""
        return f"<Ramp of {self.key!r} over {self.rows:,} people: {shown}{more}>"

    def _repr_html_(self) -> str:
        """Return the steps as a table, for a notebook."""
        from flagengine.batch.shown.steps import steps_html  # noqa: PLC0415 notebooks only

        return steps_html(self.to_dict())
