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


def _tests(folder: str, names: str) -> str:
    return " ".join(f"tests/{folder}/test_{name}.py" for name in names.split())


_WORDS = (
    "tests/unit/test_plan_in_words.py tests/unit/test_references.py",
    "tests/cli/test_plan.py tests/cli/test_explain.py",
    "tests/unit/test_explain.py tests/unit/test_validation.py",
)
_SCALAR = (
    f"{_KIT} --evaluators=SINGLE",
    _tests("unit", "shared_definitions snapshot explain requirements validation overrides"),
    _tests("unit", "layers_of_overrides"),
    _tests("unit", "plan_in_words changed_keys forgetting odd_ids official_hashes"),
    f"{_RULES} tests/cli/test_plan.py tests/cli/test_explain.py",
    "tests/properties",
)
_OPERATORS = (
    _tests("unit", "operators"),
    _tests("unit", "versions instants values payloads text_accelerator"),
    f"{_KIT} --evaluators=SINGLE",
    "tests/conformance/test_rules_beyond_json.py tests/unit/test_validation.py",
    _tests("properties", "compiled_equals_interpreter"),
)
_PATTERNS = (
    _tests("unit", "pattern_characters pattern_limits shared_definitions"),
    "tests/unit/test_rust_regex.py",
    f"{_KIT} --evaluators=SINGLE",
    "tests/differential/test_regex_oracle.py::test_a_translated_pattern_answers_as_the_engine",
)
_COMPILED = (
    "tests/unit/test_compiled_flags.py",
    _tests("unit", "limits_of_compiling lists_of_properties"),
    f"{_KIT} --evaluators=GENERATED,NATIVE,BOUND",
    _tests("unit", "plain_flag plain_flag_lifetime shortcut evaluation evaluator_arguments"),
    _tests("unit", "dropped_snapshots forgetting overrides plan_in_words previous_snapshot"),
    "tests/unit/test_audiences.py",
    f"{_KIT} --evaluators=SINGLE,ALL",
    _tests("properties", "compiled_equals_interpreter audiences"),
)
_BATCH = (
    "tests/batch/test_cases.py tests/batch/test_walk.py tests/batch/test_kernel.py tests/batch/test_tables.py",
    "tests/batch/test_vocabulary.py",
    f"{_KIT} --evaluators=TABLE_AMONG",
    "tests/batch/test_native.py tests/batch/test_real_data.py",
    "tests/batch/test_equals_scalar.py",
)
_RULES_OF_FORMAT_2 = (
    "tests/unit/test_rules.py tests/batch/test_rules.py tests/unit/test_rules_document.py",
    "tests/conformance/test_official_rules_evaluation.py",
    f"{_KIT} -kru- --evaluators=INTERPRETED,GENERATED,TABLE_AMONG",
    "tests/conformance/test_official_rules.py tests/conformance/test_cases.py -kdocument",
    "tests/differential/test_rules_v2.py",
)
_EVENTS = (
    _tests("transports", "queue lanes wires losses"),
    _tests("transports", "pipeline sinks retry"),
    _tests("transports", "workers queue_properties capture_contract processes"),
)


@dataclass(frozen=True)
class Area:
    """A part of the code, with its files as patterns and its stages of tests as arguments."""

    patterns: tuple[str, ...]
    stages: tuple[str, ...]


def _files(folder: str, names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}.py" for name in names.split())


AREAS: Mapping[str, Area] = {
    "rules": Area(
        (
            *_files("flagengine/evaluation", "rules"),
            *_files("flagengine/plan", "rules"),
            *_files("flagengine/operators", "strict"),
            *_files("flagengine/compiled", "rules program"),
            *_files("flagengine/columnar", "rules answer_columns"),
        ),
        _RULES_OF_FORMAT_2,
    ),
    "reader of rules": Area(("flagengine/definitions/rules/*.py",), _RULES_OF_FORMAT_2),
    "plan": Area(
        _files(
            "flagengine/plan",
            "changes cohort_facts cohort_ids cohorts content flag_plan graph lower nodes plans shares",
        ),
        _SCALAR,
    ),
    "what is known": Area(
        (
            *_files("flagengine/definitions", "known"),
            *_files("flagengine/values", "known_json"),
            *_files("flagengine/plan", "kept references"),
        ),
        (
            _tests(
                "unit",
                "known_json known_documents untouched_documents previous_snapshot changed_keys",
            ),
            _tests("properties", "known_documents changed_keys"),
        ),
    ),
    "plan in words": Area(_files("flagengine/plan", "render reference_issues"), _WORDS),
    "interpreter": Area(_files("flagengine/evaluation", "interpreter draws"), _SCALAR),
    "conclusion": Area(
        ("flagengine/evaluation/conclusion.py", "flagengine/results/verdicts.py"), _SCALAR
    ),
    "operators": Area(("flagengine/operators/*.py",), _OPERATORS),
    "patterns": Area(("flagengine/operators/patterns/*.py",), _PATTERNS),
    "compiled": Area(("flagengine/compiled/*.py",), _COMPILED),
    "batch kernel": Area(
        _files("flagengine/columnar", "cases verdicts vocabulary walk flag_kernel engine rows"),
        _BATCH,
    ),
    "queue": Area(
        _files(
            "transports/batching",
            "queue intake batches lanes announcements causes losses awaited uuids",
        ),
        _EVENTS,
    ),
    "delivery": Area(("transports/batching/delivery.py",), _EVENTS),
    "spool": Area(
        ("transports/batching/spool/*.py",),
        (_tests("transports", "spool_files spool spool_damage spool_running"), *_EVENTS),
    ),
    "breaker": Area(
        ("transports/breaker.py", "transports/request_guard.py"),
        (_tests("transports", "breaker"), _tests("transports", "request_guard")),
    ),
    "poller": Area(
        _files("transports/polling", "poller policy"),
        (
            "tests/transports/polling/test_poller.py tests/transports/test_retry.py",
            "tests/transports/polling tests/transports/sources",
        ),
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
