"""Threads that evaluate raw documents while another thread changes them."""

import json
from typing import Any

from flagengine import SnapshotError, evaluate
from tests.threads import at_once

ROUNDS = 300


def document() -> dict[str, Any]:
    flags = [
        {"key": f"f{at}", "active": True, "filters": {"groups": [{"rollout_percentage": 100}]}}
        for at in range(20)
    ]
    found: dict[str, Any] = json.loads(json.dumps({"flags": flags, "cohorts": {}}))
    return found


def test_a_document_may_change_while_it_is_recognised() -> None:
    given = document()

    def changes() -> None:
        for at in range(ROUNDS):
            flag = given["flags"][at % 20]
            flag["name"] = [at, {"x": [at]}] * (at % 7)
            del flag["name"]
            given["flags"].append({"key": "more"})
            given["flags"].pop()
            given[f"k{at}"] = at
            del given[f"k{at}"]

    def evaluates() -> None:
        for _ in range(ROUNDS):
            try:
                assert evaluate(given, "user-1")["f0"].value is True
            except SnapshotError as error:
                # A document may be changed while it is read.
                assert "RuntimeError" in str(error)

    at_once(3, lambda number: evaluates() if number else changes())
    assert evaluate(given, "user-1")["f19"].value is True
