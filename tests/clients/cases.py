"""The published cases as calls to a server: the project that each belongs to, and what a request says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from typing import Any, Final

from flagengine import Resolution, Snapshot, evaluate
from tests.conformance import published
from tests.conformance.published import FIXTURES, entries

__all__ = ["OF_SERVER", "Case", "all_cases"]

OF_SERVER: Final = frozenset({"complete", "project_timezone", "now", "overrides"})
"""The members of a case's context that no request has: the server's settings, and its clock."""

_MANIFEST: Final = json.loads((FIXTURES / "kit" / "manifest.json").read_text(encoding="utf-8"))


@dataclass(frozen=True, eq=False)
class Case(published.Case):
    """A published case as a client is asked for it.

    Attributes:
        source: the case as it is published.
        context: the call. A client changes it to what reaches the server in the end.
    """

    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def project_key(self) -> str:
        """The key of the project with the case's definitions and settings."""
        return f"phc_{self.id}"

    @property
    def needs(self) -> frozenset[str]:
        """The capabilities that the case needs of an evaluator."""
        return frozenset(_MANIFEST["needs"][self.id])

    @property
    def may_hang(self) -> bool:
        """Whether the case keeps some evaluators for ever."""
        return self.id in _MANIFEST["may_hang"]

    @cached_property
    def snapshot(self) -> Snapshot:
        """The definitions, parsed apart from the server's."""
        return self.parsed()

    def with_context(self, **changed: Any) -> Case:
        """Return the case with other members of its context; None removes a member."""
        found = {**self.context, **changed}
        kept = {name: value for name, value in found.items() if value is not None}
        case = replace(self, context=kept)
        case.__dict__["snapshot"] = self.snapshot
        return case

    @cached_property
    def resolutions(self) -> Mapping[str, Resolution]:
        """What ``evaluate`` answers for all flags of the definitions."""
        options = dict(self.context)
        distinct_id = options.pop("distinct_id")
        properties = options.pop("person_properties", {})
        if "now" in options:
            options["now"] = datetime.fromisoformat(options["now"])
        return dict(evaluate(self.snapshot, distinct_id, properties, **options).items())

    @property
    def resolution(self) -> Resolution | None:
        """What ``evaluate`` answers for the case's flag; None if the definitions do not have it."""
        return self.resolutions.get(self.key)


@cache
def all_cases() -> tuple[Case, ...]:
    """Return all published cases."""
    found = [*entries("cases", "cases"), *entries("suites", "cases")]
    return tuple(Case(entry, entry["context"]) for entry in found)
