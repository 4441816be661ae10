"""What a diff finds: the changes of each flag's answers, counted, as data and as a table."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from flagengine.analysis.changes.change import Change
from flagengine.batch.impact.sampling import Sample, margin
from flagengine.batch.tabular import Tabular

__all__ = ["FlagImpact", "Impact", "Transition"]

_SCHEMA: Final = pa.schema(
    [
        ("flag", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
        ("people", pa.int64()),
        ("share", pa.float64()),
        ("share_low", pa.float64()),
        ("share_high", pa.float64()),
        ("causes", pa.list_(pa.string())),
        ("examples", pa.list_(pa.string())),
    ]
)


@dataclass(slots=True)
class Transition:
    """The people who change from one answer to another; ``causes`` counts them by cause.

    Answers are text: a value, or "unresolved", "no such flag" or "the caller's default". They are equal
    where only the payload changes. ``examples`` are the distinct ids of at most three people.
    """

    old: str
    new: str
    rows: int = 0
    causes: Counter[Change] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FlagImpact:
    """The changes of one flag's answers; ``before`` and ``after`` count all people by value.

    ``changed`` is the number of people whose value or payload changes, ``turned_on`` of those for whom
    the flag is on and was not, and ``turned_off`` of those for whom the flag was on and no longer is.
    ``on_before`` and ``on_after`` count everybody for whom the flag is on.
    """

    key: str
    changed: int = 0
    transitions: dict[tuple[str, str], Transition] = field(default_factory=dict)
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    turned_on: int = 0
    turned_off: int = 0
    on_before: int = 0
    on_after: int = 0

    @property
    def rows(self) -> int:
        """The number of people."""
        return self.before.total()

    @property
    def share(self) -> float:
        """The share of people whose answer changes, from 0 to 1."""
        return self.changed / max(self.rows, 1)

    def largest_first(self) -> list[Transition]:
        """Return the transitions, the largest first."""
        return sorted(self.transitions.values(), key=lambda transition: -transition.rows)

    def __repr__(self) -> str:
        return f"<FlagImpact of {self.key!r}: {self.changed:,} of {self.rows:,} people change>"


@dataclass(slots=True)
class Impact(Tabular):
    """The changes of all flags over ``rows`` evaluated rows of ``seen`` rows in the population.

    ``rows`` is below ``seen`` for a ``sample``, whose shares :meth:`interval` bounds. ``fingerprints``
    are those of the snapshots before and after. The table form has a row per flag and transition.
    """

    flags: dict[str, FlagImpact]
    rows: int = 0
    seen: int = 0
    sample: Sample | None = None
    fingerprints: tuple[str, str] = ("", "")

    def changed_first(self) -> list[FlagImpact]:
        """Return the flags, the flag that changes for most people first."""
        return sorted(self.flags.values(), key=lambda flag: -flag.changed)

    @property
    def changed_keys(self) -> list[str]:
        """The flags that change for somebody, the flag that changes for most people first."""
        return [flag.key for flag in self.changed_first() if flag.changed]

    def share(self, rows: int) -> float:
        """Return a number of people as a share of those evaluated."""
        return rows / max(self.rows, 1)

    def interval(self, rows: int) -> tuple[float, float]:
        """Return the bounds of a share: the 95 % confidence interval, or the share if all were evaluated."""
        return (self.share(rows),) * 2 if self.sample is None else margin(rows, self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the impact as JSON values, with the flags that change first."""
        sample = self.sample and {"share": self.sample.share, "seed": self.sample.seed}
        return {
            "people": self.seen,
            "looked_at": self.rows,
            "sample": sample,
            "flags": {flag.key: self._flag(flag) for flag in self.changed_first()},
        }

    def _flag(self, flag: FlagImpact) -> dict[str, Any]:
        found: dict[str, Any] = {
            "changed": flag.changed,
            "share": self.share(flag.changed),
            "turned_on": flag.turned_on,
            "turned_off": flag.turned_off,
            "before": dict(flag.before.most_common()),
            "after": dict(flag.after.most_common()),
            "transitions": [self._transition(found) for found in flag.largest_first()],
        }
        if self.sample is not None:
            found["share_95"] = list(self.interval(flag.changed))
        return found

    def _transition(self, transition: Transition) -> dict[str, Any]:
        found = {
            "old": transition.old,
            "new": transition.new,
            "rows": transition.rows,
            "share": self.share(transition.rows),
            "causes": [_cause(*cause) for cause in transition.causes.most_common()],
            "examples": list(transition.examples),
        }
        if self.sample is not None:
            found["share_95"] = list(self.interval(transition.rows))
        return found

    def to_arrow(self) -> pa.Table:
        """Return a row per flag and transition, the flags that change most and their largest first.

        The columns are flag, before, after, people, share with its bounds share_low and share_high,
        causes, the most frequent first, and examples.
        """
        columns = list(zip(*self._table_rows(), strict=True)) or [()] * len(_SCHEMA)
        arrays = [
            pa.array(column, kind.type) for column, kind in zip(columns, _SCHEMA, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=_SCHEMA)

    def _table_rows(self) -> Iterator[tuple[Any, ...]]:
        for flag in self.changed_first():
            for found in flag.largest_first():
                shares = self.share(found.rows), *self.interval(found.rows)
                causes = [str(cause) for cause, _ in found.causes.most_common()]
                yield (
                    flag.key,
                    found.old,
                    found.new,
                    found.rows,
                    *shares,
                    causes,
                    list(found.examples),
                )

    def __repr__(self) -> str:
        changed = len(self.changed_keys)
        return f"<Impact: {changed} of {len(self.flags)} flags change for some of {self.seen:,} people>"

    def _repr_html_(self) -> str:
        """Return the changes, the largest first, as a table for a notebook."""
        from flagengine.batch.shown.changes import changes_html  # noqa: PLC0415 notebooks only

        return changes_html(self.to_dict())


def _cause(cause: Change, rows: int) -> dict[str, Any]:
    """Return a cause without long values, which each transition would repeat."""
    short = {
        name: None if isinstance(value, list | dict) else value
        for name, value in cause.to_dict().items()
    }
    return {"rows": rows, **short}
