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

from ..polling.store import Published
from .answer import FlagAnswer, Origin
from .query import FlagQuery

__all__ = ["EvaluatedFlags", "LocalFlags"]

_NO_DEFINITIONS: Final = Snapshot.parse({"flags": []})

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


class EvaluatedFlags(NamedTuple):
    """What came of one query. A tuple, because every read makes one.

    Attributes:
        answers: by flag key.
        unresolved: what the engine could not decide, and the server did not answer either.
        undefined: keys that the definitions do not have.
        withheld: keys that have no value and for which the server must not be asked: overridden to
            be missing, or not for this application.
        request_errors: codes of what went wrong with the request to the server.
    """

    answers: Mapping[str, FlagAnswer] = MappingProxyType({})
    unresolved: Mapping[str, Resolution] = MappingProxyType({})
    undefined: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()
    request_errors: tuple[str, ...] = ()

    def lacking(self, keys: Iterable[str]) -> list[str]:
        """Return which of the keys somebody else may still answer."""
        return [key for key in keys if key not in self.answers and key not in self.withheld]


class LocalFlags:
    """The engine with the client's options for it. An option with its default is left out."""

    def __init__(
        self,
        *,
        missing_group: str = "as_server",
        evaluation_contexts: tuple[str, ...] = (),
        project_timezone: str = "UTC",
    ) -> None:
        self._options: dict[str, Any] = {}
        if missing_group not in ("as_server", "false"):
            self._options["missing_group"] = missing_group
        if evaluation_contexts:
            self._options["evaluation_contexts"] = evaluation_contexts
        if project_timezone != "UTC":
            self._options["project_timezone"] = project_timezone
        self._last_origin: tuple[Published | None, Origin] = (None, Origin())

    def prepare(self) -> None:
        """Let the engine import now what it imports when it is first needed.

        If a thread imports a module while another thread forks, the child keeps a half-imported
        module for good: whoever may evaluate in threads calls this before.
        """
        overrides = Overrides.parse({"overridden": True})
        for _ in range(_UNTIL_COMPILED):
            for key in _EVERY_PART.keys:
                evaluate_flag(_EVERY_PART, key, "u", dict(_VALUES), **self._options)
            evaluate(_EVERY_PART, "u", dict(_VALUES), overrides=overrides, **self._options).values()

    def evaluate(
        self, query: FlagQuery, published: Published, overrides: Overrides
    ) -> EvaluatedFlags:
        """Evaluate what is asked for."""
        snapshot, keys = published.snapshot, query.keys
        if snapshot is None:
            if not overrides:
                return EvaluatedFlags(undefined=keys or ())
            snapshot = _NO_DEFINITIONS
        who, known = query.distinct_id, query.person_properties
        options = self._call_options(query, overrides)
        resolutions: Iterable[Resolution]
        if keys is not None and len(keys) == 1:
            resolutions = (evaluate_flag(snapshot, keys[0], who, known, **options),)
        else:
            resolutions = evaluate(snapshot, who, known, flag_keys=keys, **options).values()
        return _sorted(resolutions, self._origin(published))

    def with_value(
        self, key: str, value: Any, query: FlagQuery, published: Published, overrides: Overrides
    ) -> FlagAnswer | None:
        """Return the flag's answer if it had that value; None when the flag is not defined."""
        if published.snapshot is None or key not in published.snapshot.keys:
            return None
        supposed = overrides | Overrides.parse({"flags": {key: value}})
        options = self._call_options(query, supposed)
        who, known = query.distinct_id, query.person_properties
        resolution = evaluate_flag(published.snapshot, key, who, known, **options)
        return FlagAnswer(resolution, self._origin(published))

    def _origin(self, published: Published) -> Origin:
        """Return the origin of a publication's answers: the same object for all of them."""
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
        """Return only what is there: the engine's fastest path is the one without options."""
        options = dict(self._options)
        if query.groups:
            options["groups"] = query.groups
        if query.group_properties:
            options["group_properties"] = query.group_properties
        if query.device_id is not None:
            options["device_id"] = query.device_id
        if overrides:
            options["overrides"] = overrides
        return options


def _sorted(resolutions: Iterable[Resolution], origin: Origin) -> EvaluatedFlags:
    answers: dict[str, FlagAnswer] = {}
    unresolved: dict[str, Resolution] = {}
    undefined: list[str] = []
    withheld: list[str] = []
    for resolution in resolutions:
        key = resolution.key
        if resolution.value is not None:
            answers[key] = FlagAnswer(resolution, origin)
        elif resolution.reason is Reason.UNRESOLVED:
            unresolved[key] = resolution
        elif resolution.reason is Reason.UNKNOWN_FLAG:
            undefined.append(key)
        else:
            withheld.append(key)
    return EvaluatedFlags(answers, unresolved, tuple(undefined), frozenset(withheld))
