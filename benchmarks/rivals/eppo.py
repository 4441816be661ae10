"""Eppo: a Rust core behind PyO3. Its client format has no cohorts, so their filters are inlined."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import Bucketing, Question, imported, plain_context, translatable
from benchmarks.specs import (
    EVERYONE,
    Answer,
    Condition,
    Filter,
    Flag,
    Operator,
    Person,
    alternatives,
)

if TYPE_CHECKING:
    from benchmarks.workload import Workload

__all__ = ["Eppo"]

_SHARDS = 10_000
_OPERATORS = {Operator.IN: "ONE_OF", Operator.CONTAINS: "MATCHES", Operator.OVER: "GT"}


class Eppo:
    """`get_boolean_assignment`, `get_string_assignment`; for payloads, the JSON assignment."""

    bucketing: Bucketing = "own"

    def __init__(self) -> None:
        self._module = imported("eppo_client")
        self._client: Any = None

    def document(self, workload: Workload) -> str:
        """Return Eppo's universal flag configuration."""
        translatable(workload)
        flags = {flag.key: _flag(flag, payload=workload.payload) for flag in workload.flags}
        return json.dumps(
            {
                "createdAt": "2026-01-01T00:00:00.000Z",
                "format": "SERVER",
                "environment": {"name": "benchmark"},
                "flags": flags,
            }
        )

    def load(self, document: str) -> Eppo:
        """Return a client with this configuration and without a poller."""
        module = self._module
        config = module.ClientConfig(
            api_key="none",
            base_url="http://127.0.0.1:9",
            assignment_logger=module.AssignmentLogger(),
            poll_interval_seconds=None,
            initial_configuration=module.Configuration(flags_configuration=document.encode()),
        )
        self._client = module.init(config)
        return self

    def subject(self, person: Person) -> object:
        """Return the caller's dict."""
        return person.properties

    def question(self, workload: Workload) -> Question:
        """Return calls of the method of each flag's type, bound before the loop."""
        plain_context(workload)
        flags = [flag for flag in workload.flags if flag.key in workload.asked]
        calls = [self._call(flag, payload=workload.payload) for flag in flags]
        if len(calls) > 1:
            every = "[get(key, person_id, subject, default) for get, key, default in calls]"
            return Question(every, {"calls": calls}, lambda found: tuple(map(_read, found)))
        get, key, default = calls[0]
        names = {"get": get, "key": key, "default": default}
        call = "get(key, person_id, subject, default)"
        return Question(call, names, lambda found: (_read(found),))

    def _call(self, flag: Flag, *, payload: bool) -> tuple[Any, str, object]:
        if payload:
            return self._client.get_json_assignment, flag.key, None
        if flag.variants:
            return self._client.get_string_assignment, flag.key, ""
        return self._client.get_boolean_assignment, flag.key, False


def _read(found: Any) -> Answer:
    if isinstance(found, dict):
        return str(found["layout"])
    return found or False


def _flag(flag: Flag, *, payload: bool) -> dict[str, object]:
    kind = "JSON" if payload else "STRING" if flag.variants else "BOOLEAN"
    values: dict[str, object] = {
        variant.key: variant.payload if payload else variant.key for variant in flag.variants
    } or {"on": True}
    return {
        "key": flag.key,
        "enabled": True,
        "variationType": kind,
        "variations": {key: {"key": key, "value": value} for key, value in values.items()},
        "totalShards": _SHARDS,
        "allocations": [
            _allocation(f"{flag.key}-{number}", condition, flag)
            for number, condition in enumerate(flag.conditions)
        ],
    }


def _allocation(name: str, condition: Condition, flag: Flag) -> dict[str, object]:
    rows = alternatives(condition.criterion)
    rules = [{"conditions": [_condition(test) for test in row]} for row in rows if row]
    exposure = {"salt": name, "ranges": [{"start": 0, "end": condition.rollout * 100}]}
    splits, start = [], 0
    for key, weight in [(v.key, v.weight) for v in flag.variants] or [("on", 100)]:
        end = start + weight * 100
        draw = {"salt": f"{name}-split", "ranges": [{"start": start, "end": end}]}
        # Shards of 100 % are left out, as Eppo's compiler does.
        shards = [exposure] * (condition.rollout < EVERYONE) + [draw] * (weight < EVERYONE)
        splits.append({"variationKey": key, "shards": shards})
        start = end
    allocation: dict[str, object] = {"key": name, "splits": splits, "doLog": False}
    # Without rules, everyone matches; a null instead of the list would invalidate the whole flag.
    return allocation | {"rules": rules} if rules else allocation


def _condition(test: Filter) -> dict[str, object]:
    operand = list(test.operand) if isinstance(test.operand, tuple) else test.operand
    return {
        "attribute": test.property,
        "operator": _OPERATORS[test.operator],
        "value": operand,
    }
