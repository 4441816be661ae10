"""Shrinking: the shortest plan that still breaks the same invariant."""

from .simulation import NOTHING, Outcome, Simulation


def shrink(outcome: Outcome, fixed=NOTHING) -> Outcome:
    """Cut steps out of the plan, in ever smaller pieces, while the same rule stays broken."""
    best = outcome
    size = max(1, len(best.steps) // 2)
    while True:
        start = 0
        while start < len(best.steps):
            left = best.steps[:start] + best.steps[start + size :]
            shorter = Simulation(outcome.seed, set(left), fixed=fixed).run()
            if shorter.violation is not None and shorter.violation.rule == outcome.violation.rule:
                best = shorter
            else:
                start += size
        if size == 1:
            return best
        size //= 2
