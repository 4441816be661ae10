"""Statsig: a Rust core behind PyO3, with a data store, without network and logging."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import (
    Bucketing,
    Question,
    UnsupportedError,
    imported,
    plain_context,
    translatable,
)
from benchmarks.specs import Answer, AnyOf, Condition, Criterion, Filter, Flag, Operator, Person

if TYPE_CHECKING:
    from benchmarks.workload import Workload

__all__ = ["Statsig"]

_OPERATORS = {
    Operator.IN: "any",
    Operator.CONTAINS: "str_contains_any",
    Operator.OVER: "gt",
}
_BUCKETS = 1_000
_TIME = 1_700_000_000_000
_KNOWN_FIELDS = ("email", "country")


class Statsig:
    """`check_gate`, and `get_dynamic_config` for variants, without logging exposures."""

    bucketing: Bucketing = "own"

    def __init__(self) -> None:
        self._core = imported("statsig_python_core")
        self._store = imported("statsig_python_core.data_store")
        self._client: Any = None

    def document(self, workload: Workload) -> str:
        """Return Statsig's configuration specifications, version 2."""
        translatable(workload)
        specs = _Specs()
        for flag in workload.flags:
            specs.add(flag)
        return json.dumps(specs.document())

    def load(self, document: str) -> Statsig:
        """Return a client whose data store returns the text."""
        module, store = self._core, self._store
        response = store.DataStoreResponse(result=document, time=_TIME)
        # The class exists only at run time, and the store must be an instance of a subclass.
        given = type("Given", (store.DataStore,), {"get": lambda _, __: response})
        options = module.StatsigOptions(
            disable_network=True,
            disable_all_logging=True,
            data_store=given(),
            enable_id_lists=False,
            disable_country_lookup=True,
            wait_for_user_agent_init=False,
            output_log_level="none",
        )
        self._client = module.Statsig("secret-none", options)
        self._client.initialize().wait()
        if not self._client.get_initialize_details().is_config_spec_ready:
            message = "it did not accept the specifications"
            raise UnsupportedError(message)
        return self

    def subject(self, person: Person) -> object:
        """Return Statsig's user object, which takes several times as long to make as a call."""
        known = {name: person.properties[name] for name in _KNOWN_FIELDS}
        custom = {k: v for k, v in person.properties.items() if k not in _KNOWN_FIELDS}
        return self._core.StatsigUser(user_id=person.id, custom=custom, **known)

    def question(self, workload: Workload) -> Question:
        """Return calls of the methods for gates and configurations, bound before the loop."""
        plain_context(workload)
        calls = [self._call(flag) for flag in workload.flags if flag.key in workload.asked]
        if len(calls) > 1:
            every = "[get(subject, key, options) for get, key, options in calls]"
            return Question(every, {"calls": calls}, lambda found: tuple(map(_read, found)))
        get, key, options = calls[0]
        names = {"get": get, "key": key, "options": options}
        return Question("get(subject, key, options)", names, lambda found: (_read(found),))

    def _call(self, flag: Flag) -> tuple[Any, str, Any]:
        module = self._core
        if flag.variants:
            options = module.DynamicConfigEvaluationOptions(disable_exposure_logging=True)
            return self._client.get_dynamic_config, flag.key, options
        options = module.FeatureGateEvaluationOptions(disable_exposure_logging=True)
        return self._client.check_gate, flag.key, options


def _read(found: Any) -> Answer:
    return found if isinstance(found, bool) else found.value.get("layout", False)


