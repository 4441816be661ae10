"""Asks clients for the cases, and counts answers: those that equal ``evaluate``, and those that do not."""

from __future__ import annotations

import json
import runpy
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.clients.cases import Case
from tests.clients.clients import Client
from tests.clients.drivers import Driver
from tests.conformance.published import FIXTURES

__all__ = ["Verdict", "judge"]

_kind_of = runpy.run_path(str(FIXTURES / "kit" / "judging.py"))["judged"]


@dataclass
class Verdict:
    """How a client's answers compare.

    Attributes:
        version: the client's version.
        equal: how many answers equal ``evaluate``.
        differing: by case, what the client says and what it must say; of a client that evaluates itself,
            the kind of the difference, as the conformance kit names it.
        unsaid: how many cases the client cannot be asked for, by reason.
    """

    client: Client
    version: str
    equal: int = 0
    differing: dict[str, Any] = field(default_factory=dict)
    unsaid: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        """How many cases the client was asked for."""
        return self.equal + len(self.differing)


def judge(client: Client, driver: Driver, cases: Iterable[Case], url: str) -> Verdict:
    """Ask a client for all cases that it can say."""
    verdict = Verdict(client, driver.version)
    asked = []
    for case in cases:
        reason = client.why_not(case)
        if reason is None:
            asked.append(case)
        else:
            verdict.unsaid[reason] += 1
    questions = [client.question(case, url) for case in asked]
    answers = driver.ask(questions, locally=client.is_local)
    for case, answer in zip(asked, answers, strict=True):
        difference = (_local if client.is_local else _remote)(client, case, answer)
        if difference is None:
            verdict.equal += 1
        else:
            verdict.differing[case.id] = difference
    return verdict


def _remote(client: Client, case: Case, answer: Any) -> Any:
    wanted = client.wanted(case)
    # As JSON, where true is not 1 and 1.0 is not 1.
    is_equal = json.dumps(answer, sort_keys=True) == json.dumps(wanted, sort_keys=True)
    return None if is_equal else (answer, wanted)


def _local(_client: Client, case: Case, answer: Any) -> Any:
    if "crash" not in answer:
        is_defined = any(
            isinstance(flag, dict) and flag.get("key") == case.key
            for flag in case.source["definitions"]["flags"]
        )
        is_left = answer["value"] is None and is_defined
        answer = {"unresolved": True} if is_left else {"value": answer["value"]}
    kind = _kind_of(case.source, answer)
    return None if kind == "right" else kind
