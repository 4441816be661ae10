"""Writes docs/serve-clients.md: ``python -m tests.clients.table`` asks every client for every case.

It takes some ten minutes. A client that is missing here keeps its row (see `make clients`). What needs no client to be counted is counted by
a test as well, and the cases in which a client's own evaluation differs are looked up on the page.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tests.clients import wire
from tests.clients.cases import Case, all_cases
from tests.clients.clients import Client
from tests.clients.drivers import why_missing
from tests.clients.judging import ALL, Verdict, judge_all
from tests.conformance.published import FIXTURES

__all__ = ["PAGE", "known_verdicts", "page", "published_kinds"]

PAGE: Final = FIXTURES.parent / "docs" / "serve-clients.md"
KINDS: Final = ("wrong value", "guess", "needless deferral", "crash", "time limit")
_INTRODUCTION: Final = """\
# Judged by clients that others wrote

Written by `make clients`. Unmodified SDKs ask `flagengine serve` for the {cases:,} published
[cases](../fixtures/README.md), each in a project with the case's definitions; what they say is compared with
`evaluate` for the same inputs. The clients are installed from npm and PyPI in pinned versions, posthog-ruby from its
repository; posthog-js and the web provider run in Chromium, on another origin than the server.

- **asked**: the cases that the client's interface can say.
- **equal**: the value, its type and the payload are those of `evaluate`.

## What the server answers

| client | speaks | asked | equal | cannot say |
| --- | --- | ---: | ---: | ---: |
"""
_LOCAL: Final = """
## What clients make of its definitions

These clients poll `/flags/definitions` (@flags-sdk/posthog its older path) and evaluate themselves. Where their answers
differ from `evaluate`, the difference is the client's own: the [scoreboard](scoreboard.md) has the same cases without a
server, and what the kinds mean. Cases that keep a client for ever, or need a clock or an option that it has not, are not asked.

| client | asked | equal | {kinds} |
| --- | ---: | ---: |{lines}
"""
_SESSIONS: Final = """
## A session with each

`tests/clients/test_sessions.py` plays a user's first hour: a definitions file that is changed, and events that are read
from `/_events`.

| | clients |
| --- | --- |
| starts without a message in its log or the browser's console; flags, variants, payloads, groups | all |
| a change of the file reaches the next request | all |
| a change of the file reaches the client by its own poll, and its evaluation | posthog-node, posthog-python, posthog-ruby, @flags-sdk/posthog |
| a change of the file reaches the page by the event stream | @openfeature/ofrep-web-provider |
| captured events and `$feature_flag_called` arrive once, with the flag's id and version | posthog-node, posthog-python, posthog-ruby |
| page views, clicks and the last events of a page that is left arrive once | posthog-js |
| remote configuration | posthog-node, posthog-python, posthog-ruby |
| the flags of the project, for the toolbar of Vercel | @flags-sdk/posthog |

## What clients make of an answer

The same answer is not the same everywhere:

- A flag that has no answer, because the request lacks what it needs, is `failed`. posthog-python, posthog-js 1.449 and OpenFeature's
  clients have no value for it; posthog-node, posthog-ruby, @flags-sdk/posthog and older posthog-js have `false`.
- A flag that is off for everyone is in no answer of `/flags`, so the value is undefined; clients that evaluate themselves, and
  OpenFeature's clients, have `false`.
- A payload that is no JSON is text for most, and none for posthog-python; an empty one is none for posthog-python, posthog-ruby
  and older posthog-js.
- posthog-js 1.297 and 1.187 send no device id, so flags that are bucketed by device have no answer there.
- In a holdout a flag without variants has the holdout's name as its value. For OpenFeature's clients it is `true`, and the name is the
  variant.