class _Specs:
    """The gates and configurations, with the table of conditions that they refer to."""

    def __init__(self) -> None:
        self._gates: dict[str, object] = {}
        self._configs: dict[str, object] = {}
        self._conditions: dict[str, object] = {}

    def document(self) -> dict[str, object]:
        """Return the whole response of Statsig's specifications endpoint."""
        return {
            "feature_gates": self._gates,
            "dynamic_configs": self._configs,
            "layer_configs": {},
            "layers": {},
            "condition_map": self._conditions,
            "experiment_to_layer": {},
            "has_updates": True,
            "time": _TIME,
            "company_id": "none",
            "response_format": "dcs-v2",
        }

    def add(self, flag: Flag) -> None:
        """Add a gate for a boolean flag, or a configuration for a flag with variants."""
        if flag.variants:
            rules = [rule for n, c in enumerate(flag.conditions) for rule in self._draw(flag, n, c)]
            self._configs[flag.key] = _spec(flag.key, "dynamic_config", rules, {})
            return
        rules = [
            _rule(f"{flag.key}-{n}", self._all(f"{flag.key}-{n}", c), True, c.rollout)
            for n, c in enumerate(flag.conditions)
        ]
        self._gates[flag.key] = _spec(flag.key, "feature_gate", rules, False)

    def _draw(self, flag: Flag, number: int, condition: Condition) -> list[object]:
        """Return a rule per variant, with the same filters and the end of the variant's buckets."""
        name = f"{flag.key}-{number}"
        filters, end = self._all(name, condition), 0
        rules: list[object] = []
        for variant in flag.variants:
            end += variant.weight * condition.rollout * _BUCKETS // 10_000
            below = self._condition("user_bucket", None, "lt", end, {"salt": flag.key})
            value = json.loads(variant.payload)
            rules.append(_rule(f"{name}-{variant.key}", [*filters, below], value, 100))
        return rules

    def _all(self, name: str, condition: Condition) -> list[str]:
        parts = condition.criterion.parts
        if not parts:
            return [self._condition("public", None, None, None)]
        return [self._part(f"{name}-{n}", part) for n, part in enumerate(parts)]

    def _part(self, name: str, criterion: Criterion) -> str:
        if isinstance(criterion, Filter):
            operand = criterion.operand
            value = operand if isinstance(operand, int) else list(_texts(operand))
            operator = _OPERATORS[criterion.operator]
            return self._condition("user_field", criterion.property, operator, value)
        rows = [criterion.parts]
        if isinstance(criterion, AnyOf):
            rows = [(part,) for part in criterion.parts]
        rules = []
        for r, row in enumerate(rows):
            names = [self._part(f"{name}-{r}-{n}", part) for n, part in enumerate(row)]
            rules.append(_rule(f"{name}-{r}", names, True, 100))
        segment = f"segment:{name}"
        self._gates[segment] = _spec(segment, "segment", rules, False)
        return self._condition("pass_gate", None, None, segment)

    def _condition(
        self,
        kind: str,
        field: str | None,
        operator: str | None,
        value: object,
        more: dict[str, str] | None = None,
    ) -> str:
        name = f"condition-{len(self._conditions)}"
        self._conditions[name] = {
            "type": kind,
            "targetValue": value,
            "operator": operator,
            "field": field,
            "additionalValues": more or {},
            "isDeviceBased": False,
            "idType": "userID",
        }
        return name


def _texts(operand: tuple[str, ...] | str) -> tuple[str, ...]:
    return (operand,) if isinstance(operand, str) else operand


def _rule(name: str, conditions: list[str], value: object, percent: int) -> dict[str, object]:
    return {
        "name": name,
        "groupName": name,
        "id": name,
        "salt": name,
        "passPercentage": percent,
        "conditions": conditions,
        "returnValue": value,
        "isDeviceBased": False,
        "idType": "userID",
    }


def _spec(name: str, entity: str, rules: list[Any], default: object) -> dict[str, object]:
    kind = "dynamic_config" if entity == "dynamic_config" else "feature_gate"
    return {
        "name": name,
        "type": kind,
        "entity": entity,
        "salt": name,
        "enabled": True,
        "defaultValue": default,
        "rules": rules,
        "isDeviceBased": False,
        "idType": "userID",
    }
