"""A pure feature-flag evaluator over PostHog-format definition snapshots.

>>> from flagengine import Snapshot, evaluate_flag
>>> snapshot = Snapshot.parse({"flags": [{"key": "beta", "active": True, "filters": {
...     "groups": [{"properties": [{"key": "plan", "type": "person", "value": "pro"}]}]}}]})
>>> evaluate_flag(snapshot, "beta", "user-1", {"plan": "pro"}).value
True
>>> evaluate_flag(snapshot, "beta", "user-1").missing.person_properties
('plan',)

The engine reads no file and no network, does not log, and starts no thread. The exceptions, called
edges, say so in their docstrings: the command line, :mod:`flagengine.batch`, and
:mod:`flagengine.inputs.environment`, which reads the clock and the time zone database.

Importing this package imports nothing else: each name is imported at its first use.
"""

TYPE_CHECKING = False  # as in `typing`, whose import would take three times as long as this file
if TYPE_CHECKING:
    from flagengine.analysis.accessors.manifest import flag_manifest
    from flagengine.analysis.changes.change import Change, ChangeKind
    from flagengine.analysis.changes.comparison import Comparison, FlagComparison, compare
    from flagengine.analysis.explanation import Explanation, explain
    from flagengine.analysis.requirements import Decidability, Requirements, requirements
    from flagengine.definitions.issues import Issue, IssueCode, SnapshotError
    from flagengine.evaluator import Evaluation, evaluate, evaluate_flag
    from flagengine.extras import extra_for
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

    __version__: str
    """The version of the installed distribution."""

__all__ = [
    "CLICK_IDS",
    "NOT_GIVEN",
    "Change",
    "ChangeKind",
    "Comparison",
    "Decidability",
    "Evaluation",
    "Explanation",
    "FlagComparison",
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
    "compare",
    "decode_payload",
    "evaluate",
    "evaluate_flag",
    "explain",
    "extra_for",
    "flag_manifest",
    "json_form",
    "printable",
    "requirements",
    "to_json_value",
    "usable_id",
]

_HOMES = {
    "analysis.accessors.manifest": ["flag_manifest"],
    "analysis.changes.change": ["Change", "ChangeKind"],
    "analysis.changes.comparison": ["Comparison", "FlagComparison", "compare"],
    "analysis.explanation": ["Explanation", "explain"],
    "analysis.requirements": ["Decidability", "Requirements", "requirements"],
    "definitions.issues": ["Issue", "IssueCode", "SnapshotError"],
    "evaluator": ["Evaluation", "evaluate", "evaluate_flag"],
    "extras": ["extra_for"],
    "inputs.overrides": ["Overrides"],
    "inputs.subject": ["CLICK_IDS", "usable_id"],
    "results.resolution": ["Missing", "Reason", "Resolution", "RuleReference", "UnresolvedReason"],
    "snapshot": ["Snapshot"],
    "values.conversion": ["json_form", "to_json_value"],
    "values.json_values": ["NOT_GIVEN"],
    "values.payloads": ["decode_payload"],
    "values.printable": ["printable"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # else type checkers would take every name for one of the package's

    def __getattr__(name: str) -> object:
        """Import a public name at its first use."""
        if name == "__version__":
            found: object = _version()
        elif name in _HOME_OF:
            from importlib import import_module  # noqa: PLC0415 part of importing at the first use

            found = getattr(import_module(f"flagengine.{_HOME_OF[name]}"), name)
        else:
            message = f"module 'flagengine' has no attribute {name!r}"
            raise AttributeError(message)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)


def _version() -> str:
    """Return the version of the installed distribution, which only pyproject.toml states."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 20 ms

    try:
        return version("flagengine")
    except PackageNotFoundError:
        return "unknown"
