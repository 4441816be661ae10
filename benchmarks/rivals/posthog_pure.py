"""posthog's evaluator without its client; its functions are called as by the client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.base import Bucketing, Question, UnsupportedError, imported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.specs import Answer, Person
    from benchmarks.workload import Workload

__all__ = ["Pure"]

_CALL = (
    "match({flag}, person_id, subject, cohort_properties=cohorts, flags_by_key=by_key,"
    " evaluation_cache={{}}, bucketing_value=person_id)"
)


class Pure:
    """`match_feature_flag_properties`, with a call per flag."""

    bucketing: Bucketing = "posthog"

    def __init__(self) -> None:
        self._module = imported("posthog.feature_flags")
        self._document: dict[str, Any] = {}
        self._by_key: dict[str, Any] = {}

    def document(self, workload: Workload) -> str:
        """Return the definitions, which are in PostHog's format."""
        return json.dumps(workload.definitions)

    def load(self, document: str) -> Pure:
        """Parse and index the document, which is all that the evaluator needs."""
        self._document = json.loads(document)
        self._by_key = {flag["key"]: flag for flag in self._document["flags"]}
        return self

    def reload(self, document: str) -> Pure:
        """Parse and index a later document: it keeps nothing."""
        return self.load(document)

    def subject(self, person: Person) -> object:
        """Return the caller's dict."""
        return person.properties

    def question(self, workload: Workload) -> Question:
        """Return the call, in a loop if the workload has many flags; payloads are not looked up."""
        match = self._module.match_feature_flag_properties
        names = {"match": match, "cohorts": self._document["cohorts"], "by_key": self._by_key}
        flags = [self._by_key[key] for key in workload.asked]
        if "overrides" in workload.context:
            message = "it has no overrides"
            raise UnsupportedError(message)
        if workload.name == "w7-missing":
            return self._undecided(match, names, flags[0])
        if workload.context:
            return self._of_group(match, workload, flags[0])
        if len(flags) == 1:
            return Question(_CALL.format(flag="flag"), {**names, "flag": flags[0]})
        every = f"[{_CALL.format(flag='flag')} for flag in flags]"
        return Question(every, {**names, "flags": flags}, tuple)

    def _undecided(
        self, match: Callable[..., Answer], names: Mapping[str, object], flag: object
    ) -> Question:
        """Return the call with a handler of the exception that an undecidable flag raises."""
        undecided = self._module.InconclusiveMatchError

        def attempt(person_id: str, properties: object) -> Answer:
            try:
                return match(
                    flag,
                    person_id,
                    properties,
                    cohort_properties=names["cohorts"],
                    flags_by_key=names["by_key"],
                    evaluation_cache={},
                    bucketing_value=person_id,
                )
            except undecided:
                return None

        return Question("attempt(person_id, subject)", {"attempt": attempt})

    def _of_group(self, match: Callable[..., Answer], workload: Workload, flag: object) -> Question:
        """Return the call with a group's key and properties, as the client passes them."""
        kind, group = next(iter(workload.context["groups"].items()))
        names = {
            "match": match,
            "flag": flag,
            "group": group,
            "properties": workload.context["group_properties"][kind],
            "mapping": self._document["group_type_mapping"],
            **workload.context,
        }
        call = (
            "match(flag, group, properties, cohort_properties={}, flags_by_key={},"
            " evaluation_cache={}, bucketing_value=group, group_type_mapping=mapping,"
            " groups=groups, group_properties=group_properties)"
        )
        return Question(call, names)
