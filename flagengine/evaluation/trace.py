"""The steps that the interpreter took, as a tree of frozen values (SPEC R5, R13).

:mod:`flagengine.analysis.explanation` renders the tree for people and machines.
"""

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from flagengine.definitions.model import Filter
from flagengine.evaluation.conclusion import Conclusion
from flagengine.plan.shares import Answer
from flagengine.results.resolution import Resolution
from flagengine.results.verdicts import Verdict
from flagengine.values.record import Record, brief

__all__ = [
    "NOT_SHOWN",
    "ConditionTrace",
    "FlagTrace",
    "HashTrace",
    "TestTrace",
]


class NotShown(Enum):
    """The type of :data:`NOT_SHOWN`."""

    NOT_SHOWN = "not shown"


NOT_SHOWN: Final = NotShown.NOT_SHOWN
"""The actual value of a test that compares no value."""


class TestTrace(Record):
    """One test: a filter, or a combination of the tests in ``children``.

    ``kind`` is property, cohort, flag, constant, undecidable, all, any or not. ``actual`` is the
    JSON value that was compared, ABSENT, NOT_GIVEN, or :data:`NOT_SHOWN`. Traces are compared by
    identity, because the tests of a cohort share the trace of its definition.
    """

    __test__ = False  # pytest collects classes by their name

    kind: str
    verdict: Verdict
    origin: Filter | None = None
    actual: Any = NOT_SHOWN
    group: str | None = None
    note: str = ""
    children: "tuple[TestTrace, ...]" = ()
    dependency: "FlagTrace | None" = None

    if not TYPE_CHECKING:
        __eq__ = object.__eq__
        __hash__ = object.__hash__
        __repr__ = brief("kind", "verdict", "note")


class HashTrace(Record):
    """A comparison of a bucket number with a bound; ``bucket`` is None when it was not computed.

    ``verdict`` is True for inside, False for outside, None for unknown.
    """

    subject: str
    bucket: float | None
    bound: float
    verdict: bool | None


class ConditionTrace(Record):
    """One condition, or one rule (``kind``): its tests, its rollout, and its contribution.

    ``holdout`` is a rule's own; ``tests`` of a rule end with the first that does not match.
    ``answers`` are the values that the condition may give; ``passes`` tells whether the walk can go
    on after it.
    """

    index: int
    verdict: Verdict | None
    tests: tuple[TestTrace, ...] = ()
    rollout: HashTrace | None = None
    draw: HashTrace | None = None
    answers: tuple[Answer, ...] = ()
    passes: bool = True
    note: str = ""
    kind: str = "condition"
    holdout: HashTrace | None = None


class FlagTrace(Record):
    """The steps of one flag's evaluation, and the conclusion; compared by identity.

    All tests of the flag share the trace.
    """

    conclusion: Conclusion
    conditions: tuple[ConditionTrace, ...] = ()
    enrollment: TestTrace | None = None
    holdout: HashTrace | None = None

    if not TYPE_CHECKING:
        __eq__ = object.__eq__
        __hash__ = object.__hash__
        __repr__ = brief("conclusion")

    @property
    def resolution(self) -> Resolution:
        """The resolution of the conclusion."""
        return self.conclusion.resolution