"""


def page(verdicts: Sequence[Verdict]) -> str:
    """Return the page, in Markdown."""
    remote = [each for each in verdicts if not each.client.is_local]
    local = [each for each in verdicts if each.client.is_local]
    parts = [
        _INTRODUCTION.format(cases=len(all_cases())),
        *(f"{row}\n" for row in _remote_rows(remote)),
        _LOCAL.format(kinds=" | ".join(KINDS), lines=" ---: |" * len(KINDS)),
        *(f"{row}\n" for row in map(_local_row, local)),
        _SESSIONS,
        "\n## What clients cannot say\n",
        *(_unsaid(each.client, each.version, each.unsaid) for each in remote),
        "\n## Not equal, by the client's own evaluation\n",
        *map(_differing, local),
    ]
    return "".join(parts)


def _remote_rows(verdicts: Iterable[Verdict]) -> Iterator[str]:
    asked = sum(wire.cannot_say(case) is None for case in all_cases())
    for path in wire.SHAPES:
        yield f"| HTTP | `{path}` | {asked} | {asked} | {len(all_cases()) - asked} |"
    for each in verdicts:
        named = f"{each.client.label} {each.version}"
        unsaid = each.unsaid.total()
        yield f"| {named} | {each.client.speaks} | {each.asked} | {each.equal} | {unsaid} |"


def _local_row(verdict: Verdict) -> str:
    counts = Counter(verdict.differing.values())
    kinds = " | ".join(str(counts[kind]) for kind in KINDS)
    named = f"{verdict.client.label} {verdict.version}"
    return f"| {named} | {verdict.asked} | {verdict.equal} | {kinds} |"


def _unsaid(client: Client, version: str, unsaid: Mapping[str, int]) -> str:
    counted = sorted(unsaid.items(), key=lambda each: (-each[1], each[0]))
    lines = [f"- {count}: {reason}" for reason, count in counted]
    return "\n".join([f"\n**{client.label} {version}**\n", *lines, ""])


def _differing(verdict: Verdict) -> str:
    lines = [f"\n**{verdict.client.label} {verdict.version}**\n"]
    for kind in KINDS:
        ids = [case for case, found in verdict.differing.items() if found == kind]
        if ids:
            lines.append(f"- {kind}: {', '.join(ids)}")
    return "\n".join([*lines, ""])


# What the page says.


def published_kinds(client: Client) -> dict[str, str]:
    """Return the cases that the page lists for a client that evaluates itself, each with its kind."""
    text = PAGE.read_text(encoding="utf-8").partition("\n## Not equal")[2]
    section = text.partition(f"\n**{client.label} ")[2].partition("\n**")[0]
    lines = re.findall(r"^- ([a-z ]+): (.+)$", section, re.MULTILINE)
    return {case: kind for kind, cases in lines for case in cases.split(", ")}


def known_verdicts() -> list[Verdict]:
    """Return the verdicts that the page should have: counted here, but for what only the clients can say."""
    text = PAGE.read_text(encoding="utf-8")
    return [_known(client, text) for client in ALL]


def _known(client: Client, text: str) -> Verdict:
    # A row of the other table has a number here.
    following = r"\d" if client.is_local else re.escape(client.speaks)
    row = rf"^\| {re.escape(client.label)} (\S+) \| {following}"
    found = re.search(row, text, re.MULTILINE)
    assert found is not None, f"the page has no row of {client.name}; run: make clients"
    verdict = Verdict(client, found[1])
    order: list[Case] = []
    for case in all_cases():
        reason = client.why_not(case)
        if reason is None:
            order.append(case)
        else:
            verdict.unsaid[reason] += 1
    kinds = published_kinds(client) if client.is_local else {}
    verdict.differing = {case.id: kinds[case.id] for case in order if case.id in kinds}
    verdict.equal = len(order) - len(verdict.differing)
    return verdict


def main() -> int:
    """Ask the clients that there are here, and write the page; return 1 if an answer is not equal."""
    for reason in {why_missing(client.driver) for client in ALL} - {None}:
        print(f"left as the page has it: {reason}", file=sys.stderr)
    verdicts = judge_all(ALL, all_cases())
    wrong = {each.client.name: each.differing for each in verdicts if _is_wrong(each)}
    if wrong:
        print(f"answers of the server that do not equal evaluate: {wrong}", file=sys.stderr)
        return 1
    asked = {each.client.name: each for each in verdicts}
    if len(asked) < len(ALL):
        asked = {each.client.name: each for each in known_verdicts()} | asked
    PAGE.write_text(page([asked[client.name] for client in ALL]), encoding="utf-8")
    return 0


def _is_wrong(verdict: Verdict) -> bool:
    return bool(verdict.differing) and not verdict.client.is_local


if __name__ == "__main__":
    sys.exit(main())
