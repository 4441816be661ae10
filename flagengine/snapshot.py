"""The definitions of one project at one time: immutable, lazy, equal by content (SPEC R1).

Parsing indexes the document; a flag is read when it is first asked for and lowered when it is
first evaluated. Both are pure, so that two threads doing it at once only waste work.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from flagengine.definitions.document import Document, Index, read_document
from flagengine.definitions.issues import Issue
from flagengine.definitions.model import Cohort, Flag
from flagengine.definitions.parsing import EXTENSION, parse_cohort, parse_flag
from flagengine.definitions.reading import pointer_to
from flagengine.evaluation.interpreter import Interpreter
from flagengine.evaluation.outcomes import overridden
from flagengine.inputs.clock import current_time
from flagengine.inputs.overrides import NO_OVERRIDES, Overrides, OverridesLike
from flagengine.inputs.subject import Subject, checked_mapping
from flagengine.plan import (
    FlagPlan,
    Node,
    cohort_may_fail,
    leaves,
    lower_cohort,
    lower_flag,
    references,
)
from flagengine.plan.changes import Compared, changed_keys
from flagengine.plan.graph import depth, ordered, reachable
from flagengine.plan.review import review_cohort, review_flag
from flagengine.results.resolution import Resolution
from flagengine.values.json_values import text
from flagengine.values.record import replace

__all__ = ["Evaluator", "Snapshot"]

Evaluator = Callable[..., Resolution]
"""One flag, bound: ``(distinct_id, props, subject=None)`` gives its resolution."""

_MAX_DEPENDENCY_PATHS: Final = 64
"""More than this many nested evaluations are left to the interpreter, which remembers."""

_MAX_FORCED: Final = 1_024

_CONTENT: Final = (
    "flags",
    "group_type_mapping",
    "cohorts",
    "property_matching_version",
    "minimal_flag_called_events",
    EXTENSION,
)


class Snapshot:
    """A definitions document, ready to evaluate.

    Build one with :meth:`parse`; copies with changes come from :meth:`with_overrides`. Safe to
    share between threads, picklable, hashable and equal by content.
    """

    __slots__ = (
        "__weakref__",
        "_cohort_plans",
        "_cohorts",
        "_dependencies",
        "_document",
        "_fingerprint",
        "_flags",
        "_forced",
        "_in_order",
        "_index",
        "_plans",
        "_used",
        "evaluators",
        "flags",
        "keys",
        "overrides",
    )

    flags: Mapping[str, Flag]
    """Every flag by key, in the document's order; read on first access. Deleted ones are none."""
    keys: Mapping[str, None]
    """The keys of the flags, in the document's order."""
    evaluators: dict[str, Evaluator]
    """The flags compiled so far, for the hot path; see :meth:`evaluator_so_far`."""
    overrides: Overrides
    """Answers that replace evaluation, from :meth:`with_overrides`."""
    _document: dict[str, Any]
    _index: Index
    _flags: dict[str, Flag]
    _cohorts: dict[str, Cohort]
    _plans: dict[str, FlagPlan]
    _dependencies: dict[str, frozenset[str]]
    _cohort_plans: dict[str, Node]
    _used: set[str]
    _in_order: tuple[Evaluator, ...]
    _forced: dict[tuple[str, type, bool | str | None], Resolution]
    _fingerprint: str | None

    def __init__(self, document: dict[str, Any], overrides: Overrides = NO_OVERRIDES) -> None:
        """Index a document that nobody else holds; :meth:`parse` is the way in."""
        index = Index(document)
        self._set("_document", document)
        self._set("_index", index)
        self._set("_flags", {})
        self._set("_cohorts", {})
        self._set("_plans", {})
        self._set("_dependencies", {})
        self._set("_cohort_plans", {})
        self._set("evaluators", {})
        self._set("_used", set())
        self._set("_in_order", ())
        self._set("_forced", {})
        self._set("_fingerprint", None)
        self._set("flags", _Flags(self))
        self._set("keys", dict.fromkeys(index.flags))
        self._set("overrides", overrides)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a snapshot never changes."""
        message = f"a Snapshot cannot change; with_overrides makes a copy ({name})"
        raise AttributeError(message)

    @classmethod
    def parse(cls, document: Document) -> "Snapshot":
        """Read a definitions document: a mapping, JSON text or UTF-8 bytes.

        A flag that is malformed, of an unknown format or absurd keeps its slot: see
        :attr:`issues`. Raises :class:`SnapshotError` only when the document is no definitions
        document at all.
        """
        return cls(read_document(document))

    def with_overrides(self, overrides: OverridesLike) -> "Snapshot":
        """Return a copy whose answers are replaced by ``overrides``, on top of any it has."""
        return Snapshot(self._document, self.overrides | Overrides.parse(overrides))

    @property
    def group_type_mapping(self) -> Mapping[int, str]:
        """The names of group types by index."""
        return self._index.group_names

    @property
    def property_matching_version(self) -> int:
        """2 for explicit equality, else 1 (SPEC R1.5)."""
        return self._index.matching_version

    @property
    def minimal_flag_called_events(self) -> bool:
        """Whether events about reading a flag are to be trimmed; changes no answer."""
        return self._document.get("minimal_flag_called_events") is True

    @property
    def hash_algorithm(self) -> str:
        """The hash of flags that name none (SPEC R16)."""
        return self._index.hash_algorithm

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything wrong in the document, in its order; empty when nothing is."""
        found = list(self._index.issues)
        for flag in self.flags.values():
            found += [*flag.issues, *review_flag(flag, self)]
        for cohort in filter(None, map(self.cohort, self._index.cohorts)):
            found += [*cohort.issues, *review_cohort(cohort, self)]
        return tuple(found)

    @property
    def fingerprint(self) -> str:
        """A hex digest of everything that can change an answer, the overrides included."""
        if self._fingerprint is None:
            written = json.dumps([self._content(), self.overrides.to_dict()], sort_keys=True)
            from hashlib import blake2b  # noqa: PLC0415 3 ms, for whoever asks

            self._set("_fingerprint", blake2b(written.encode(), digest_size=16).hexdigest())
        return self._fingerprint or ""

    def changed_keys(self, other: "Snapshot") -> frozenset[str]:
        """Return the keys of the flags that may answer differently under ``other``.

        Flags that only one of the two defines are among them. A key that is not returned has the
        same answers under both, whoever is evaluated.
        """
        return changed_keys(other._compared(), self._compared())  # noqa: SLF001 of this class

    def _compared(self) -> Compared:
        return Compared(self._index, self.overrides, self.flag, self.cohort)

    def _content(self) -> dict[str, Any]:
        """Return the members of the document that count."""
        return {name: self._document[name] for name in _CONTENT if name in self._document}

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        if not isinstance(other, Snapshot):
            return NotImplemented
        if self is other:
            return True
        # Most snapshots differ, which Python finds sooner; to Python 1 and True are equal, though.
        is_alike = self._content() == other._content()
        return is_alike and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        """Say how large it is, not what is in it."""
        return f"<Snapshot of {len(self.flags)} flags, {len(self._index.cohorts)} cohorts>"

    def __reduce__(self) -> tuple[type["Snapshot"], tuple[dict[str, Any], Overrides]]:
        """Pickle the document; the rest is made anew."""
        return Snapshot, (self._document, self.overrides)

    # What lowering asks (flagengine.plan.cohorts.CohortScope).

    def flag(self, key: str) -> Flag | None:
        """Return the flag with that key, or None."""
        if key not in self._flags and key in self._index.flags:
            flag = parse_flag(key, self._index.flags[key], self._index.pointers[key])
            if key in self._index.duplicates:
                flag = replace(flag, defect=self._index.duplicates[key])
            self._flags[key] = flag
        return self._flags.get(key)

    def cohort(self, cohort_id: str) -> Cohort | None:
        """Return the cohort with that id, or None."""
        if cohort_id not in self._cohorts and cohort_id in self._index.cohorts:
            source, pointer = self._index.cohorts[cohort_id], pointer_to("/cohorts", cohort_id)
            self._cohorts[cohort_id] = parse_cohort(cohort_id, source, pointer)
        return self._cohorts.get(cohort_id)

    def group_name(self, index: int) -> str | None:
        """Return the name of a group type, or None."""
        return self._index.group_names.get(index)

    def cohort_plan(self, cohort_id: str) -> Node:
        """Return the lowered definition of a cohort, or why there is none."""
        if cohort_id not in self._cohort_plans:
            # Those below come first, so that no chain of cohorts makes a chain of calls.
            for one in ordered(cohort_id, lambda name: references(self.cohort(name))):
                self._cohort_plans[one] = lower_cohort(one, self)
        return self._cohort_plans[cohort_id]

    def cohort_may_fail(self, cohort_id: str) -> bool:
        """Tell whether a cohort, or one below it, is not in the document or circular."""
        return cohort_may_fail(cohort_id, self)

    def is_deleted(self, key: str) -> bool:
        """Tell whether the document has the flag as deleted only."""
        return key in self._index.deleted

    def dependencies(self, key: str) -> frozenset[str]:
        """Return the keys of the flags that a flag's filters name, cohorts included."""
        if key not in self._dependencies:
            self._dependencies[key] = self._named_flags(key)
        return self._dependencies[key]

    def _named_flags(self, key: str) -> frozenset[str]:
        flag = self.flag(key)
        conditions = flag.conditions if flag else ()
        filters = [one for condition in conditions for one in condition.filters]
        if not any(one.type in ("cohort", "flag") for one in filters):
            return frozenset()
        cohorts = {text(one.value) for one in filters if one.type == "cohort"}
        for cohort_id in tuple(cohorts):
            cohorts |= reachable(cohort_id, lambda one: references(self.cohort(one)))
        for cohort in filter(None, map(self.cohort, cohorts)):
            filters.extend(leaves(cohort.definition))
        return frozenset(one.key for one in filters if one.type == "flag" and one.key)

    # What compiling asks (flagengine.compiled.flag.Flags).

    def evaluator(self, key: str) -> Evaluator:
        """Bind one flag: a function of a distinct id and person properties.

        The tightest loop there is. Compiled at the first call and kept; an unknown key gives a
        function whose resolution says so.
        """
        if key not in self.evaluators and key not in self.keys and key not in self.overrides.flags:
            return self._compile(key)
        if key not in self.evaluators:
            for one in self.evaluation_order(key):
                if one not in self.evaluators:
                    self.evaluators[one] = self._compile(one)
        return self.evaluators[key]

    def evaluator_so_far(self, key: str) -> Evaluator:
        """Return the interpreter at a flag's first use, the compiled flag from the second on.

        For a single evaluation compiling costs more than it saves.
        """
        if key in self.evaluators:
            return self.evaluators[key]
        if key in self._used:
            return self.evaluator(key)
        if key in self.keys:
            self._used.add(key)
        return partial(self.interpret, key)

    def evaluators_in_order(self) -> tuple[Evaluator, ...]:
        """Return all flags' evaluators in the snapshot's order; nothing before all are compiled."""
        found = self.evaluators
        if not self._in_order and len(found) >= len(self.keys) and found.keys() >= self.keys.keys():
            self._set("_in_order", tuple(found[key] for key in self.keys))
        return self._in_order

    def forced(self, key: str, value: bool | str | None) -> Resolution:
        """Return the resolution of an override; remembered, since tests ask for few."""
        slot = (key, type(value), value)
        if slot not in self._forced:
            if len(self._forced) >= _MAX_FORCED:
                self._forced.clear()
            self._forced[slot] = overridden(key, value, self.plan(key))
        return self._forced[slot]

    def has_dependencies(self, key: str) -> bool:
        """Tell whether a flag depends on others."""
        return bool(self.dependencies(key))

    def evaluation_order(self, key: str) -> list[str]:
        """Return the flags that a flag depends on, each behind its own dependencies, and itself."""
        return ordered(key, self.dependencies) if self.dependencies(key) else [key]

    def _compile(self, key: str) -> Evaluator:
        from flagengine.compiled import compile_flag, constantly  # noqa: PLC0415 10 ms, from the second use on

        plan, overrides = self.plan(key), self.overrides
        if key in overrides.flags or plan is None:
            return constantly(self.interpret(key, "", {}))
        if key in overrides.payloads or (overrides.flags and self.has_dependencies(key)):
            return partial(self.interpret, key)
        if self._dependency_paths(key) > _MAX_DEPENDENCY_PATHS:
            return partial(self.interpret, key)
        return compile_flag(plan, self)

    def interpret(
        self,
        key: str,
        distinct_id: object,
        props: Mapping[str, Any] | None,
        subject: Subject | None = None,
    ) -> Resolution:
        """Evaluate a flag by the interpreter: the specification, and what is not compiled."""
        subject = subject or self.new_subject(distinct_id, props)
        return Interpreter(self, subject, self.overrides).flag(key).resolution

    def new_subject(self, distinct_id: object, props: Mapping[str, Any] | None) -> Subject:
        """Return a subject that can tell the time."""
        return Subject(distinct_id, checked_mapping("props", props), clock=current_time)

    def _dependency_paths(self, key: str) -> int:
        """Count the evaluations that evaluating a flag leads to when nothing is remembered."""
        if depth(key, self.dependencies) is None:
            return 0  # circular: the filters on the circle are not followed
        counts: dict[str, int] = {}
        waiting = [key]
        while waiting:
            targets = self.dependencies(waiting[-1])
            unknown = [target for target in targets if target not in counts]
            if unknown:
                waiting.extend(unknown)
            else:
                counts[waiting.pop()] = sum(1 + counts[target] for target in targets)
        return counts[key]

    def plan(self, key: str) -> FlagPlan | None:
        """Return the lowered flag, or None when there is no such flag."""
        if key not in self._plans:
            flag = self.flag(key)
            if flag is None:
                return None
            self._plans[key] = lower_flag(flag, self)
        return self._plans[key]


class _Flags(Mapping[str, Flag]):
    """The flags of a snapshot, read when they are asked for."""

    __slots__ = ("_snapshot",)

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, key: str) -> Flag:
        flag = self._snapshot.flag(key)
        if flag is None:
            raise KeyError(key)
        return flag

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot._index.flags)  # noqa: SLF001 the snapshot's own view

    def __len__(self) -> int:
        return len(self._snapshot._index.flags)  # noqa: SLF001 as above
