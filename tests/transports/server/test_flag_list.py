"""The list of a project's flags, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports.polling.fetch_results import Failed, FailureKind
from flagengine.transports.polling.sources.memory import MemoryDefinitions
from tests.transports.server.support import BETA, SECRET, Bench, definitions

PATH = "/api/projects/1/feature_flags"
AUTH = {"authorization": f"Bearer {SECRET}"}


def listed(document: Any, query: str = "") -> Any:
    found = Bench(document=document)("GET", f"{PATH}{query}", headers=AUTH)
    assert found.status == 200, found
    return found.json


def test_a_flag_has_its_name_and_its_payloads():
    filters = {"groups": [{}], "payloads": {"true": '{"a": 1}'}}
    flag = {**BETA, "name": "Beta", "filters": filters, "created_at": "2026-01-01T00:00:00Z"}
    assert listed(definitions(flag)) == {
        "count": 1,
        "results": [
            {
                "id": 7,
                "key": "beta",
                "name": "Beta",
                "active": True,
                "created_at": "2026-01-01T00:00:00Z",
                "filters": filters,
            }
        ],
    }


@pytest.mark.parametrize(
    ("payload", "text"),
    [("not json", '"not json"'), ({"a": 1}, '{"a": 1}'), ("NaN", '"NaN"'), ("3", "3")],
)
def test_every_payload_is_json_text(payload: Any, text: str):
    flag = {**BETA, "filters": {"groups": [{}], "payloads": {"true": payload}}}
    (found,) = listed(definitions(flag))["results"]
    assert found["filters"]["payloads"] == {"true": text}


@pytest.mark.parametrize("filters", [{"groups": [{}], "payloads": {}}, {"groups": [{}]}, None, []])
def test_a_flag_without_payloads_has_no_member_for_them(filters: Any):
    (found,) = listed(definitions({**BETA, "filters": filters}))["results"]
    assert "payloads" not in found["filters"]
    assert found["name"] == ""


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [
        ("", 0, 100),
        ("?offset=100&limit=100", 100, 50),
        ("?offset=20&limit=5", 20, 5),
        ("?offset=-1&limit=x", 0, 100),
        ("?offset=1000", None, 0),
        ("?limit=0", 0, 1),
    ],
)
def test_many_flags_come_page_by_page(query: str, first: int | None, count: int):
    flags = [{**BETA, "key": f"flag-{number:03}", "id": number} for number in range(150)]
    found = listed(definitions(*flags), query)
    assert found["count"] == 150
    assert len(found["results"]) == count
    if first is not None:
        assert found["results"][0]["key"] == f"flag-{first:03}"


def test_encrypted_flags_are_not_listed():
    flag = {**BETA, "key": "hidden", "has_encrypted_payloads": True}
    assert [each["key"] for each in listed(definitions(BETA, flag))["results"]] == ["beta"]


def test_only_a_secret_key_may_read_the_list():
    assert Bench()("GET", PATH).status == 401
    assert Bench()("GET", PATH, headers={"authorization": "Bearer phs_other"}).status == 401


def test_nothing_is_listed_before_definitions_are_loaded():
    source = MemoryDefinitions()
    source.fail(Failed(FailureKind.UNREADABLE, "gone"))
    bench = Bench(project={"source": source})
    assert bench("GET", PATH, headers=AUTH).status == 503
