"""A small test of an installed wheel, with nothing but the wheel and its dependencies.

    python tests/packaging/smoke.py [--without-accelerator]

It asks every case of the kit three times, because a flag is interpreted first and compiled later, uses
a client if the extra is installed, and fails where the wheel lacks the extension in C. The working
tree must not be importable.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flagengine import Snapshot, evaluate_flag
from flagengine.hashing.buckets import ACCELERATOR

ROOT = Path(__file__).parents[2]
TIMES = 3


def answer(case: dict[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    """Return the engine's answer to a case, as far as every expectation has it."""
    options = dict(case["context"])
    if "now" in options:
        options["now"] = datetime.fromisoformat(options["now"])
    person = options.pop("distinct_id"), options.pop("person_properties", {})
    found = evaluate_flag(snapshot, case["flag_key"], *person, **options)
    if found.unresolved_reason:
        return {"unresolved_reason": found.unresolved_reason.value}
    return {"value": found.value, "reason": found.reason.value}


def is_as(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    """Return whether an answer is the expected one; 1 is not True."""
    if ("value" in wanted) != ("value" in found):
        return False
    members = [name for name in found if name in wanted]
    return all(
        json.dumps(found[name], default=dict) == json.dumps(wanted[name]) for name in members
    )


def failures(case: dict[str, Any]) -> int:
    """Return how many of the answers to a case are wrong."""
    wanted = [case[name] for name in ("expected", "also_acceptable") if name in case]
    snapshot = Snapshot.parse(case["definitions"])
    found = [answer(case, snapshot) for _ in range(TIMES)]
    return sum(not any(is_as(each, one) for each in wanted) for one in found)


def check_client() -> str:
    """Evaluate a flag and capture an event, without a server."""
    if find_spec("requests") is None or find_spec("cachetools") is None:
        return "no client"
    from flagengine.transports import Client, MemoryDefinitions, MemorySink  # noqa: PLC0415 (optional)

    flag = {"key": "beta", "active": True, "filters": {"groups": [{"rollout_percentage": 100}]}}
    sink = MemorySink()
    with Client("phc_x", sink=sink, definitions=MemoryDefinitions({"flags": [flag]})) as client:
        assert client.get_feature_flag("beta", "u") is True
        client.capture("smoke", distinct_id="u")
    assert [event.name for event in sink.events][-1:] == ["smoke"]
    return "a client"


def main(*options: str) -> int:
    """Run all; return the exit status."""
    package = Path(sys.modules["flagengine"].__file__ or "")
    assert not package.is_relative_to(ROOT / "flagengine"), f"{package} is the working tree's"
    if "--without-accelerator" not in options:
        assert ACCELERATOR != "none", "the wheel lacks the extension in C"
    paths = sorted((ROOT / "fixtures" / "cases").glob("*.json"))
    cases = [case for path in paths for case in json.loads(path.read_text("utf-8"))["cases"]]
    wrong = [case["id"] for case in cases if failures(case)]
    print(f"{sys.version.split()[0]}, accelerator {ACCELERATOR}, {check_client()}")
    print(f"{len(cases) - len(wrong)} passed, {len(wrong)} failed {' '.join(wrong)}".rstrip())
    return 1 if wrong or len(cases) < 1_000 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
