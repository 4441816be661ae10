"""The parts of definitions documents, written short."""

from typing import Any

__all__ = [
    "Json",
    "all_of",
    "any_of",
    "condition_of",
    "document_of",
    "draw_of",
    "flag_is",
    "flag_of",
    "flag_of_rules",
    "in_cohort",
    "person_test",
    "person_tests",
    "rule_of",
]

Json = dict[str, Any]


def person_test(key: str, value: Any = "x", operator: str = "exact", **more: Any) -> Json:
    return {"key": key, "type": "person", "operator": operator, "value": value, **more}


def in_cohort(number: int, operator: str = "in") -> Json:
    return {"key": "id", "type": "cohort", "operator": operator, "value": number}


def flag_is(key: str, chain: list[str] | None = None) -> Json:
    return {
        "key": key,
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": True,
        "dependency_chain": chain or [key],
    }


def condition_of(*filters: Json, **more: Any) -> Json:
    return {"properties": list(filters), "rollout_percentage": 50, **more}


def flag_of(key: str, *conditions: Json, **more: Any) -> Json:
    return {
        "id": 1,
        "key": key,
        "active": True,
        "filters": {"groups": list(conditions), **more},
    }


def all_of(*parts: Json) -> Json:
    return {"type": "AND", "values": list(parts)}


def any_of(*parts: Json) -> Json:
    return {"type": "OR", "values": list(parts)}


def document_of(*flags: Json, cohorts: list[Json] | None = None, **more: Any) -> Json:
    by_id = {str(number): cohort for number, cohort in enumerate(cohorts or ())}
    return {"flags": list(flags), "cohorts": by_id, "group_type_mapping": {"0": "company"}, **more}


def person_tests(n: int) -> list[Json]:
    return [person_test(f"p{number}") for number in range(n)]


def draw_of(n: int) -> Json:
    variants = [{"key": f"v{number}", "rollout_percentage": 100 / n} for number in range(n)]
    return {"variants": variants}


def rule_of(number: int, filters: list[Json], **more: Any) -> Json:
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "rule_type": "percentage_rollout",
        "targeting": {"properties": filters},
        "rollout_percentage": 50,
        "on_rollout_miss": "continue",
        "assignment_algorithm": "sha1_60_v1",
        "seed": f"seed{number}",
        "value": f"value {number}",
        **more,
    }


def flag_of_rules(*rules: Json) -> Json:
    filters = {"version": 2, "return_type": "string", "default_value": "none", "rules": list(rules)}
    return {"id": 1, "key": "f", "active": True, "filters": filters}
