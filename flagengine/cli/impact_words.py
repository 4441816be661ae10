"""The impact of a snapshot as rows of a table."""

from flagengine.batch.impact import FlagImpact, Impact, Sample, Transition
from flagengine.batch.impact.words import change_text, share_text

__all__ = ["rows_of"]


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
