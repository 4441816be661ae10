"""The impact of a snapshot in words."""

from flagengine.batch.impact.results import Impact, Transition
from flagengine.batch.impact.sampling import Sample, margin

__all__ = ["change_text", "headline", "share_text"]


def share_text(hits: int, rows: int, sample: Sample | None) -> str:
    """Return a share as text; for a sample, with its 95 % confidence interval."""
    share = f"{hits / max(rows, 1):.2%}"
    if sample is None:
        return share
    low, high = margin(hits, rows)
    return f"{share} ({low:.2%} to {high:.2%})"


def headline(impact: Impact, sample: Sample | None) -> list[str]:
    """Return one or two lines that summarise the impact."""
    changed = [flag for flag in impact.flags.values() if flag.changed]
    lines = [
        f"{len(changed):,} of {len(impact.flags):,} flags change for at least 1 of {impact.seen:,} people"
    ]
    if sample is not None:
        lines.append(
            f"estimated from a sample of {impact.rows:,}; "
            "each range is a 95 % confidence interval for the share of all people"
        )
    return lines


def change_text(transition: Transition) -> str:
    """Return the old and the new answer as text."""
    return (
        f"{transition.old} → {transition.new}"
        if transition.old != transition.new
        else f"{transition.old}: payload changes"
    )
