"""Local answers: the engine's resolutions, sorted into answers and keys that lack an answer.

Only this module and ``quick`` call the engine. It decides no flag itself, and does not know the server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import tzinfo
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flagengine import Overrides, Reason, Resolution, Snapshot, evaluate, evaluate_flag

from ..polling.store import Published
from .answer import FlagAnswer, FlagFailure, Origin
from .local_answers import LocalAnswers
from .query import Complete, FlagQuery

if TYPE_CHECKING:  # few programs ask why
    from flagengine import Explanation, Requirements

__all__ = ["EvaluatedFlags", "LocalFlags", "Obstacle"]

_NOT_EVALUATED: Final = (Reason.OVERRIDDEN, Reason.FILTERED_OUT, Reason.UNKNOWN_FLAG)
_NO_DEFINITIONS: Final = Snapshot.parse({"flags": []})
_NEVER: Final = "Only the server evaluates it (never_evaluate_locally)"

_key: Final = attrgetter("key")
_value: Final = attrgetter("value")

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


class Obstacle(StrEnum):
    """Why a query has no answer for any flag."""

    UNUSABLE = "the client is disabled or has no key"
    NO_DISTINCT_ID = "no distinct id: pass distinct_id or use client.context(...)"
    NOT_LOADED = "no flag definitions are loaded"


class EvaluatedFlags(NamedTuple):
    """The result of a query. A tuple, because every read makes a result.

    Attributes:
        answers: the answers by flag key.
        unresolved: resolutions of flags that neither the engine nor the server decided.
        undefined: keys that the definitions do not have.
        withheld: keys without an answer for which the server must not be asked, with the reason: the
            flag is overridden to be missing, has other evaluation contexts, or fails as it would there.
        request_errors: the error codes of the request to the server.
        failures: why existing flags have no answer, by key; from the engine or the server.
        obstacle: why the flags without an answer have none, whatever they are.
    """

    answers: Mapping[str, FlagAnswer] = MappingProxyType({})
    unresolved: Mapping[str, Resolution] = MappingProxyType({})
    undefined: tuple[str, ...] = ()
    withheld: Mapping[str, Reason] = MappingProxyType({})
    request_errors: tuple[str, ...] = ()
    failures: Mapping[str, FlagFailure] = MappingProxyType({})
    obstacle: Obstacle | None = None

    def is_inconclusive(self, key: str) -> bool:
        """Return whether nothing is known of the flag: neither its value nor that it is missing."""
        return key in self.unresolved or self.obstacle is not None

    def is_hidden(self, key: str) -> bool:
        """Return whether an override makes the flag missing, so that reading it sends no event."""
        return self.withheld.get(key) is Reason.OVERRIDDEN

    def lacking(self, keys: Iterable[str]) -> list[str]:
        """Return those of the keys for which a cache or the server may still have an answer."""
        return [key for key in keys if key not in self.answers and key not in self.withheld]


class LocalFlags:
    """The engine with the client's options, without those that have their default value.

    ``never`` has the keys of flags that only the server evaluates; ``options`` are the client's
    options in the form of the engine's.
    """

    def __init__(
        self,
        *,
        missing_group: str = "as_server",
        evaluation_contexts: tuple[str, ...] = (),
        project_timezone: str | tzinfo = "UTC",
        never: Collection[str] | str = (),
        complete: Complete = False,
    ) -> None:
        self.never: frozenset[str] = frozenset([never] if isinstance(never, str) else never)
        self.options: dict[str, Any] = {}
        if missing_group not in ("as_server", "false"):
            self.options["missing_group"] = missing_group
        if evaluation_contexts:
            self.options["evaluation_contexts"] = evaluation_contexts
        if project_timezone != "UTC":
            self.options["project_timezone"] = project_timezone
        if complete:
            self.options["complete"] = complete
        self._last_origin: tuple[Published | None, Origin] = (None, Origin())

    def prepare(self) -> None:
        """Make the engine import the modules that it otherwise imports at their first use.

        If a thread imports a module while another thread forks, the module stays half-imported in
        the child. So call this before threads evaluate flags.
        """
        overrides = Overrides.parse({"overridden": True})
        for _ in range(_UNTIL_COMPILED):
            for key in _EVERY_PART.keys:
                evaluate_flag(_EVERY_PART, key, "u", dict(_VALUES), **self.options)
            evaluate(_EVERY_PART, "u", dict(_VALUES), overrides=overrides, **self.options).values()

    def evaluate(
        self, query: FlagQuery, published: Published, overrides: Overrides
    ) -> EvaluatedFlags:
        """Evaluate the flags of the query."""
        snapshot, keys = published.snapshot, query.keys
        if snapshot is None:
            if not overrides:
                return EvaluatedFlags(undefined=keys or (), obstacle=Obstacle.NOT_LOADED)
            snapshot = _NO_DEFINITIONS
        distinct_id, properties = query.distinct_id, query.person_properties
        options = self._call_options(query, overrides)
        resolutions: Collection[Resolution]
        if keys is not None and len(keys) == 1:
            resolutions = (evaluate_flag(snapshot, keys[0], distinct_id, properties, **options),)
        else:
            resolutions = evaluate(
                snapshot, distinct_id, properties, flag_keys=keys, **options
            ).values()
        if self.never:
            resolutions = [self._left_to_server(resolution) for resolution in resolutions]
        found = _sorted(resolutions, self.origin(published))
        if published.snapshot is None:
            return found._replace(obstacle=Obstacle.NOT_LOADED)
        return found

    def with_value(
        self, key: str, value: Any, query: FlagQuery, published: Published, overrides: Overrides
    ) -> FlagAnswer | None:
        """Return the flag's answer if its value were ``value``; None if the flag is not defined."""
        if published.snapshot is None or key not in published.snapshot.keys:
            return None
        supposed = overrides | Overrides.parse({"flags": {key: value}})
        options = self._call_options(query, supposed)
        distinct_id, properties = query.distinct_id, query.person_properties
        resolution = evaluate_flag(published.snapshot, key, distinct_id, properties, **options)
        return FlagAnswer(resolution, self.origin(published))

    def explain(
        self,
        key: str,
        query: FlagQuery,
        published: Published,
        overrides: Overrides,
        *,
        redact: bool,
    ) -> Explanation | None:
        """Explain the flag's answer; return None without definitions and overrides."""
        from flagengine import explain  # noqa: PLC0415 as above

        snapshot = published.snapshot
        if snapshot is None:
            if not overrides:
                return None
            snapshot = _NO_DEFINITIONS
        options = self._call_options(query, overrides)
        distinct_id, properties = query.distinct_id, query.person_properties
        found = explain(snapshot, key, distinct_id, properties, redact=redact, **options)
        left = self._left_to_server(found.resolution)
        return (
            found if left is found.resolution else found.left_open(left, "never_evaluate_locally")
        )

    def requirements(self, snapshot: Snapshot) -> Mapping[str, Requirements]:
        """Return the requirements of each flag."""
        from flagengine import requirements  # noqa: PLC0415 as above

        known = requirements(snapshot)
        return MappingProxyType({key: self._here(known[key]) for key in known})

    def requirements_of(self, snapshot: Snapshot, key: str) -> Requirements:
        """Return the requirements of one flag, which the definitions have."""
        from flagengine import requirements  # noqa: PLC0415 as above

        return self._here(requirements(snapshot, key))

    def _here(self, known: Requirements) -> Requirements:
        """Return the requirements in this client, which leaves some flags to the server."""
        from flagengine import Decidability  # noqa: PLC0415 as above

        if known.key not in self.never:
            return known
        why = (*known.why, _NEVER)
        return known.__replace__(decided_locally=Decidability.NEVER, why=why)

    def _left_to_server(self, resolution: Resolution) -> Resolution:
        decided_elsewhere = resolution.reason in _NOT_EVALUATED
        if resolution.key not in self.never or decided_elsewhere:
            return resolution
        return Resolution(
            resolution.key,
            None,
            Reason.UNRESOLVED,
            description=_NEVER,
            flag_id=resolution.flag_id,
            flag_version=resolution.flag_version,
            has_experiment=resolution.has_experiment,
            config_version=resolution.config_version,
        )

    def origin(self, published: Published) -> Origin:
        """Return the origin of a publication's answers, the same object at each call."""
        last, origin = self._last_origin
        if last is not published:
            loaded_at = published.loaded_at
            origin = Origin(
                is_local=True,
                definitions_loaded_at=None if loaded_at is None else round(loaded_at * 1000),
                minimal_events=published.minimal_flag_called_events,
            )
            self._last_origin = (published, origin)
        return origin

    def _call_options(self, query: FlagQuery, overrides: Overrides) -> dict[str, Any]:
        """Return the options that are not empty; the engine is fastest without options."""
        options = dict(self.options)
        if query.groups:
            options["groups"] = query.groups
        if query.group_properties:
            options["group_properties"] = query.group_properties
        if query.device_id is not None:
            options["device_id"] = query.device_id
        if query.complete is not None:
            options["complete"] = query.complete
        if overrides:
            options["overrides"] = overrides
        return options


def _sorted(resolutions: Collection[Resolution], origin: Origin) -> EvaluatedFlags:
    if None not in map(_value, resolutions):
        keys = map(_key, resolutions)
        return EvaluatedFlags(LocalAnswers(dict(zip(keys, resolutions, strict=True)), origin))
    answers: dict[str, Resolution] = {}
    unresolved: dict[str, Resolution] = {}
    undefined: list[str] = []
    withheld: dict[str, Reason] = {}
    failures: dict[str, FlagFailure] = {}
    for resolution in resolutions:
        key = resolution.key
        if resolution.value is not None or resolution.caller_default:
            answers[key] = resolution
        elif resolution.reason is Reason.UNRESOLVED:
            unresolved[key] = resolution
        elif resolution.reason is Reason.UNKNOWN_FLAG:
            undefined.append(key)
        else:
            withheld[key] = resolution.reason
            if resolution.reason is Reason.ERROR:
                failures[key] = FlagFailure("evaluation_failed", FlagAnswer(resolution, origin))
    found = LocalAnswers(answers, origin)
    return EvaluatedFlags(found, unresolved, tuple(undefined), withheld, failures=failures)
