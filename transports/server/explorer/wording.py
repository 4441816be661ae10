"""Filters in plain words: operators as people say them, and cohorts by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from flagengine import printable

from ...json_text import to_json

__all__ = ["OPERATORS", "Wording"]

OPERATORS: Final[Mapping[str, str]] = {
    "exact": "is",
    "is_not": "is not",
    "is_set": "is set",
    "is_not_set": "is not set",
    "icontains": "contains",
    "not_icontains": "does not contain",
    "icontains_multi": "contains any of",
    "not_icontains_multi": "contains none of",
    "starts_with": "starts with",
    "not_starts_with": "does not start with",
    "ends_with": "ends with",
    "not_ends_with": "does not end with",
    "regex": "matches the pattern",
    "not_regex": "does not match the pattern",
    "gt": "is more than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "min": "is at least",
    "max": "is at most",
    "between": "is between",
    "not_between": "is not between",
    "is_date_exact": "is on the date",
    "is_date_before": "is before",
    "is_date_after": "is after",
    "semver_eq": "is version",
    "semver_neq": "is not version",
    "semver_gt": "is a version above",
    "semver_gte": "is at least version",
    "semver_lt": "is a version below",
    "semver_lte": "is at most version",
    "semver_tilde": "is a patch of version",
    "semver_caret": "is compatible with version",
    "semver_wildcard": "is a version like",
    "in": "is in",
    "not_in": "is not in",
    "flag_evaluates_to": "is",
}
"""Each operator of the engine in plain words."""

_WITHOUT_VALUE: Final = ("is_set", "is_not_set")
_LONGEST: Final = 60
_MOST_ITEMS: Final = 20
_COHORT: Final = re.compile(r"((?:[✓✗?] )?cohort )'?(\d+)'?(?= )")


class Wording:
    """How filters of definitions are said.

    Args:
        documents: the definitions, which may name their cohorts; the names of later ones win.
    """

    def __init__(self, *documents: Mapping[str, Any]) -> None:
        self._cohorts: dict[str, str] = {}
        for document in documents:
            self._cohorts.update(_cohort_names(document))

    def filter(self, found: Mapping[str, Any]) -> str:
        """Return a filter, as `Explanation.to_dict` or a change has it, in plain words; without its negation."""
        operator = found["operator"]
        value = found["expected"] if "expected" in found else found.get("value")
        kind = found["type"]
        if kind == "cohort":
            word = OPERATORS.get(operator or "in", operator)
            return f"person {word} the cohort {self._cohort(value)}"
        if kind == "flag":
            return f"flag {_cut(found['key'])} is {_shown(value)}"
        who = found.get("group") or kind or "person"
        operator = operator or "exact"
        said = f"{_cut(who)} {_cut(found['key'])} {_cut(OPERATORS.get(operator, operator))}"
        return said if operator in _WITHOUT_VALUE else f"{said} {_shown(value)}"

    def note(self, text: str) -> str:
        """Return a sentence of the engine's that begins with the number of a cohort with the cohort's name."""
        return _COHORT.sub(lambda found: found[1] + self._cohort(found[2]), text, count=1)

    def _cohort(self, value: Any) -> str:
        name = self._cohorts.get(_id(value))
        return _shown(value) if name is None else f'"{_cut(name)}"'


def _cohort_names(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names by cohort: those that filters give, then the cohorts' own, which win."""
    cohorts = document.get("cohorts")
    cohorts = cohorts if isinstance(cohorts, Mapping) else {}
    waiting: list[Any] = [document.get("flags"), *cohorts.values()]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, Mapping):
            waiting += [each for each in part.values() if isinstance(each, list | Mapping)]
            if part.get("type") == "cohort":
                yield from _named(part.get("value"), part.get("cohort_name"))
    for each, cohort in cohorts.items():
        if isinstance(cohort, Mapping):
            yield from _named(each, cohort.get("name"))


def _named(cohort: Any, name: Any) -> Iterator[tuple[str, str]]:
    if isinstance(cohort, int | str) and isinstance(name, str) and name.strip():
        yield _id(cohort), name.strip()


def _id(value: Any) -> str:
    return str(value) if isinstance(value, int | str) else ""


def _shown(value: Any) -> str:
    items = value
    if isinstance(value, list) and len(value) > _MOST_ITEMS:
        items = list(islice(value, _MOST_ITEMS))
    return _cut(to_json(items).decode(), _LONGEST)


def _cut(text: Any, most: int = 100) -> str:
    text = printable(text if isinstance(text, str) else str(text))
    return text if len(text) <= most else f"{text[:most]}…"
