"""The definitions of one project: a document whose flags and cohorts are read on first access.

Reading is pure: two threads that read the same flag at the same time only waste work.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from flagengine.definitions.index import Index
from flagengine.definitions.issues import Issue
from flagengine.definitions.model import Cohort, Flag
from flagengine.definitions.parsing import NOTHING_LOST, may_restrict, parse_cohort, parse_flag
from flagengine.definitions.reading import pointer_to
from flagengine.values.record import replace

if TYPE_CHECKING:  # few documents lose anything
    from flagengine.definitions.rules.lost import Lost

__all__ = ["Definitions", "Restricted"]


class Restricted(NamedTuple):
    """A flag that not every audience sees (SPEC R17); the members are named as a flag's."""

    key: str
    evaluation_runtime: str
    evaluation_contexts: frozenset[str]


class Definitions:
    """The flags and cohorts of a document; :mod:`flagengine.plan` gives them a meaning."""

    __slots__ = (
        "_cohorts",
        "_contexts",
        "_flags",
        "_restricted",
        "document",
        "flags",
        "group_names",
        "hash_algorithm",
        "index",
        "keys",
        "lost",
        "property_matching_version",
    )

    def __init__(self, document: dict[str, Any], lost: "Lost | None" = None) -> None:
        """Index a document from ``read_with_losses``, which no caller can change."""
        self.lost: Lost = lost or {}
        index = Index(document, self.lost)
        self.index: Index = index
        self._flags: dict[str, Flag] = {}
        self._cohorts: dict[str, Cohort] = {}
        self._contexts: frozenset[str] | None = None
        self._restricted: tuple[Restricted, ...] | None = None
        self.document: dict[str, Any] = document
        self.keys: dict[str, None] = dict.fromkeys(index.flags)
        self.flags: Mapping[str, Flag] = _Flags(self)
        self.group_names: Mapping[int, str] = index.group_names
        self.property_matching_version: int = index.matching_version
        self.hash_algorithm: str = index.hash_algorithm

    @property
    def issues(self) -> list[Issue]:
        """The issues at the top level of the document."""
        return list(self.index.issues)

    @property
    def cohorts(self) -> Iterator[Cohort]:
        """Every cohort, in the document's order."""
        return filter(None, map(self.cohort, self.index.cohorts))

    @property
    def cohort_count(self) -> int:
        """The number of cohorts, counted without reading them."""
        return len(self.index.cohorts)

    def flag(self, key: str) -> Flag | None:
        """Return the flag with this key, or None."""
        flag = self.passing(key)
        return None if flag is None else self._flags.setdefault(key, flag)

    def passing(self, key: str) -> Flag | None:
        """Return the flag with this key, or None, but do not keep it unless it has issues.

        The issues say where the flag is: a document in which it is elsewhere takes another one.
        """
        flag = self._flags.get(key)
        if flag is None and key in self.index.flags:
            lost = self.index.lost.get(key, NOTHING_LOST)
            flag = parse_flag(key, self.index.flags[key], self.index.pointers[key], lost)
            if key in self.index.duplicates:
                flag = replace(flag, defect=self.index.duplicates[key])
            if flag.issues:
                self._flags[key] = flag
        return flag

    @property
    def restricted(self) -> tuple[Restricted, ...]:
        """The flags that not every audience sees; no other flag is read for it."""
        if self._restricted is None:
            sources = self.index.flags.items()
            flags = (self.passing(key) for key, source in sources if may_restrict(source))
            self._restricted = tuple(
                Restricted(flag.key, flag.evaluation_runtime, flag.evaluation_contexts)
                for flag in flags
                if flag and (flag.evaluation_runtime != "all" or flag.evaluation_contexts)
            )
        return self._restricted

    @property
    def contexts(self) -> frozenset[str]:
        """The evaluation contexts that flags name."""
        if self._contexts is None:
            self._contexts = frozenset[str]().union(
                *(flag.evaluation_contexts for flag in self.restricted)
            )
        return self._contexts

    def cohort(self, cohort_id: str) -> Cohort | None:
        """Return the cohort with this id, or None."""
        if cohort_id not in self._cohorts and cohort_id in self.index.cohorts:
            source, pointer = self.index.cohorts[cohort_id], pointer_to("/cohorts", cohort_id)
            self._cohorts[cohort_id] = parse_cohort(cohort_id, source, pointer)
        return self._cohorts.get(cohort_id)

    def names_read(self) -> list[tuple[Literal["flag", "cohort"], str]]:
        """Return the flags and cohorts that were read so far, without reading any."""
        flags: list[tuple[Literal["flag", "cohort"], str]] = [
            ("flag", key) for key in [*self._flags]
        ]
        return [*flags, *(("cohort", cohort_id) for cohort_id in [*self._cohorts])]

    def flag_read(self, key: str) -> Flag | None:
        """Return a flag that was read before, or None."""
        return self._flags.get(key)

    def adopt(self, old: "Definitions", names: AbstractSet[tuple[str, str]]) -> None:
        """Take over the flags and cohorts in ``names``, which are the same in both documents."""
        for key, flag in old._flags.copy().items():  # noqa: SLF001 of this class
            if ("flag", key) in names:
                pointer = self.index.pointers[key]
                is_there = flag.pointer == pointer
                self._flags[key] = flag if is_there else replace(flag, pointer=pointer)
        for cohort_id, cohort in old._cohorts.copy().items():  # noqa: SLF001 of this class
            if ("cohort", cohort_id) in names:
                self._cohorts[cohort_id] = cohort

    def is_deleted(self, key: str) -> bool:
        """Tell whether the document has the flag only as a deleted flag."""
        return key in self.index.deleted and key not in self.keys


class _Flags(Mapping[str, Flag]):
    """The flags by key; each flag is read on first access."""

    __slots__ = ("_definitions",)

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def __getitem__(self, key: str) -> Flag:
        flag = self._definitions.flag(key)
        if flag is None:
            raise KeyError(key)
        return flag

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions.keys)

    def __len__(self) -> int:
        return len(self._definitions.keys)
