"""Local answers: the engine's, sorted by what can be done with them.

The only place of the client that calls the engine. It decides no flag itself, and knows nothing of
the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from flagengine import Overrides, Reason, Resolution, Snapshot, evaluate, evaluate_flag

from ..flags.evaluated import EvaluatedFlag, from_resolution
from ..polling.store import Published
from .options import Options
from .questions import Question

__all__ = ["LocalAnswers", "LocalFlags"]

_NO_DEFINITIONS: Final = Snapshot.parse({"flags": []})

# Ours: more outcomes than most projects have. Those that are made for one call pass through.
_MOST_KNOWN: Final = 10_000

# One flag for each part of the engine that is imported on demand.
_UNTIL_COMPILED: Final = 3
_VALUES: Final = {"text": "a", "number": Decimal(1), "date": "2025-01-01"}


def _flag(name: str, operator: str, value: object) -> dict[str, Any]:
    condition = {"key": name, "type": "person", "operator": operator, "value": value}
    groups = [{"properties": [condition], "rollout_percentage": 50}]
    return {"key": operator, "active": True, "filters": {"groups": groups}}


_EVERY_PART: Final = Snapshot.parse(
    {
        "flags": [
            _flag("text", "exact", "a"),
            _flag("text", "regex", "^a+$"),
            _flag("text", "icontains", "A"),
            _flag("number", "gt", 0),
            _flag("date", "is_date_before", "-1d"),
            _flag("text", "semver_gt", "1.2.3"),
        ]
    }
)


class LocalAnswers(NamedTuple):
    """``hidden`` keys have no value, and nobody else is to be asked for one.

    ``unknown`` keys are not defined, ``unresolved`` ones could not be decided. A tuple, because one
    is made for every read.
    """

    flags: Mapping[str, EvaluatedFlag] = MappingProxyType({})
    unresolved: Mapping[str, Resolution] = MappingProxyType({})
    unknown: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()

    @property
    def solved(self) -> frozenset[str]:
        """The keys that need no more asking."""
        return self.hidden.union(self.flags)


class _Known:
    """Answers of one publication made before: the engine returns most resolutions again and again.

    Keyed by identity, which is cheap; a resolution that is held here keeps its own.
    """

    def __init__(self, published: Published | None) -> None:
        self.published = published
        self._flags: dict[int, tuple[Resolution, EvaluatedFlag]] = {}

    def flag_of(self, resolution: Resolution) -> EvaluatedFlag:
        found = self._flags.get(id(resolution))
        if found is not None:
            return found[1]
        if len(self._flags) >= _MOST_KNOWN:
            self._flags.clear()
        flag = from_resolution(resolution, self.published)
        self._flags[id(resolution)] = (resolution, flag)
        return flag


class LocalFlags:
    """What of the options concerns the engine."""

    def __init__(self, options: Options) -> None:
        self._options: dict[str, Any] = {}
        self._known = _Known(None)
        if options.missing_group not in ("as_server", "false"):
            self._options["missing_group"] = options.missing_group
        if options.contexts:
            self._options["evaluation_contexts"] = options.contexts
        if options.project_timezone != "UTC":
            self._options["project_timezone"] = options.project_timezone

    def prepare(self) -> None:
        """Let the engine import now what it imports when it is first needed.

        A thread that imports while another one forks leaves the child a module that is for ever
        half imported: whoever may evaluate in threads calls this before.
        """
        overrides = Overrides.parse({"overridden": True})
        for _ in range(_UNTIL_COMPILED):
            for key in _EVERY_PART.keys:
                evaluate_flag(_EVERY_PART, key, "u", dict(_VALUES), **self._options)
            evaluate(_EVERY_PART, "u", dict(_VALUES), overrides=overrides, **self._options).values()

    def answer(
        self, question: Question, published: Published, overrides: Overrides
    ) -> LocalAnswers:
        """Evaluate what is asked for."""
        snapshot = published.snapshot
        if snapshot is None:
            if not overrides:
                return LocalAnswers(unknown=question.keys or ())
            snapshot = _NO_DEFINITIONS
        options = self._call_options(question, overrides)
        return _sorted_out(_resolutions(snapshot, question, options), self._known_of(published))

    def _known_of(self, published: Published) -> _Known:
        known = self._known
        if known.published is not published:
            known = self._known = _Known(published)
        return known

    def payload_of(
        self, key: str, value: Any, question: Question, published: Published, overrides: Overrides
    ) -> Resolution | None:
        """The definition's answer if the flag had that value; None when it is not defined."""
        if published.snapshot is None or key not in published.snapshot.keys:
            return None
        supposed = overrides | Overrides.parse({"flags": {key: value}})
        options = self._call_options(question, supposed)
        who, known = question.distinct_id, question.person_properties
        return evaluate_flag(published.snapshot, key, who, known, **options)

    def _call_options(self, question: Question, overrides: Overrides) -> dict[str, Any]:
        """Only what is there: the engine's fastest path is the one without options."""
        options = dict(self._options)
        if question.groups:
            options["groups"] = question.groups
        if question.group_properties:
            options["group_properties"] = question.group_properties
        if question.device_id is not None:
            options["device_id"] = question.device_id
        if overrides:
            options["overrides"] = overrides
        return options


def _resolutions(
    snapshot: Snapshot, question: Question, options: Mapping[str, Any]
) -> Iterable[Resolution]:
    who, known, keys = question.distinct_id, question.person_properties, question.keys
    if keys is not None and len(keys) == 1:
        return (evaluate_flag(snapshot, keys[0], who, known, **options),)
    return evaluate(snapshot, who, known, flag_keys=keys, **options).values()


def _sorted_out(resolutions: Iterable[Resolution], known: _Known) -> LocalAnswers:
    flags: dict[str, EvaluatedFlag] = {}
    unresolved: dict[str, Resolution] = {}
    unknown: list[str] = []
    hidden: list[str] = []
    for each in resolutions:
        if each.value is not None:
            flags[each.key] = known.flag_of(each)
        elif each.reason is Reason.UNRESOLVED:
            unresolved[each.key] = each
        elif each.reason is Reason.UNKNOWN_FLAG:
            unknown.append(each.key)
        else:
            # Overridden to be missing, or not for this application.
            hidden.append(each.key)
    return LocalAnswers(flags, unresolved, tuple(unknown), frozenset(hidden))
