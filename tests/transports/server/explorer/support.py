"""Servers for development, and definitions that say something to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.transports.server.support import Answer, Bench, definitions

PRO = {"key": "plan", "type": "person", "operator": "exact", "value": ["pro", "team"]}
SEATS = {"key": "seats", "type": "group", "group_type_index": 0, "operator": "gt", "value": 5}
STAFF = {"key": "is_staff", "type": "person", "operator": "exact", "value": [True]}


def flag(key: str, *groups: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """A flag with conditions; members of its filters are given as ``filters``."""
    filters = {"groups": list(groups), **members.pop("filters", {})}
    return {"key": key, "active": True, "filters": filters, **members}


VARIANTS = [{"key": "control", "rollout_percentage": 50}, {"key": "test", "rollout_percentage": 50}]
CHECKOUT = flag(
    "checkout",
    {"properties": [PRO], "rollout_percentage": 20},
    {"properties": [STAFF]},
    name="The new checkout",
    filters={"multivariate": {"variants": VARIANTS}, "payloads": {"test": '{"colour": "blue"}'}},
)
SEATED = flag("seated", {"properties": [SEATS]}, filters={"aggregation_group_type_index": 0})
OLD = flag("old", {}, active=False)
COHORT = {
    "1": {
        "type": "OR",
        "values": [{"key": "age", "type": "person", "operator": "gte", "value": 18}],
    }
}
ADULT = flag("adult", {"properties": [{"key": "id", "type": "cohort", "value": 1}]})


def document(*more: Mapping[str, Any]) -> dict[str, Any]:
    return definitions(CHECKOUT, SEATED, OLD, ADULT, *more, cohorts=COHORT)


class Explorer(Bench):
    """A server for development that is asked as its page asks."""

    def __init__(self, *projects: Any, **settings: Any) -> None:
        settings = {"is_development": True, "document": document(), **settings}
        settings["project"] = {"complete": True, **settings.get("project", {})}
        super().__init__(*projects, **settings)

    def post(
        self, name: str, body: Any = None, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> Answer:
        return self("POST", f"/_explorer/{name}{query}", {} if body is None else body, headers)

    def found(self, name: str, body: Any = None, query: str = "") -> Any:
        answer = self.post(name, body, query=query)
        assert answer.status == 200, answer
        return answer.json

    def refused(self, name: str, body: Any = None) -> tuple[int, str]:
        answer = self.post(name, body)
        return answer.status, answer.json["error"]

    def overview(self, query: str = "") -> Any:
        answer = self("GET", f"/_explorer/overview{query}")
        assert answer.status == 200, answer
        return answer.json
