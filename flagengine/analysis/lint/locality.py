"""Flags that cannot always be decided locally, even with every input given."""

from collections.abc import Iterator

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection
from flagengine.analysis.requirements import Decidability, requirements_of
from flagengine.definitions.reading import shown

__all__ = ["check_locality"]


def check_locality(inspection: Inspection) -> Iterator[Finding]:
    """Yield the flags that can be decided locally only sometimes, or never."""
    found = requirements_of(inspection.plans)
    for flag in inspection.flags:
        needs = found[flag.key]
        if needs.decided_locally is Decidability.ALWAYS:
            continue
        is_never = needs.decided_locally is Decidability.NEVER
        why = "; ".join(needs.why) or "the answer depends on data that only the server has"
        verb = "can never" if is_never else "cannot always"
        code = "never_local" if is_never else "sometimes_local"
        yield finding(code, flag.pointer, f"{shown(flag.key)} {verb} be decided locally: {why}")
