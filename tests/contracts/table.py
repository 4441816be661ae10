"""The public SDK contracts, their state here, and the tests that cover them, as a Markdown table.

python tests/contracts/table.py
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.contracts.collected import contracts_covered

# The contracts for server SDKs of August 2026, without those for logs and traces.
CONTRACTS = (
    "alias",
    "before-send-hook",
    "capture",
    "capture-ai",
    "capture-exception",
    "debug",
    "evaluate-flags",
    "event-batcher",
    "exception-event-metadata",
    "feature-flag-cache",
    "feature-flag-called-tracker",
    "flag-definition-loader",
    "flush",
    "get-distinct-id",
    "get-feature-flag",
    "get-feature-flag-payload",
    "get-feature-flag-result",
    "get-feature-flags",
    "get-feature-flags-and-payloads",
    "group-identify",
    "http-client",
    "identify",
    "is-feature-enabled",
    "local-feature-flag-evaluator",
    "register",
    "reset-group-properties-for-flags",
    "reset-person-properties-for-flags",
    "retry-queue",
    "set-group-properties-for-flags",
    "set-person-properties",
    "set-person-properties-for-flags",
    "setup",
    "shutdown",
    "tracing-headers",
    "unregister",
)
# Contracts for client SDKs that also make sense here.
MORE = ("consent-gating", "is-opt-out", "opt-in", "reload-feature-flags")
# Contracts of autumn 2026 that concern a server SDK, with their state here.
NEWER = {
    "capture-v1": "kept",
    "exception-event-mechanism": "kept; later merged into exception-event-metadata",
    "experiment-exposure": "kept; from the harness's package feature_flag_rules_v2",
    "local-feature-flag-holdouts": "kept",
    "typed-flag-values": "proposed; kept, but older accessors give numbers, objects and null as they are",
}
# Contracts for server SDKs that this client does not have.
MISSING = ("logs", "mcp-analytics", "metrics", "network-request-metrics", "traces")


def states() -> dict[str, str]:
    """Return the state of each contract here."""
    old = dict.fromkeys((*CONTRACTS, *MORE), "kept")
    return {**old, **NEWER, **dict.fromkeys(MISSING, "missing")}


def rows() -> list[tuple[str, str, int, str]]:
    """Return each contract with its state, the number of its tests and their files."""
    tests = contracts_covered()
    return [
        (name, state, len(tests.get(name, ())), ", ".join(_files(tests.get(name, []))))
        for name, state in states().items()
    ]


def _files(tests: list[str]) -> list[str]:
    return sorted({Path(test.partition("::")[0]).as_posix() for test in tests})


def markdown() -> str:
    lines = ["| contract | state | tests | in |", "| --- | --- | ---: | --- |"]
    lines += [f"| {name} | {state} | {count} | {files} |" for name, state, count, files in rows()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
