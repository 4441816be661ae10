"""One rule; its type decides which members it must, may and must not have (SPEC R20.2)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from flagengine.definitions.issues import IssueCode
from flagengine.definitions.reading import shown
from flagengine.definitions.rules.experiments import holdout, seed, variants
from flagengine.definitions.rules.model import Rule
from flagengine.definitions.rules.notes import Members, Notes, closed
from flagengine.definitions.rules.numbers import is_whole, percentage
from flagengine.definitions.rules.predicates import predicate
from flagengine.definitions.rules.served import served

__all__ = ["MAX_PREDICATES", "RuleReader"]

MAX_PREDICATES: Final = 100
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MISSES: Final = ("continue", "return_default")
_EVERY: Final = {"id": "", "rule_type": "", "targeting": '; write {"properties": []} for everyone'}
_DRAWN: Final = {
    "rollout_percentage": "; a rule without rollout is a targeted_release",
    "on_rollout_miss": "; write continue or return_default",
    "assignment_algorithm": "; write sha1_60_v1",
    "seed": "; it decides who is inside, so a new seed moves people",
}
_REQUIRED: Final[Mapping[str, Mapping[str, str]]] = {
    "targeted_release": {**_EVERY, "value": ""},
    "percentage_rollout": {**_EVERY, "value": "", **_DRAWN},
    "experiment": {
        **_EVERY,
        "experiment_id": "; write null for a split without an experiment",
        "paused": "",
        **_DRAWN,
        "variants": "",
    },
}
_OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "targeted_release": ("description", "metadata"),
    "percentage_rollout": ("description", "metadata", "assign_by"),
    "experiment": ("description", "metadata", "assign_by", "holdout"),
}


class RuleReader:
    """The reader of a configuration's rules, whose ids are unique."""

    def __init__(self, return_type: str | None, *, is_for_groups: bool, notes: Notes) -> None:
        """Read rules that serve ``return_type``; None reads any value."""
        self._return_type = return_type
        self._is_for_groups = is_for_groups
        self._notes = notes
        self._ids: set[str] = set()

    def read(self, source: Any, pointer: str) -> Rule | None:
        """Return a rule; None if it is no object or its type is unknown."""
        if not isinstance(source, dict) or source.get("rule_type") not in tuple(_REQUIRED):
            self._refuse_type(source, pointer)
            return None
        kind = source["rule_type"]
        members = Members(source, pointer, self._notes)
        members.check_names(f"a rule of type {kind}", _REQUIRED[kind], _OPTIONAL[kind])
        return self._rule(kind, members)

    def _refuse_type(self, source: Any, pointer: str) -> None:
        """Note why the type of a rule is unknown, so nothing else can be read."""
        required = {"rule_type": f"; it must be one of {', '.join(_REQUIRED)}"}
        names = source if isinstance(source, dict) else ()
        members = closed(source, pointer, self._notes, "a rule", required, names)
        if members is not None:
            members.choice("rule_type", tuple(_REQUIRED))

    def _rule(self, kind: Any, members: Members) -> Rule:
        identity = self._identity(members)
        members.text("description")
        members.read("metadata", lambda value: isinstance(value, dict), "an object")
        drawn = kind != "targeted_release"
        return Rule(
            id=identity or "",
            type=kind,
            filters=self._filters(members),
            value=served(members, "value", self._return_type),
            rollout_percentage=percentage(members, "rollout_percentage"),
            seed=seed(members),
            stops=self._stops(members) if drawn else False,
            **self._experiment(members) if kind == "experiment" else {},
        )

    def _identity(self, members: Members) -> str | None:
        identity = members.text("id")
        if identity is None:
            return None
        if not _UUID.fullmatch(identity):
            message = f"must be a UUID with dashes, got {shown(identity)!r}"
            members.refuse(IssueCode.INVALID_VALUE, "id", message)
        elif identity.lower() in self._ids:
            message = f"must be unique among the flag's rules, got {identity} again"
            members.refuse(IssueCode.NOT_UNIQUE, "id", message)
        self._ids.add(identity.lower())
        return identity

    def _filters(self, members: Members) -> tuple[Any, ...]:
        if "targeting" not in members.source:
            return ()
        pointer = members.at("targeting")
        required = {"properties": "; write [] for everyone"}
        targeting = closed(members.source["targeting"], pointer, self._notes, "targeting", required)
        sources = targeting.items("properties", 0, MAX_PREDICATES) if targeting else ()
        return tuple(
            predicate(source, f"{pointer}/properties/{index}", self._notes)
            for index, source in enumerate(sources)
        )

    def _stops(self, members: Members) -> bool:
        """Return whether a miss ends the evaluation; check how subjects are assigned."""
        members.choice("assignment_algorithm", ("sha1_60_v1",))
        members.choice("assign_by", ("person",))
        if self._is_for_groups and "assign_by" in members.source:
            message = "must be absent because the flag assigns by group"
            members.refuse(IssueCode.UNKNOWN_MEMBER, "assign_by", message)
        return members.choice("on_rollout_miss", _MISSES) == "return_default"

    def _experiment(self, members: Members) -> dict[str, Any]:
        linked = members.read(
            "experiment_id", lambda value: value is None or is_whole(value), "an integer or null"
        )
        if linked is not None:
            message = (
                f"must be null, got {shown(linked)}; linked experiments are not evaluated here"
            )
            members.refuse(IssueCode.UNSUPPORTED_RULE, "experiment_id", message)
        paused = members.read("paused", lambda value: isinstance(value, bool), "true or false")
        return {
            "paused": paused is True,
            "variants": variants(members, self._return_type),
            "holdout": holdout(members),
        }
