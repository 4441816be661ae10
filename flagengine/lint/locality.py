"""Flags that cannot be decided locally, whatever is known of the person."""

from collections.abc import Iterator

from flagengine.analysis.requirements import Decidability, requirements_of
from flagengine.lint.finding import Finding, finding
from flagengine.lint.inspection import Inspection

__all__ = ["check_locality"]


def check_locality(inspection: Inspection) -> Iterator[Finding]:
    """Yield the flags that are decided locally only sometimes or never."""
    found = requirements_of(inspection.plans)
    for flag in inspection.flags:
        needs = found[flag.key]
        if needs.decided_locally is Decidability.ALWAYS:
            continue
        is_never = needs.decided_locally is Decidability.NEVER
        why = "; ".join(needs.why) or "an answer depends on what only the server knows"
        often = "never" if is_never else "not always"
        code = "never_local" if is_never else "sometimes_local"
        yield finding(code, flag.pointer, f"{flag.key} is {often} decided locally: {why}")
