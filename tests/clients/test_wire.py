"""Every published case, asked without an SDK, in every shape of PostHog's answers."""

import json
from collections.abc import Iterator

import pytest

from tests.clients.cases import all_cases
from tests.clients.served import serving_cases
from tests.clients.wire import SHAPES, Wire, cannot_say, is_failed, request_body, wanted


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with serving_cases(all_cases()) as url:
        found = Wire(url)
        yield found
        found.close()


@pytest.mark.parametrize("path", SHAPES)
def test_every_answer_equals_evaluate(wire: Wire, path: str):
    differing, asked = {}, 0
    for case in all_cases():
        if cannot_say(case) is not None:
            continue
        asked += 1
        answer = wire.post(path, request_body(case))
        found = SHAPES[path][0](answer, case.key)
        expected = wanted(path, case)
        # As JSON, where true is not 1 and 1.0 is not 1.
        if json.dumps(found, sort_keys=True) != json.dumps(expected, sort_keys=True):
            differing[case.id] = (found, expected)
        failed = any(map(is_failed, case.resolutions.values()))
        if answer.get("errorsWhileComputingFlags", failed) is not failed:
            differing[case.id] = ("errorsWhileComputingFlags", failed)
    assert differing == {}
    assert asked > 1_750
