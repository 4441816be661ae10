"""The public SDK contracts and the tests that cover them, as a Markdown table.

python tests/contracts/table.py
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.contracts.collected import contracts_covered

# The contracts for server SDKs, without those for logs and traces.
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


def rows() -> list[tuple[str, int, str]]:
    """Return each contract with the number of its tests and their files."""
    tests = contracts_covered()
    return [
        (name, len(tests.get(name, ())), ", ".join(_files(tests.get(name, []))))
        for name in (*CONTRACTS, *MORE)
    ]


def _files(tests: list[str]) -> list[str]:
    return sorted({Path(test.partition("::")[0]).as_posix() for test in tests})


def markdown() -> str:
    lines = ["| contract | tests | in |", "| --- | ---: | --- |"]
    lines += [f"| {name} | {count} | {files} |" for name, count, files in rows()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
