"""A tiny evaluator of PostHog's format for these tests.

It supports only what the workloads use. It shares no code with flagengine, nor with
`benchmarks.expected`, which reads the flags before they are translated; all three must agree.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Oracle"]


class _UnknownError(Exception):
    """A deciding property was not given."""


class Oracle:
    """An evaluator of a definitions document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._flags = {flag["key"]: flag for flag in document["flags"]}
        self._cohorts = document["cohorts"]
        self._groups = document["group_type_mapping"]

    def answer(
        self,
        key: str,
        person_id: str,
        properties: Mapping[str, Any],
        *,
        overrides: Mapping[str, bool | str | None] | None = None,
        groups: Mapping[str, str] | None = None,
        group_properties: Mapping[str, Mapping[str, Any]] | None = None,
        evaluation_runtime: str | None = None,
    ) -> bool | str | None:
        """Return the flag's value; None if it depends on a missing property."""
        if overrides and key in overrides:
            return overrides[key]
        assert self._flags[key].get("evaluation_runtime") in (None, evaluation_runtime)
        filters = self._flags[key]["filters"]
        subject, known = person_id, dict(properties)
        if (index := filters.get("aggregation_group_type_index")) is not None:
            kind = self._groups[str(index)]
            subject, known = (groups or {})[kind], dict((group_properties or {})[kind])
        try:
            return self._conditions(key, filters, subject, known)
        except _UnknownError:
            return None

    def _conditions(
        self, key: str, filters: Mapping[str, Any], subject: str, known: Mapping[str, Any]
    ) -> bool | str:
        for group in filters["groups"]:
            tests = [self._holds(test, subject, known) for test in group["properties"]]
            inside = 100 * _share(f"{key}.{subject}") <= group["rollout_percentage"]
            if all(tests) and inside:
                return _draw(key, subject, filters)
        return False

    def _holds(self, test: Mapping[str, Any], subject: str, known: Mapping[str, Any]) -> bool:
        if "values" in test:
            parts = [self._holds(part, subject, known) for part in test["values"]]
            return all(parts) if test["type"] == "AND" else any(parts)
        if test["type"] == "cohort":
            return self._holds(self._cohorts[str(test["value"])], subject, known)
        if test["type"] == "flag":
            return bool(self.answer(test["key"], subject, known) == test["value"])
        if test["key"] not in known:
            raise _UnknownError
        return _compare(test["operator"], test["value"], known[test["key"]])


def _compare(operator: str, operand: Any, value: Any) -> bool:
    if operator == "exact":
        return str(value).lower() in [option.lower() for option in operand]
    if operator == "icontains":
        return str(operand).lower() in str(value).lower()
    if operator == "gt":
        return float(value) > float(operand)
    message = f"no workload uses {operator}"
    raise AssertionError(message)


def _share(text: str) -> float:
    number = int.from_bytes(hashlib.sha1(text.encode(), usedforsecurity=False).digest()[:8])
    return (number >> 4) / ((1 << 60) - 1)


def _draw(key: str, subject: str, filters: Mapping[str, Any]) -> bool | str:
    bucket, end = _share(f"{key}.{subject}variant"), 0.0
    for variant in (filters["multivariate"] or {"variants": []})["variants"]:
        end += variant["rollout_percentage"] / 100
        if bucket < end:
            return str(variant["key"])
    return True
