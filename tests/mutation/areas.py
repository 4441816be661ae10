"""The areas of the code that are mutated, and the tests that must notice.

The stages of an area run in turn until a test fails, the quickest and most specific first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["AREAS", "ROOT", "Area", "files"]

ROOT = Path(__file__).parents[2]

_KIT = "tests/conformance/test_cases.py"
_RULES = "tests/conformance/test_no_guessing.py tests/conformance/test_rules_beyond_json.py"
_TWINS = "tests/properties/test_compiled_equals_interpreter.py tests/properties/test_backends.py"
_TRANSPORTS = "tests/transports --ignore-glob=*/openfeature/* --ignore-glob=*/exceptions/*"


def _unit(names: str) -> str:
    return " ".join(f"tests/unit/test_{name}.py" for name in names.split())


_SCALAR = (
    f"{_KIT} --evaluators=SINGLE",
    _unit("snapshot explain requirements validation overrides layers_of_overrides"),
    f"{_RULES} tests/cli/test_plan.py tests/cli/test_explain.py",
    "tests/properties",
)
_OPERATORS = (
    f"{_KIT} --evaluators=SINGLE",
    _unit("versions instants values rust_regex text_accelerator validation"),
    "tests/conformance/test_rules_beyond_json.py tests/differential/test_regex_oracle.py",
    _TWINS,
)
_COMPILED = (
    f"{_KIT} --evaluators=GENERATED,NATIVE,BOUND",
    _unit("plain_flag plain_flag_lifetime flag_call evaluator_arguments dropped_snapshots"),
    _TWINS,
)
_BATCH = (
    f"{_KIT} --evaluators=TABLE_AMONG",
    "tests/batch/test_kernel.py",
    "tests/batch/test_tables.py tests/batch/test_native.py tests/batch/test_real_data.py",
    "tests/batch/test_equals_scalar.py",
)
_EVENTS = (
    "tests/transports/test_queue_properties.py tests/transports/test_pipeline.py",
    _TRANSPORTS,
)


@dataclass(frozen=True)
class Area:
    """A part of the code, with its files as patterns and its stages of tests as arguments."""

    patterns: tuple[str, ...]
    stages: tuple[str, ...]


AREAS: Mapping[str, Area] = {
    "plan": Area(("flagengine/plan/*.py",), _SCALAR),
    "interpreter": Area(
        ("flagengine/evaluation/interpreter.py", "flagengine/evaluation/draws.py"), _SCALAR
    ),
    "conclusion": Area(
        ("flagengine/evaluation/conclusion.py", "flagengine/results/verdicts.py"), _SCALAR
    ),
    "operators": Area(
        ("flagengine/operators/*.py", "flagengine/operators/patterns/*.py"), _OPERATORS
    ),
    "compiled": Area(("flagengine/compiled/*.py",), _COMPILED),
    "batch kernel": Area(
        tuple(
            f"flagengine/columnar/{name}.py"
            for name in ("cases", "verdicts", "walk", "flag_kernel", "engine", "rows")
        ),
        _BATCH,
    ),
    "queue": Area(("transports/batching/queue.py",), _EVENTS),
    "delivery": Area(("transports/batching/delivery.py",), _EVENTS),
    "spool": Area(
        ("transports/batching/spool/*.py",), ("tests/transports/test_spool.py", *_EVENTS)
    ),
    "poller": Area(
        ("transports/polling/poller.py", "transports/polling/policy.py"),
        ("tests/transports/polling", _TRANSPORTS),
    ),
}


def files(area: Area) -> list[Path]:
    """Return the files of an area; fail for a pattern without a file."""
    found: dict[Path, None] = {}
    for pattern in area.patterns:
        matching = sorted(path for path in ROOT.glob(pattern) if path.stat().st_size)
        assert matching, f"no file fits {pattern}: see tests/mutation/areas.py"
        found |= dict.fromkeys(matching)
    return list(found)
