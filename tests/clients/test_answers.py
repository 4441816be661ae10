"""Every answer of a client that asks the server equals ``evaluate``, for all cases that its interface can say.

Here one case of twenty is asked; `make clients` asks them all.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.clients.cases import all_cases
from tests.clients.drivers import why_missing
from tests.clients.judging import ALL, Verdict, judge_all, sampled
from tests.clients.table import published_kinds

NAMES = {client.name: client for client in ALL}


@pytest.fixture(scope="module")
def verdicts() -> Mapping[str, Verdict]:
    return {each.client.name: each for each in judge_all(ALL, sampled(all_cases()))}


def _verdict(verdicts: Mapping[str, Verdict], name: str) -> Verdict:
    if name not in verdicts:
        pytest.skip(why_missing(NAMES[name].driver) or "")
    return verdicts[name]


@pytest.mark.parametrize("name", [name for name, client in NAMES.items() if not client.is_local])
def test_every_answer_of_the_server_equals_evaluate(verdicts: Mapping[str, Verdict], name: str):
    verdict = _verdict(verdicts, name)
    assert verdict.differing == {}
    assert verdict.equal > 60


@pytest.mark.parametrize("name", [name for name, client in NAMES.items() if client.is_local])
def test_a_client_that_evaluates_itself_differs_where_it_is_known_to(
    verdicts: Mapping[str, Verdict], name: str
):
    verdict = _verdict(verdicts, name)
    known = published_kinds(NAMES[name])
    asked = {case.id for case in sampled(all_cases())}
    assert verdict.differing == {case: kind for case, kind in known.items() if case in asked}
