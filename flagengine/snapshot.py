"""The definitions of one project at one time: immutable, lazy, equal by content (SPEC R1)."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, SupportsIndex

from flagengine.compiled.evaluators import Evaluators
from flagengine.compiled.flags import Evaluator
from flagengine.definitions.definitions import Definitions
from flagengine.definitions.document import Document, read_with_losses
from flagengine.definitions.issues import Issue
from flagengine.definitions.known import KnownDocuments
from flagengine.definitions.model import Flag
from flagengine.definitions.parsing import EXTENSION
from flagengine.inputs.environment import current_time
from flagengine.inputs.overrides import NO_OVERRIDES, Overrides, OverridesLike
from flagengine.inputs.request import EVERYONE, NO_OPTIONS, Audience, Request
from flagengine.native import accelerator
from flagengine.plan.plans import Plans

if TYPE_CHECKING:  # few documents lose anything
    from flagengine.definitions.edits import Edited
    from flagengine.definitions.rules.lost import Lost
    from flagengine.plan.changes import Compared

__all__ = ["Evaluator", "Snapshot", "as_snapshot", "evaluators_of"]

_CONTENT: Final = (
    "flags",
    "group_type_mapping",
    "cohorts",
    "property_matching_version",
    "minimal_flag_called_events",
    EXTENSION,
)
_MAX_AUDIENCES: Final = 16
"""The maximum number of audiences for which a snapshot keeps functions."""


class Snapshot:
    """A definitions document, ready to evaluate.

    :meth:`parse` makes a snapshot, :meth:`with_overrides` a copy with overrides, and
    :meth:`with_rollout` and :meth:`with_flag` a copy with one flag changed. A snapshot is safe to
    share between threads, picklable, hashable and compared by content. A flag is read, lowered and
    compiled when it is first needed.
    """

    __slots__ = {
        "__weakref__": None,
        "_audiences": None,
        "_compiled": None,
        "_evaluators": None,
        "_fingerprint": None,
        "_forced": None,
        "_table": None,
        "flags": "Every flag by key, in the document's order; deleted flags are left out.",
        "keys": "The keys of the flags, in the document's order.",
        "overrides": "Answers that replace evaluation, from :meth:`with_overrides`.",
    }

    flags: Mapping[str, Flag]
    keys: Mapping[str, None]
    overrides: Overrides
    _audiences: "dict[Audience, Snapshot | None]"
    _compiled: dict[str, Evaluator]
    _evaluators: Evaluators
    _fingerprint: str | None
    _forced: dict[Any, Any] | None
    _table: object

    def __init__(self, plans: Plans, overrides: Overrides = NO_OVERRIDES) -> None:
        """Bind plans, which copies share; use :meth:`parse` to read a document."""
        self._bind(Evaluators(plans, overrides, current_time))

    def _bind(self, evaluators: Evaluators) -> None:
        overrides = evaluators.overrides
        self._set("flags", evaluators.plans.definitions.flags)
        self._set("keys", evaluators.keys)
        self._set("overrides", overrides)
        self._set("_evaluators", evaluators)
        self._set("_compiled", evaluators.compiled)
        # Where the accelerator looks flags up, and what overrides give unless some add payloads to that.
        table = accelerator and accelerator.FlagTable(evaluators.keys, evaluators.compiled)
        self._set("_table", table)
        self._set("_forced", None if overrides.payloads else evaluators.known_forced)
        self._set("_fingerprint", None)
        self._set("_audiences", {EVERYONE: None})

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        """Raise AttributeError, because a snapshot never changes."""
        message = f"a Snapshot cannot change; with_overrides and with_rollout make copies ({name})"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        """Raise AttributeError, because a snapshot never changes."""
        self.__setattr__(name, None)

    @classmethod
    def parse(cls, document: Document, *, previous: "Snapshot | None" = None) -> "Snapshot":
        """Read a definitions document: a mapping, JSON text or UTF-8 bytes.

        A malformed flag, or a flag of an unknown format, keeps its key and has an entry in
        :attr:`issues`. Raise :class:`SnapshotError` only for input that is not a definitions
        document.

        ``previous`` is the snapshot of an earlier document of the same project. The new snapshot
        takes over the flags that ``previous`` has read or compiled and that are written alike in
        both documents, with all they refer to (SPEC R1.10). So a poll that changes few flags costs
        little. The snapshot is the same as without ``previous``, and does not keep it.
        """
        if previous is not None and not isinstance(previous, Snapshot):
            message = f"previous must be a Snapshot or None, got {type(previous).__name__}"
            raise TypeError(message)
        snapshot = cls(Plans(Definitions(*read_with_losses(document))))
        if previous is not None:
            snapshot._evaluators.adopt(previous._evaluators)  # noqa: SLF001 of this class
        return snapshot

    def with_overrides(self, overrides: OverridesLike) -> "Snapshot":
        """Return a copy with ``overrides`` in addition to the snapshot's own overrides."""
        return Snapshot(self._evaluators.plans, self.overrides | Overrides.parse(overrides))

    def with_flag(self, definition: Mapping[str, Any]) -> "Snapshot":
        """Return a copy in which ``definition`` replaces the flag of its key, or is a new flag.

        The copy is the snapshot of the document with this flag, with the same overrides; it shares
        with this snapshot whatever the flag does not concern. A definition that cannot be read has an
        entry in :attr:`issues`, as in :meth:`parse`.

        Raises:
            SnapshotError: a value of the definition has no JSON form.
            TypeError: the definition is no mapping.
            ValueError: the definition has no key, or the document has two flags of this key.
        """
        from flagengine.definitions.edits import with_flag  # noqa: PLC0415 few callers need it

        return self._edited(with_flag(self._definitions, definition))

    def with_rollout(
        self, key: str, percentage: float, condition: SupportsIndex | None = None
    ) -> "Snapshot":
        """Return a copy in which a flag is rolled out to another percentage; nothing else changes.

        The copy is the snapshot of the document with this one number changed, with the same
        overrides. So people keep their hashes: who is inside 20 % is also inside 50 %.

        Args:
            key: The flag.
            percentage: The share of those who pass the filters, from 0 to 100; 20 is twenty per cent.
                A flag of format 2 takes at most two decimals.
            condition: The position of the condition, or for format 2 of the rule, as
                ``Resolution.condition_index`` counts them: from 0. It may be left out if only one has a
                rollout. A condition without one is rolled out to 100 %, and counts; a rule of
                the type ``targeted_release`` never has one.

        Raises:
            TypeError: an argument is of another type.
            ValueError: there is no such flag, it cannot be read, or it has no such condition; several
                conditions have a rollout and none is named; or the percentage is out of range.
        """
        from flagengine.definitions.edits import with_rollout  # noqa: PLC0415 few callers need it

        return self._edited(with_rollout(self._definitions, key, percentage, condition))

    def _edited(self, edited: "Edited") -> "Snapshot":
        snapshot = Snapshot(Plans(Definitions(*edited)), self.overrides)
        snapshot._evaluators.adopt(self._evaluators)
        return snapshot

    def _seen_by(self, audience: Audience) -> "Snapshot":
        """Return the snapshot whose keys are the flags that an audience sees (SPEC R17)."""
        known = self._audiences
        if (seen := known.get(audience, self)) is self:
            # Contexts that no flag names decide nothing: without them there are few audiences.
            runtime, contexts = audience
            audience = runtime, contexts and contexts & self._definitions.contexts
            if (seen := known.get(audience, self)) is self:
                seen = self._copy_for(audience)
                if len(known) >= _MAX_AUDIENCES:
                    known.clear()
                known[audience] = seen
        return seen or self

    def _copy_for(self, audience: Audience) -> "Snapshot | None":
        """Return a snapshot for an audience; None, which is no cycle, if it sees all flags."""
        from flagengine.compiled.audiences import (  # noqa: PLC0415 most calls have none
            AudienceEvaluators,
            hidden_from,
        )

        hidden = hidden_from(self._definitions, audience)
        if not hidden:
            return None
        copy = object.__new__(Snapshot)
        copy._bind(AudienceEvaluators(self._evaluators, audience, hidden))
        return copy

    def evaluator(self, key: str) -> Evaluator:
        """Return one flag as a function of a distinct id and person properties, for tight loops.

        The function is compiled once. The function for an unknown key gives a resolution that says
        so.
        """
        return self._evaluators.evaluator(key)

    @property
    def group_type_mapping(self) -> Mapping[int, str]:
        """The names of group types by index."""
        return self._definitions.group_names

    @property
    def property_matching_version(self) -> int:
        """The version of property matching: 2 for explicit equality, else 1 (SPEC R1.5)."""
        return self._definitions.property_matching_version

    @property
    def minimal_flag_called_events(self) -> bool:
        """Whether the project wants short events about flag reads; no answer depends on it."""
        return self._definitions.document.get("minimal_flag_called_events") is True

    def to_document(self) -> dict[str, Any]:
        """Return the definitions document as it was read; the copy is the caller's to change.

        What decoding lost of the JSON text is lost in the copy too: a format 2 flag that was refused
        for a repeated member or the digits of a number may be read from the copy (SPEC R20.16).
        """
        from flagengine.values.deep_json import deep_copy  # noqa: PLC0415 few callers need it

        return deep_copy(self._definitions.document)

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything that is wrong in the document, in the document's order."""
        return tuple(self._evaluators.plans.issues)

    @property
    def fingerprint(self) -> str:
        """A hex digest of everything that can change an answer, the overrides included."""
        if self._fingerprint is None:
            written = json.dumps([self._content(), self.overrides.to_dict()], sort_keys=True)
            from hashlib import blake2b  # noqa: PLC0415 3 ms, paid by callers that need it

            self._set("_fingerprint", blake2b(written.encode(), digest_size=16).hexdigest())
        return self._fingerprint or ""

    def changed_keys(self, other: "Snapshot", *, versions: bool = True) -> frozenset[str]:
        """Return the keys of the flags that may answer differently under ``other``.

        The keys include flags that only one of the snapshots defines. Every other key has the same
        answers under both snapshots, for every subject (SPEC R1.8). Without ``versions``, leave out flags whose
        answers differ at most in ``flag_version``: the server counts that up when a flag is saved,
        whatever was edited.
        """
        from flagengine.plan.changes import changed_keys  # noqa: PLC0415 2 ms

        before = other._compared()  # noqa: SLF001 of this class
        return changed_keys(before, self._compared(), versions=versions)

    def _compared(self) -> "Compared":
        from flagengine.plan.changes import Compared  # noqa: PLC0415 2 ms

        return Compared(self._definitions, self.overrides)

    def _content(self) -> dict[str, Any]:
        """Return what can change an answer: members of the document, and what its text had."""
        document = self._definitions.document
        content: dict[str, Any] = {name: document[name] for name in _CONTENT if name in document}
        if self._definitions.lost:
            content["lost"] = self._definitions.lost
        return content

    @property
    def _definitions(self) -> Definitions:
        return self._evaluators.plans.definitions

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        if not isinstance(other, Snapshot):
            return NotImplemented
        if self is other:
            return True
        # Python's comparison finds most differences fast, but equates 1 and True.
        is_alike = self._content() == other._content()
        return is_alike and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        """Return the size of the snapshot as text, without its content."""
        return f"<Snapshot of {len(self.keys)} flags, {self._definitions.cohort_count} cohorts>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the document and the overrides; unpickling makes the rest again."""
        definitions = self._definitions
        return _restored, (definitions.document, self.overrides, definitions.lost)


def _restored(
    document: dict[str, Any], overrides: Overrides, lost: "Lost | None" = None
) -> Snapshot:
    return Snapshot(Plans(Definitions(document, lost)), overrides)


_known: Final = KnownDocuments[Snapshot]()


def as_snapshot(flag_defs: Snapshot | Document) -> Snapshot:
    """Return a snapshot unchanged, or the snapshot of a document, parsed unless it was seen lately."""
    if isinstance(flag_defs, Snapshot):
        return flag_defs
    snapshot = _known.get(flag_defs)
    if snapshot is None:
        snapshot = Snapshot.parse(flag_defs)
        _known.add(flag_defs, snapshot._definitions.document, snapshot)  # noqa: SLF001 of this module
    return snapshot


def evaluators_of(flag_defs: Snapshot | Document, request: Request = NO_OPTIONS) -> Evaluators:
    """Return the evaluators of a snapshot, or of a document, for a request's audience."""
    snapshot = as_snapshot(flag_defs)
    if request is not NO_OPTIONS:
        snapshot = snapshot._seen_by(request.audience)  # noqa: SLF001 as below
    return snapshot._evaluators  # noqa: SLF001 private for users, not for the engine
