"""The meaning of a flag, typed: what the interpreter walks and the compiler compiles.

About a dozen node kinds. A node holds names and compiled operands, never the document's words.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from flagengine.definitions.model import Filter
from flagengine.operators import Matcher
from flagengine.results.resolution import UnresolvedReason
from flagengine.values.record import Record

__all__ = [
    "AllOf",
    "AnyOf",
    "BucketBy",
    "Bucketing",
    "CohortTest",
    "ConditionPlan",
    "Constant",
    "FlagPlan",
    "FlagTest",
    "HoldoutPlan",
    "Node",
    "Not",
    "PropertyTest",
    "Undecidable",
    "VariantPlan",
]


class PropertyTest(Record):
    """A matcher applied to one property of the person (``group`` None) or of a group type."""

    key: str
    matcher: Matcher
    group: str | None = None
    origin: Filter | None = None


class Constant(Record):
    """A filter that the context cannot change; ``why`` is for people.

    ``deleted`` is the dependency that it stands for: only an override brings that one back.
    """

    verdict: bool
    why: str
    origin: Filter | None = None
    deleted: "FlagTest | None" = None


class Undecidable(Record):
    """A filter that only the server can decide.

    With ``may_fail`` the server may even fail the whole flag, that is answer false (SPEC R10).
    """

    reason: UnresolvedReason
    why: str
    may_fail: bool = False
    origin: Filter | None = None


class FlagTest(Record):
    """The value of another flag: True for enabled, False for disabled, text for a variant.

    ``broken`` says why the dependency cannot be followed, if it cannot; ``absent`` names the
    flags of its chain that are not defined, and might be overridden.
    """

    key: str
    expected: bool | str
    broken: str | None = None
    absent: tuple[str, ...] = ()
    origin: Filter | None = None

    def why_broken(self, overridden: Mapping[str, bool | str | None]) -> str | None:
        """Say why the dependency cannot be followed; an override can stand in (SPEC R11.5)."""
        if self.key in overridden:
            gone = overridden[self.key] is None
            return f"{self.key!r} is overridden to be absent" if gone else None
        absent = [key for key in self.absent if overridden.get(key) is None]
        if absent:
            return f"the flag {absent[0]!r} is not in the definitions"
        return self.broken


class AllOf(Record):
    """Kleene AND."""

    parts: "tuple[Node, ...]"


class AnyOf(Record):
    """Kleene OR, except that a part that may fail the flag beats a true one (SPEC R10)."""

    parts: "tuple[Node, ...]"


class Not(Record):
    """Kleene NOT."""

    part: "Node"


class CohortTest(Record):
    """Membership of a cohort; ``definition`` is shared by all tests of the same cohort.

    With ``may_fail`` a cohort at or below it is not in the document: reached, the server may fail
    the whole flag, however the test comes out (SPEC R10.8).
    """

    cohort: str
    definition: "Node"
    negated: bool = False
    may_fail: bool = False
    origin: Filter | None = None


Node = PropertyTest | Constant | Undecidable | FlagTest | AllOf | AnyOf | Not | CohortTest


class BucketBy(Enum):
    """What a hash is taken of."""

    PERSON = "person"
    CONTINUOUS_PERSON = "person, remembered by the server"
    DEVICE = "device"
    GROUP = "group"
    UNNAMED_GROUP = "group without a name in the mapping"


class Bucketing(Record):
    """The subject of a condition's hash; ``group`` is the group type's name, or its index."""

    by: BucketBy
    group: str | None = None


class ConditionPlan(Record):
    """One condition: its filters, its share, its pinned variant and its subject."""

    index: int
    tests: tuple[Node, ...]
    rollout_percentage: float
    pinned: str | None
    bucketing: Bucketing


class VariantPlan(Record):
    """A variant and the exclusive upper end of its interval, as a fraction of 1."""

    key: str
    upper: float
    weight: float


class HoldoutPlan(Record):
    """The answer for the held-out share, and the subject it is drawn by."""

    value: str
    percentage: float
    bucketing: Bucketing


class FlagPlan(Record):
    """All that is needed to answer one flag. ``defect`` says why it cannot be, if it cannot."""

    key: str
    active: bool = True
    defect: str | None = None
    enrollment: str | None = None
    """The person property that decides an early-access flag."""
    holdout: HoldoutPlan | None = None
    conditions: tuple[ConditionPlan, ...] = ()
    variants: tuple[VariantPlan, ...] = ()
    early_exit: bool = False
    payloads: Mapping[str, str] = MappingProxyType({})
    algorithm: str = "sha1"
    evaluation_runtime: str = "all"
    evaluation_contexts: frozenset[str] = frozenset()
    flag_id: int | None = None
    flag_version: int | None = None
    has_experiment: bool | None = None
