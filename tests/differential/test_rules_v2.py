"""The oracle of format 2 agrees with PostHog's vectors, and all evaluators agree with the oracle."""

import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flagengine import Snapshot
from tests.conformance.backends import BACKENDS, Backend
from tests.differential.rules_v2_draws import CALLS, difference, document, drawn, expected
from tests.differential.rules_v2_oracle import FailedError, UncoveredError, evaluated, hashed
from tests.properties.strategies import Call

OFFICIAL = Path(__file__).parents[2] / "fixtures" / "official-v2"
COVERED = {"boolean": 53, "value": 20, "experiment": 31}
"""The rows that the oracle reads: all but dates, eligibility and refused configurations."""
FLAGS = 200
"""The flags of the sample, so 2,000 calls."""
FLAGS_IN_TABLES = 30
"""The flags that are asked of tables, which take 50 times as long for a row."""
SAMPLED = {"targeting_match": 400, "no_rule_match": 400, "missing_context": 150, "rollout_miss": 60}
SAMPLED |= {"experiment_paused": 40, "holdout": 40, "invalid_property": 150, "invalid_regex": 40}
EVALUATORS = [name for name in BACKENDS if name not in ("BOUND", "NATIVE")]
"""All but the bound evaluator, which takes no options, and the walk in C, which takes no rules."""


def _answered(case: dict[str, Any]) -> Any:
    """Return the oracle's answer in the vectors' form."""
    forced = case.get("white_box", {}).get("hash01_binary64_hex")
    h = None if forced is None else struct.unpack(">d", bytes.fromhex(forced))[0]
    try:
        return evaluated(case["config"], case["context"], hashed if h is None else lambda _: h)
    except FailedError as failed:
        return {"status": "error", "error": failed.error}
    except UncoveredError:
        return None


@pytest.mark.parametrize("name", COVERED)
def test_the_oracle_gives_the_published_answers(name: str) -> None:
    cases = json.loads((OFFICIAL / f"v2_{name}_evaluation.json").read_text("utf-8"))["cases"]
    answers = [
        (case["id"], _answered(case), case["expected"])
        for case in cases
        if case["family"] not in ("parser", "eligibility")
    ]
    covered = [answer for answer in answers if answer[1] is not None]
    assert len(covered) == COVERED[name]
    for case_id, found, published in covered:
        texts = [json.dumps(value, sort_keys=True) for value in (found, published)]
        assert texts[0] == texts[1], case_id


def test_the_published_hashes_are_the_oracles() -> None:
    cases = json.loads((OFFICIAL / "v2_experiment_evaluation.json").read_text("utf-8"))["cases"]
    evidence = [draw for case in cases for draw in case.get("hash_evidence", ())]
    assert evidence
    for draw in evidence:
        h = hashed(bytes.fromhex(draw["input_utf8_hex"]).decode())
        assert struct.pack(">d", h).hex() == draw["hash01_binary64_hex"]


def _asked(backend: Backend) -> Any:
    def answer(snapshot: Snapshot, context: dict[str, Any]) -> Any:
        options = {"complete": context["properties_complete"]}
        call = Call(context["identifier"], context["properties"] or {}, options)
        return backend.answer(snapshot, "f", call)

    return answer


@pytest.mark.parametrize("name", EVALUATORS)
def test_an_evaluator_gives_the_oracles_answers(name: str) -> None:
    answer = _asked(BACKENDS[name])
    for config, contexts in drawn(2026, FLAGS_IN_TABLES if name.startswith("TABLE") else FLAGS):
        snapshots = {
            context["explicit_exact_matching"]: Snapshot.parse(document(config, context))
            for context in contexts
        }
        for context in contexts:
            snapshot = snapshots[context["explicit_exact_matching"]]
            assert difference(config, context, snapshot, answer) is None


def test_the_sample_has_answers_of_every_kind() -> None:
    answers = [
        expected(config, context) for config, calls in drawn(2026, FLAGS) for context in calls
    ]
    counts = Counter(answer.get("reason") or answer["error"] for answer in answers)
    assert len(answers) == FLAGS * CALLS
    assert all(counts[kind] >= least for kind, least in SAMPLED.items()), counts
