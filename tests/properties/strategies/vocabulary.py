"""The words of documents and calls: few words, so that they match often."""

from typing import Final

TEXTS: Final = ["pro", "PRO", "free", "", "a@b.io", "ß", "ΣΑΣ", "true", "False", "null", "1", "1.0"]
NUMBERS: Final = [
    0,
    1,
    5,
    -1,
    1.0,
    2.5,
    1e16,
    2**53 + 1,
    "5",
    "5.0",
    "1e1",
    ".5",
    "inf",
    "nan",
    "x",
]
VERSIONS: Final = ["1.2.3", "v1.2.3", "1.2", "3.08", "1.2.3-rc.1", "1.2.3+7", "0.0.3", "1.2.3.4", 2]
DATES: Final = [
    "2024-02-29",
    "2024-03-10T02:30:00",
    "2024-03-10 02:30",
    "2024-06-01T12:00:00Z",
    "2024-06-01T12:00:00.5+02:00",
    "2024-06-01 07:00 EST",
    " +2024-6-1 12:00:00",
    "7d",
    "-1m",
    "1y",
    "2024",
    1_717_243_200,
    "May 8, 2024",
    "soon",
]
BOOLEANS: Final = [True, False, "true", "FALSE", [], [True], ["true", "false"], None, 1]
LISTS: Final = [[], ["pro"], ["pro", "free"], [1, "1"], [[1]], {"a": 1}, ["true"]]

KINDS: Final = {
    "text": TEXTS,
    "number": NUMBERS,
    "version": VERSIONS,
    "date": DATES,
    "boolean": BOOLEANS,
    "list": LISTS,
}
"""Property values by their kind."""

PATTERNS: Final = [
    "pro",
    "^p.*o$",
    "(?i)PRO",
    "(a+)+$",
    r"\bpro\b",
    r"\d+",
    "[[:alpha:]]+",
    "(?<n>p)ro",
    "(?=p)pro",
    "(",
    "",
    "é",
]
BOUNDS: Final = [[0, 10], [10, 0], ["1", 5.5], [1], [1, 2, 3], "1,2", [None, 1], [5, 5]]
REQUIREMENTS: Final = ["*", "1.*", "1.2.*", "1.*.3", "1.2", "1.*.*", "0", "01.2.*", "x"]

OPERANDS: Final = {
    "exact": [*TEXTS, *BOOLEANS, *LISTS, 1, 1.0],
    "is_not": [*TEXTS, *BOOLEANS, *LISTS, 1, 1.0],
    "is_set": [None, "is_set"],
    "is_not_set": [None, "is_not_set"],
    "icontains": [*TEXTS, 1, None],
    "not_icontains": [*TEXTS, ["pro"]],
    "icontains_multi": [*LISTS, "pro", [""]],
    "not_icontains_multi": [*LISTS, "pro", [""]],
    "starts_with": ["p", "P", "", "1", 1.0],
    "not_starts_with": ["p", "P", "", "1", None],
    "ends_with": ["o", "O", "", "0", True],
    "not_ends_with": ["o", "O", "", "0", True],
    "regex": [*PATTERNS, 1],
    "not_regex": [*PATTERNS, None],
    "gt": NUMBERS,
    "gte": NUMBERS,
    "lt": NUMBERS,
    "lte": NUMBERS,
    "min": NUMBERS,
    "max": NUMBERS,
    "between": BOUNDS,
    "not_between": BOUNDS,
    "semver_eq": VERSIONS,
    "semver_neq": VERSIONS,
    "semver_gt": VERSIONS,
    "semver_gte": VERSIONS,
    "semver_lt": VERSIONS,
    "semver_lte": VERSIONS,
    "semver_tilde": VERSIONS,
    "semver_caret": VERSIONS,
    "semver_wildcard": REQUIREMENTS,
    "is_date_before": DATES,
    "is_date_after": DATES,
    "is_date_exact": DATES,
}
"""All operators of property filters, with operands that fit and some that do not."""

FITTING: Final = {
    "text": [
        "exact",
        "is_not",
        "icontains",
        "not_icontains",
        "icontains_multi",
        "not_icontains_multi",
        "starts_with",
        "not_starts_with",
        "ends_with",
        "not_ends_with",
        "regex",
        "not_regex",
        "is_set",
        "is_not_set",
    ],
    "number": ["gt", "gte", "lt", "lte", "min", "max", "between", "not_between", "exact"],
    "version": [name for name in OPERANDS if name.startswith("semver_")],
    "date": [name for name in OPERANDS if name.startswith("is_date_")],
    "boolean": ["exact", "is_not"],
    "list": ["exact", "is_not", "icontains", "is_set"],
}
"""The operators for each kind of property."""

PERSON: Final = {
    "plan": "text",
    "age": "number",
    "version": "version",
    "joined": "date",
    "beta": "boolean",
    "tags": "list",
    "$os": "text",
    "$initial_os": "text",
    "distinct_id": "text",
}
"""Person property names and the kind of their values."""

GROUP: Final = {"tier": "text", "seats": "number", "since": "date", "$group_key": "text"}
"""Group property names and the kind of their values."""

GROUP_TYPES: Final = ["company", "team"]
KEYS: Final = ["a", "b", "c", "d"]
ODD_KEYS: Final = ["flags", "", "ключ/~", "payloads"]
VARIANTS: Final = ["control", "test", "x", "holdout-7"]
PERCENTAGES: Final = [0, 10, 33.3, 50, 50.0, 90, 100, None, 100.0, -1, 150]
WEIGHTS: Final = [
    [50, 50],
    [100],
    [33, 33, 34],
    [0, 100],
    [10, 20],
    [60, 60],
    [0],
    [50.5, 49.5],
    [],
]
PAYLOADS: Final = ['{"a": 1}', "1", "not json", "", '"text"', None, {"raw": [1]}, 5]


def person_kind(key: str) -> str:
    """Return the kind of values of a person property."""
    return PERSON.get(key, "text")
