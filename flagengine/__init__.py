"""A pure feature-flag evaluator over PostHog-format definition snapshots.

>>> snapshot = Snapshot.parse({"flags": [{"key": "beta", "active": True, "filters": {
...     "groups": [{"properties": [{"key": "plan", "type": "person", "value": "pro"}]}]}}]})
>>> evaluate_flag(snapshot, "beta", "user-1", {"plan": "pro"}).value
True
>>> evaluate_flag(snapshot, "beta", "user-1").missing.person_properties
('plan',)

Nothing here reads a file, a clock or the network, logs, or starts a thread, the command line
and the named edges in :mod:`flagengine.evaluator` aside.
"""

from typing import TYPE_CHECKING, Any

from flagengine.definitions.issues import Issue, IssueCode, SnapshotError
from flagengine.evaluator import Evaluation, evaluate, evaluate_flag
from flagengine.inputs.overrides import Overrides
from flagengine.inputs.subject import CLICK_IDS
from flagengine.results.resolution import Missing, Reason, Resolution, UnresolvedReason
from flagengine.snapshot import Snapshot
from flagengine.values.json_values import NOT_GIVEN, to_json_value
from flagengine.values.payloads import decode_payload

if TYPE_CHECKING:
    from flagengine.analysis.explanation import Explanation, explain
    from flagengine.analysis.requirements import Decidability, Requirements, requirements

_ON_DEMAND = {
    "Explanation": "analysis.explanation",
    "explain": "analysis.explanation",
    "Decidability": "analysis.requirements",
    "Requirements": "analysis.requirements",
    "requirements": "analysis.requirements",
}
"""Names that are loaded when they are first used, and their modules."""


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        message = f"module 'flagengine' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 part of loading on demand

    module = import_module(f"flagengine.{_ON_DEMAND[name]}")
    for found in (one for one, home in _ON_DEMAND.items() if home == _ON_DEMAND[name]):
        globals()[found] = getattr(module, found)
    return globals()[name]


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
    "Snapshot",
    "SnapshotError",
    "UnresolvedReason",
    "decode_payload",
    "evaluate",
    "evaluate_flag",
    "explain",
    "requirements",
    "to_json_value",
]
