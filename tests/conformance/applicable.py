"""The cases that each evaluator takes, decided at collection, counted, and printed.

python -m tests.conformance.applicable
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from tests.conformance.backends import BACKENDS, HAS_ACCELERATOR, Backend
from tests.conformance.published import Case, all_cases, all_documents, parsed
from tests.properties.strategies import Call

__all__ = ["NOBODY_KNOWN", "applicable", "counted", "flags_of_documents", "not_applicable"]

NOBODY_KNOWN = Call("user-1")
"""The person that the documents' flags are evaluated for."""


def applicable(names: Iterable[str] = BACKENDS) -> Iterator[tuple[Backend, Case]]:
    """Yield every evaluator, or the named evaluators, with every case that it takes."""
    for name in names:
        left_out = not_applicable(name)
        for case in all_cases():
            if case.id not in left_out:
                yield BACKENDS[name], case


def flags_of_documents(member: str) -> Iterator[tuple[Backend, Mapping[str, Any], str]]:
    """Yield the flags that documents list as fine or unsupported, with each of their evaluators."""
    for document in all_documents():
        for key in document.get(member, ()):
            snapshot = parsed(document)
            for backend in BACKENDS.values():
                if backend.why_not(snapshot, key, NOBODY_KNOWN) is None:
                    yield backend, document, key


@cache
def not_applicable(name: str) -> dict[str, str]:
    """Return the ids of the cases that an evaluator does not take, each with the reason."""
    why_not = BACKENDS[name].why_not
    reasons = {case.id: why_not(case.probed, case.key, case.call) for case in all_cases()}
    return {case: reason for case, reason in reasons.items() if reason is not None}


def counted() -> Iterator[str]:
    """Yield a line for each evaluator: the number of its cases, and the reasons against others."""
    with_or_without = "with" if HAS_ACCELERATOR else "without"
    yield f"{len(all_cases())} published cases, {with_or_without} the accelerator:"
    for name in BACKENDS:
        left_out = not_applicable(name)
        yield f"  {name:12} {len(all_cases()) - len(left_out):5} run, {len(left_out):4} do not apply"
        for reason, count in Counter(left_out.values()).most_common():
            yield f"  {'':12} {count:5} {reason}"


if __name__ == "__main__":
    print("\n".join(counted()))
