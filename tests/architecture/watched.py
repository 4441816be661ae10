"""Evaluates every published case and prints the effects that Python's audit hook reports.

This runs in its own process, because an audit hook cannot be removed. The first round includes the
import and loads modules and time zones, so it may only read files. The second round may have no
effects.
"""

import json
import os
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

QUIET = ("import", "object.__getattr__", "object.__setattr__", "object.__delattr__", "marshal.")
QUIET += (
    "code.__new__",
    "compile",
    "exec",
    "function.__new__",
    "sys._getframe",
    "builtins.id",
    "gc.",
)
"""Events without an effect: introspection, imports, and compiling flags to functions."""
LOADING = ("os.listdir", "os.scandir", "ctypes.dlopen", "sys.dlopen", "sys.excepthook")


def _cases(root: Path) -> list[dict[str, Any]]:
    paths = sorted((root / "fixtures" / "cases").glob("*.json"))
    return [case for path in paths for case in json.loads(path.read_text("utf-8"))["cases"]]


def _evaluated(case: dict[str, Any]) -> None:
    from flagengine import (  # noqa: PLC0415 the import is watched too
        Snapshot,
        evaluate,
        evaluate_flag,
        explain,
        requirements,
    )

    options = dict(case["context"])
    distinct_id, props = options.pop("distinct_id"), options.pop("person_properties", None)
    if "now" in options:
        options["now"] = datetime.fromisoformat(options["now"])
    snapshot = Snapshot.parse(json.dumps(case["definitions"]))
    evaluate_flag(snapshot, case["flag_key"], distinct_id, props, **options)
    dict(evaluate(snapshot, distinct_id, props, **options))
    str(explain(snapshot, case["flag_key"], distinct_id, props, **options))
    dict(requirements(snapshot))
    assert snapshot.issues is not None
    assert snapshot.fingerprint


def main(root: Path) -> None:
    """Audit two rounds over all cases."""
    cases, seen, is_loading = _cases(root), set[str](), True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        loads = event in LOADING or (event == "open" and _only_reads(arguments[2]))
        if not event.startswith(QUIET) and not (loads and is_loading):
            seen.add(f"{event} {repr(arguments)[:80]}")

    assert "flagengine" not in sys.modules
    threads = threading.active_count()
    sys.addaudithook(hook)
    for _ in range(2):
        for case in cases:
            _evaluated(case)
        is_loading = False
    is_loading = True
    if threading.active_count() > threads:
        seen.add("threads were started")
    print(len(cases))
    print("\n".join(sorted(seen)), end="")


def _only_reads(flags: int) -> bool:
    return not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    main(Path(sys.argv[1]))
