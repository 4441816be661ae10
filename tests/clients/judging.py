"""Asks clients for the cases, and counts answers: those that equal ``evaluate``, and those that do not."""

from __future__ import annotations

import json
import runpy
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from tests.clients.cases import Case
from tests.clients.clients import CLIENTS, LOCAL, Client
from tests.clients.drivers import Driver, why_missing
from tests.clients.ofrep import OFREP
from tests.clients.served import serving_cases
from tests.conformance.published import FIXTURES

__all__ = ["ALL", "Verdict", "judge_all", "sampled"]

ALL: Final[tuple[Client, ...]] = (*CLIENTS, *OFREP, *LOCAL)
"""All clients: those that ask PostHog's way, those that ask OFREP's way, and those that evaluate themselves."""

_AT_ONCE: Final = 300
"""How many projects a server has at most."""
_EVERY: Final = 20

_kind_of = runpy.run_path(str(FIXTURES / "kit" / "judging.py"))["judged"]


@dataclass
class Verdict:
    """How a client's answers compare.

    Attributes:
        client: the client.
        version: its version.
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


def sampled(cases: Sequence[Case]) -> Sequence[Case]:
    """Return the cases that a run in seconds asks for: one of twenty, from all topics."""
    return cases[::_EVERY]


def judge_all(clients: Iterable[Client], cases: Iterable[Case]) -> list[Verdict]:
    """Ask the clients that there are here; return their verdicts, in the clients' order."""
    found = [client for client in clients if why_missing(client.driver) is None]
    with ExitStack() as stack:
        drivers = {
            name: stack.enter_context(closing(Driver(name)))
            for name in dict.fromkeys(client.driver for client in found)
        }
        verdicts = [Verdict(client, drivers[client.driver].version) for client in found]
        remaining = iter(cases)
        while some := tuple(islice(remaining, _AT_ONCE)):
            with serving_cases(some) as url:
                for verdict in verdicts:
                    _judge(verdict, drivers[verdict.client.driver], some, url)
    return verdicts


def _judge(verdict: Verdict, driver: Driver, cases: Iterable[Case], url: str) -> None:
    client = verdict.client
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
