"""LaunchDarkly: its client with its file data source, without events."""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import Bucketing, Question, imported, plain_context, translatable
from benchmarks.specs import (
    EVERYONE,
    Answer,
    AnyOf,
    Condition,
    Criterion,
    Filter,
    Flag,
    Operator,
    Person,
)

if TYPE_CHECKING:
    from benchmarks.workload import Workload

__all__ = ["LaunchDarkly"]

_OPERATORS = {Operator.IN: "in", Operator.CONTAINS: "contains", Operator.OVER: "greaterThan"}
_SHARE = 1_000


class LaunchDarkly:
    """`variation(key, context, default)`, and `all_flags_state` for many flags."""

    bucketing: Bucketing = "own"

    def __init__(self) -> None:
        self._client_module = imported("ldclient")
        self._config = imported("ldclient.config")
        self._files = imported("ldclient.integrations").Files
        self._client: Any = None
        logging.getLogger("ldclient").setLevel(logging.CRITICAL)

    def document(self, workload: Workload) -> str:
        """Return flags and segments in the format of LaunchDarkly's server."""
        translatable(workload)
        segments: dict[str, object] = {}
        flags = {
            flag.key: _flag(flag, segments, payload=workload.payload) for flag in workload.flags
        }
        return json.dumps({"flags": flags, "segments": segments})

    def load(self, document: str) -> LaunchDarkly:
        """Write the text to a file, because the data source reads only files."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "flags.json")
            path.write_text(document, encoding="utf-8")
            source = self._files.new_data_source(paths=[str(path)])
            config = self._config.Config(
                "none", update_processor_class=source, send_events=False, diagnostic_opt_out=True
            )
            self._client = self._client_module.LDClient(config)
        return self

    def subject(self, person: Person) -> object:
        """Return LaunchDarkly's context object, made before the timing."""
        attributes = {"kind": "user", "key": person.id, **person.properties}
        return self._client_module.Context.from_dict(attributes)

    def question(self, workload: Workload) -> Question:
        """Return a call for a single flag, or of the state of all flags."""
        plain_context(workload)
        names = {"client": self._client}
        if len(workload.asked) > 1:
            every = "client.all_flags_state(subject)"

            def read(state: Any) -> tuple[Answer, ...]:
                return tuple(_read(state.get_flag_value(key)) for key in workload.asked)

            return Question(every, names, read)
        call = "client.variation(key, subject, False)"
        return Question(call, names | {"key": workload.asked[0]}, lambda found: (_read(found),))


def _read(found: Any) -> Answer:
    return str(found["layout"]) if isinstance(found, dict) else found


def _flag(flag: Flag, segments: dict[str, object], *, payload: bool) -> dict[str, object]:
    answers = [json.loads(v.payload) if payload else v.key for v in flag.variants] or [True]
    return {
        "key": flag.key,
        "version": 1,
        "on": True,
        "variations": [False, *answers],
        "fallthrough": {"variation": 0},
        "offVariation": 0,
        "targets": [],
        "prerequisites": [],
        "salt": flag.key,
        "rules": [
            _rule(f"{flag.key}-{number}", flag, condition, segments)
            for number, condition in enumerate(flag.conditions)
        ],
    }


def _rule(
    name: str, flag: Flag, condition: Condition, segments: dict[str, object]
) -> dict[str, object]:
    parts = condition.criterion.parts
    clauses = [_clause(f"{name}-{n}", part, segments) for n, part in enumerate(parts)]
    rule: dict[str, object] = {"id": name, "clauses": clauses}
    weights = [variant.weight for variant in flag.variants] or [100]
    shares = [(n, weight * condition.rollout * 10) for n, weight in enumerate(weights, 1)]
    if len(shares) == 1 and condition.rollout == EVERYONE:
        return rule | {"variation": 1}
    rest = (100 - condition.rollout) * _SHARE
    weighted = [{"variation": n, "weight": weight} for n, weight in [*shares, (0, rest)] if weight]
    return rule | {"rollout": {"variations": weighted, "contextKind": "user"}}


def _clause(name: str, criterion: Criterion, segments: dict[str, object]) -> dict[str, object]:
    if isinstance(criterion, Filter):
        operand = criterion.operand
        values = list(operand) if isinstance(operand, tuple) else [operand]
        return {
            "attribute": criterion.property,
            "op": _OPERATORS[criterion.operator],
            "values": values,
            "negate": False,
        }
    rows = [criterion.parts]
    if isinstance(criterion, AnyOf):
        rows = [(part,) for part in criterion.parts]
    segments[name] = {
        "key": name,
        "version": 1,
        "included": [],
        "excluded": [],
        "salt": name,
        "rules": [
            {"clauses": [_clause(f"{name}-{r}-{n}", part, segments) for n, part in enumerate(row)]}
            for r, row in enumerate(rows)
        ],
    }
    return {"attribute": "", "op": "segmentMatch", "values": [name], "negate": False}
