"""Every contract has a test, and every contract that a test names exists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .collected import contracts_covered, marked_tests
from .table import CONTRACTS, MISSING, MORE, NEWER, markdown, states

SCENARIOS = json.loads(Path(__file__).with_name("scenarios.json").read_text(encoding="utf-8"))
# The number of scenarios for servers in each published acceptance file.
COUNTS = {
    "private/before-send-hook": 3,
    "private/event-batcher": 3,
    "private/exception-event-mechanism": 9,
    "private/exception-event-metadata": 18,
    "private/feature-flag-cache": 3,
    "private/feature-flag-called-tracker": 6,
    "private/flag-definition-loader": 9,
    "private/http-client": 8,
    "private/local-feature-flag-evaluator": 4,
    "private/local-feature-flag-holdouts": 12,
    "private/retry-queue": 3,
    "private/tracing-headers": 5,
    "public/alias": 2,
    "public/capture": 4,
    "public/capture-ai": 3,
    "public/capture-exception": 9,
    "public/evaluate-flags": 16,
    "public/flush": 3,
    "public/get-distinct-id": 1,
    "public/get-feature-flag": 3,
    "public/get-feature-flag-payload": 3,
    "public/get-feature-flag-result": 3,
    "public/get-feature-flags": 2,
    "public/get-feature-flags-and-payloads": 2,
    "public/group-identify": 2,
    "public/identify": 2,
    "public/is-feature-enabled": 4,
    "public/reset-group-properties-for-flags": 2,
    "public/reset-person-properties-for-flags": 2,
    "public/set-group-properties-for-flags": 2,
    "public/set-person-properties-for-flags": 2,
    "public/shutdown": 3,
}


def test_there_are_thirty_five_contracts() -> None:
    assert len(set(CONTRACTS)) == 35


@pytest.mark.parametrize("contract", [*CONTRACTS, *MORE, *NEWER])
def test_the_contract_has_tests(contract: str) -> None:
    assert contracts_covered().get(contract), f"no test is marked contract({contract!r})"


def test_every_marked_contract_is_one() -> None:
    assert set(contracts_covered()) <= {*CONTRACTS, *MORE, *NEWER}


def test_each_contract_has_one_state() -> None:
    assert len(states()) == len(CONTRACTS) + len(MORE) + len(NEWER) + len(MISSING)


def test_the_table_has_a_row_for_each() -> None:
    assert len(markdown().splitlines()) == 2 + len(states())


def test_every_scenario_is_listed() -> None:
    assert {name: len(labels) for name, labels in SCENARIOS.items()} == COUNTS
    assert sum(COUNTS.values()) == 153


def test_every_scenario_has_a_test_that_is_there() -> None:
    known = {test for test, _ in marked_tests()}
    listed = {test for labels in SCENARIOS.values() for tests in labels.values() for test in tests}
    assert all(tests for labels in SCENARIOS.values() for tests in labels.values())
    assert listed <= known, sorted(listed - known)
