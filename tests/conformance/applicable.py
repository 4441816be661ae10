"""Which evaluator takes which case: decided at collection, counted, and printed.

python -m tests.conformance.applicable
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache

from tests.conformance.backends import BACKENDS, HAS_ACCELERATOR, Backend
from tests.conformance.published import Case, all_cases

__all__ = ["applicable", "counted", "not_applicable"]


def applicable() -> Iterator[tuple[Backend, Case]]:
    """Yield every evaluator with every case that it takes."""
    for name, backend in BACKENDS.items():
        left_out = not_applicable(name)
        for case in all_cases():
            if case.id not in left_out:
                yield backend, case


@cache
def not_applicable(name: str) -> dict[str, str]:
    """Return the ids of the cases that an evaluator does not take, each with the reason."""
    why_not = BACKENDS[name].why_not
    reasons = {case.id: why_not(case.parsed(), case.key, case.call) for case in all_cases()}
    return {case: reason for case, reason in reasons.items() if reason is not None}


def counted() -> Iterator[str]:
    """Yield a line for each evaluator: how many cases it takes, and why not the others."""
    with_or_without = "with" if HAS_ACCELERATOR else "without"
    yield f"{len(all_cases())} published cases, {with_or_without} the accelerator:"
    for name in BACKENDS:
        left_out = not_applicable(name)
        yield f"  {name:12} {len(all_cases()) - len(left_out):5} run, {len(left_out):4} do not apply"
        for reason, count in Counter(left_out.values()).most_common():
            yield f"  {'':12} {count:5} {reason}"


if __name__ == "__main__":
    print("\n".join(counted()))
