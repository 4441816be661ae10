"""The impact of a snapshot in words and as JSON."""

from typing import Any

from flagengine.batch.impact import FlagImpact, Impact, Sample, Transition, margin
from flagengine.batch.impact.words import change_text, share_text

__all__ = ["as_dict", "rows_of"]


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
    causes = "; ".join(cause for cause, _ in transition.causes.most_common(3))
    return (
        "" if flag is None else flag.key,
        change_text(transition),
        f"{transition.rows:,}",
        share_text(transition.rows, impact.rows, sample),
        causes,
        ", ".join(transition.examples),
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
                "causes": dict(transition.causes.most_common()),
                "examples": transition.examples,
            }
            for transition in flag.largest_first()
        ],
    }
    if sample is not None:
        found["share_95"] = margin(flag.changed, rows)
    return found
