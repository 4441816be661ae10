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

from flagengine.errors import Issue, IssueCode, SnapshotError
from flagengine.evaluator import Evaluation, evaluate, evaluate_flag, explain
from flagengine.explain import Explanation
from flagengine.overrides import Overrides
from flagengine.requirements import Decidability, Requirements, requirements
from flagengine.resolution import Missing, Reason, Resolution, UnresolvedReason
from flagengine.snapshot import Snapshot

__all__ = [
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
    "evaluate",
    "evaluate_flag",
    "explain",
    "requirements",
]
