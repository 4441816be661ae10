"""The impact of a snapshot in words and as JSON."""

from typing import TYPE_CHECKING, Any

from flagengine.batch.impact import FlagImpact, Impact, Sample, Transition, margin

if TYPE_CHECKING:
    from flagengine.cli.output import Cell

__all__ = ["as_dict", "headline", "rows_of", "share_text"]


def share_text(hits: int, rows: int, sample: Sample | None) -> str:
    """Write a share; of a sample, with the ends between which that of the whole lies."""
    share = f"{hits / max(rows, 1):.2%}"
    if sample is None:
        return share
    low, high = margin(hits, rows)
    return f"{share} ({low:.2%} to {high:.2%})"


def headline(impact: Impact, sample: Sample | None) -> "list[Cell]":
    """Say in a line or two what changes."""
    changed = [one for one in impact.flags.values() if one.changed]
    lines: list[Cell] = [
        f"{len(changed)} of {len(impact.flags)} flags change for someone among {impact.seen:,} people"
    ]
    if sample is not None:
        lines.append(
            f"from a sample of {impact.rows:,}; the ranges hold the share of all people "
            "with 95 % confidence, each by itself"
        )
    return lines


def rows_of(impact: Impact, sample: Sample | None) -> list[tuple[str, ...]]:
    """Return the rows of a table: a flag, and a row for each way in which it changes."""
    found = []
    for flag in impact.changed_first():
        for place, one in enumerate(flag.largest_first()):
            found.append(_row(flag if place == 0 else None, one, impact, sample))
    return found


def _row(
    flag: FlagImpact | None, one: Transition, impact: Impact, sample: Sample | None
) -> tuple[str, ...]:
    causes = "; ".join(cause for cause, _ in one.causes.most_common(3))
    return (
        "" if flag is None else flag.key,
        change_text(one),
        f"{one.rows:,}",
        share_text(one.rows, impact.rows, sample),
        causes,
        ", ".join(one.examples),
    )


def change_text(one: Transition) -> str:
    """Write what becomes what."""
    return f"{one.old} → {one.new}" if one.old != one.new else f"{one.old}: another payload"


def as_dict(impact: Impact, sample: Sample | None) -> dict[str, Any]:
    """Return everything as JSON values."""
    return {
        "people": impact.seen,
        "looked_at": impact.rows,
        "sample": None if sample is None else {"share": sample.share, "seed": sample.seed},
        "flags": {one.key: _flag(one, impact.rows, sample) for one in impact.changed_first()},
    }


def _flag(flag: FlagImpact, rows: int, sample: Sample | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "changed": flag.changed,
        "share": flag.changed / max(rows, 1),
        "before": dict(flag.before.most_common()),
        "after": dict(flag.after.most_common()),
        "transitions": [
            {
                "old": one.old,
                "new": one.new,
                "rows": one.rows,
                "share": one.rows / max(rows, 1),
                "causes": dict(one.causes.most_common()),
                "examples": one.examples,
            }
            for one in flag.largest_first()
        ],
    }
    if sample is not None:
        found["share_95"] = margin(flag.changed, rows)
    return found
