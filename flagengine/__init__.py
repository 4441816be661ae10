"""A pure feature-flag evaluator over PostHog-format definition snapshots.

>>> snapshot = Snapshot.parse({"flags": [{"key": "beta", "active": True, "filters": {
...     "groups": [{"properties": [{"key": "plan", "type": "person", "value": "pro"}]}]}}]})
>>> evaluate_flag(snapshot, "beta", "user-1", {"plan": "pro"}).value
True
>>> evaluate_flag(snapshot, "beta", "user-1").missing.person_properties
('plan',)

The engine reads no file and no network, does not log, and starts no thread. The exceptions, called
edges, say so in their docstrings: the command line, :mod:`flagengine.batch`, and
:mod:`flagengine.inputs.environment`, which reads the clock and the time zone database.
"""

from typing import TYPE_CHECKING, Any

from flagengine.definitions.issues import Issue, IssueCode, SnapshotError
from flagengine.evaluator import Evaluation, evaluate, evaluate_flag
from flagengine.inputs.overrides import Overrides
from flagengine.inputs.subject import CLICK_IDS, usable_id
from flagengine.results.resolution import (
    Missing,
    Reason,
    Resolution,
    RuleReference,
    UnresolvedReason,
)
from flagengine.snapshot import Snapshot
from flagengine.values.conversion import json_form, to_json_value
from flagengine.values.json_values import NOT_GIVEN
from flagengine.values.payloads import decode_payload
from flagengine.values.printable import printable

if TYPE_CHECKING:
    from flagengine.analysis.explanation import Explanation, explain
    from flagengine.analysis.requirements import Decidability, Requirements, requirements
    from flagengine.extras import extra_for

    __version__: str
    """The version of the installed distribution."""

_ON_DEMAND = {
    "Explanation": "analysis.explanation",
    "explain": "analysis.explanation",
    "Decidability": "analysis.requirements",
    "Requirements": "analysis.requirements",
    "requirements": "analysis.requirements",
    "extra_for": "extras",
}
"""Names that are loaded on first access, and their modules."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        globals()[name] = _version()
    elif name in _ON_DEMAND:
        _load(_ON_DEMAND[name])
    else:
        message = f"module 'flagengine' has no attribute {name!r}"
        raise AttributeError(message)
    return globals()[name]


def _version() -> str:
    """Return the version of the installed distribution, which only pyproject.toml states."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 20 ms

    try:
        return version("flagengine")
    except PackageNotFoundError:
        return "unknown"


def _load(home: str) -> None:
    from importlib import import_module  # noqa: PLC0415 part of loading on demand

    module = import_module(f"flagengine.{home}")
    for name in (name for name in _ON_DEMAND if _ON_DEMAND[name] == home):
        globals()[name] = getattr(module, name)


__all__ = [
    "CLICK_IDS",
    "NOT_GIVEN",
    "Decidability",
    "Evaluation",
    "Explanation",
    "Issue",
    "IssueCode",
    "Missing",
    "Overrides",
    "Reason",
    "Requirements",
    "Resolution",
    "RuleReference",
    "Snapshot",
    "SnapshotError",
    "UnresolvedReason",
    "decode_payload",
    "evaluate",
    "evaluate_flag",
    "explain",
    "extra_for",
    "json_form",
    "printable",
    "requirements",
    "to_json_value",
    "usable_id",
]
