"""The impact of a snapshot in words and as JSON."""

from typing import TYPE_CHECKING, Any

from flagengine.analysis.changes.change import Change
from flagengine.batch.impact import FlagImpact, Impact, Sample, Transition, margin

if TYPE_CHECKING:
    from flagengine.cli.output import Cell

__all__ = ["as_dict", "headline", "rows_of", "share_text"]


def share_text(hits: int, rows: int, sample: Sample | None) -> str:
    """Return a share as text; for a sample, with its 95 % confidence interval."""
    share = f"{hits / max(rows, 1):.2%}"
    if sample is None:
        return share
    low, high = margin(hits, rows)
    return f"{share} ({low:.2%} to {high:.2%})"


def headline(impact: Impact, sample: Sample | None) -> "list[Cell]":
    """Return one or two lines that summarise the impact."""
    changed = [flag for flag in impact.flags.values() if flag.changed]
    lines: list[Cell] = [
        f"{len(changed)} of {len(impact.flags)} flags change for at least 1 of {impact.seen:,} people"
    ]
    if sample is not None:
        lines.append(
            f"estimated from a sample of {impact.rows:,}; "
            "each range is a 95 % confidence interval for the share of all people"
        )
    return lines


def rows_of(impact: Impact, sample: Sample | None) -> list[tuple[str, ...]]:
    """Return a table row for each transition of each flag; only a flag's first row names the flag."""
    found = []
    for flag in impact.changed_first():
        for place, transition in enumerate(flag.largest_first()):
            found.append(_row(flag if place == 0 else None, transition, impact, sample))
    return found


def _row(
    flag: FlagImpact | None, transition: Transition, impact: Impact, sample: Sample | None
) -> tuple[str, ...]:
    causes = "; ".join(cause.text for cause, _ in transition.causes.most_common(3))
    return (
        "" if flag is None else flag.key,
        change_text(transition),
        f"{transition.rows:,}",
        share_text(transition.rows, impact.rows, sample),
        causes,
        ", ".join(transition.examples),
    )


def change_text(transition: Transition) -> str:
    """Return the old and the new answer as text."""
    return (
        f"{transition.old} → {transition.new}"
        if transition.old != transition.new
        else f"{transition.old}: payload changes"
    )


def as_dict(impact: Impact, sample: Sample | None) -> dict[str, Any]:
    """Return the impact as JSON values."""
    return {
        "people": impact.seen,
        "looked_at": impact.rows,
        "sample": None if sample is None else {"share": sample.share, "seed": sample.seed},
        "flags": {flag.key: _flag(flag, impact.rows, sample) for flag in impact.changed_first()},
    }


def _flag(flag: FlagImpact, rows: int, sample: Sample | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "changed": flag.changed,
        "share": flag.changed / max(rows, 1),
        "before": dict(flag.before.most_common()),
        "after": dict(flag.after.most_common()),
        "transitions": [
            {
                "old": transition.old,
                "new": transition.new,
                "rows": transition.rows,
                "share": transition.rows / max(rows, 1),
                "causes": [_cause(*cause) for cause in transition.causes.most_common()],
                "examples": transition.examples,
            }
            for transition in flag.largest_first()
        ],
    }
    if sample is not None:
        found["share_95"] = margin(flag.changed, rows)
    return found


def _cause(cause: Change, rows: int) -> dict[str, Any]:
    """Return a cause without long values, which each transition would repeat."""
    short = {
        name: None if isinstance(value, list | dict) else value
        for name, value in cause.to_dict().items()
    }
    return {"rows": rows, **short}
