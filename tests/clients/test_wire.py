"""Every published case, asked without an SDK, in every shape of PostHog's answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.clients.cases import Case, all_cases
from tests.clients.served import prepare, project_of
from tests.clients.wire import SHAPES, cannot_say, is_failed, request_body, wanted
from tests.transports.server.support import Bench


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for case in all_cases() if cannot_say(case) is None]


@pytest.fixture(scope="module")
def bench(cases: list[Case]) -> Bench:
    found = Bench(*map(project_of, cases), is_development=True)
    prepare(found.server, cases)
    return found


@pytest.mark.parametrize("path", SHAPES)
def test_every_answer_equals_evaluate(bench: Bench, cases: list[Case], path: str):
    assert asyncio.run(_differing(bench, cases, path)) == {}
    assert len(cases) > 1_700


async def _differing(bench: Bench, cases: list[Case], path: str) -> dict[str, Any]:
    found = {}
    for case in cases:
        answer = await bench.ask("POST", path, request_body(case))
        assert answer.status == 200, (case.id, answer)
        difference = _difference(path, case, answer.json)
        if difference is not None:
            found[case.id] = difference
    return found


def _difference(path: str, case: Case, answer: Any) -> Any:
    failed = any(map(is_failed, case.resolutions.values()))
    if answer.get("errorsWhileComputingFlags", failed) is not failed:
        return "errorsWhileComputingFlags", failed
    said, expected = SHAPES[path][0](answer, case.key), wanted(path, case)
    # As JSON, where true is not 1 and 1.0 is not 1.
    is_equal = json.dumps(said, sort_keys=True) == json.dumps(expected, sort_keys=True)
    return None if is_equal else (said, expected)
