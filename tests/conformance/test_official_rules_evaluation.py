"""PostHog's evaluation vectors for format 2, through every evaluator."""

import json
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flagengine import Resolution, Snapshot, evaluate
from flagengine.evaluation import draws
from tests.conformance.backends import BACKENDS
from tests.properties.strategies import Call

OFFICIAL = Path(__file__).parents[2] / "fixtures" / "official-v2"
COUNTS = {
    "boolean": {"ordering": 9, "properties": 34, "context": 4, "errors": 3, "hashing": 11}
    | {"white_box": 5, "eligibility": 2},
    "value": {"ordering": 14, "values": 6},
    "experiment": {"ordering": 10, "assignment": 11, "values": 5, "white_box": 5},
}

EVALUATORS = [name for name in BACKENDS if name not in ("BOUND", "NATIVE")]
"""All but the bound evaluator, which takes no options, and the walk in C, which takes no rules."""


def _cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        (OFFICIAL / f"v2_{name}_evaluation.json").read_text("utf-8")
    )["cases"]
    return [case for case in found if case["family"] != "parser"]


CASES = [case for name in COUNTS for case in _cases(name)]


def _evaluated(*families: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in CASES if case["family"] in families]


def _document(case: dict[str, Any]) -> dict[str, Any]:
    flag = case["flag"]
    row = {"id": 1, "key": flag["key"], "name": flag["name"], "filters": case["config"]}
    row |= {"active": flag["active"], "deleted": flag["deleted"]}
    version = 2 if case["context"]["explicit_exact_matching"] else 1
    return {"flags": [row], "property_matching_version": version}


def _call(case: dict[str, Any]) -> Call:
    context = case["context"]
    is_complete = context["properties_complete"] and context["properties"] is not None
    options = {
        "now": datetime.fromisoformat(context["now"]),
        "project_timezone": context["timezone"],
        "complete": is_complete,
    }
    return Call(context["identifier"], context["properties"] or {}, options)


def _published(resolution: Resolution) -> dict[str, Any]:
    """Return a resolution as the vectors write it."""
    if resolution.unresolved_reason is not None:
        return {"status": "error", "error": resolution.unresolved_reason.value}
    found = {"status": "success", "value": resolution.value, "reason": resolution.reason.value}
    rule = resolution.rule
    if rule is not None:
        assert resolution.condition_index == rule.index
        found["rule"] = {"id": rule.id, "rule_type": rule.type, "index": rule.index}
        if rule.variant_key is not None:
            found["variant"] = rule.variant_key
    return found


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _double(text: str) -> float:
    (number,) = struct.unpack(">d", bytes.fromhex(text))
    return float(number)


@pytest.mark.parametrize("name", COUNTS)
def test_no_vector_is_lost(name: str) -> None:
    found: dict[str, int] = {}
    for case in _cases(name):
        found[case["family"]] = found.get(case["family"], 0) + 1
    assert found == COUNTS[name]


@pytest.mark.parametrize("name", EVALUATORS)
@pytest.mark.parametrize(
    "row",
    _evaluated("ordering", "properties", "context", "errors", "hashing", "values", "assignment"),
)
def test_the_evaluator_gives_the_published_answer(name: str, row: dict[str, Any]) -> None:
    key, call, snapshot = row["flag"]["key"], _call(row), Snapshot.parse(_document(row))
    backend = BACKENDS[name]
    assert backend.why_not(Snapshot.parse(_document(row)), key, call) is None
    for _ in range(backend.uses):
        found = backend.answer(snapshot, key, call)
        assert _written(_published(found)) == _written(row["expected"])
        if "legacy" in row:
            assert _legacy(found) == row["legacy"]


def _legacy(resolution: Resolution) -> dict[str, Any]:
    """Return a resolution in the shape of the older responses."""
    value = resolution.value if isinstance(resolution.value, str) else resolution.enabled
    return {
        "enabled": resolution.enabled,
        "variant": resolution.variant,
        "value": value,
        "payload": resolution.payload,
    }


@pytest.mark.parametrize("row", _evaluated("white_box"))
def test_a_forced_hash_gives_the_published_answer(
    row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    h = _double(row["white_box"]["hash01_binary64_hex"])
    monkeypatch.setattr(draws, "fraction", lambda *_: h)
    found = BACKENDS["INTERPRETED"].answer(
        Snapshot.parse(_document(row)), row["flag"]["key"], _call(row)
    )
    assert _written(_published(found)) == _written(row["expected"])


@pytest.mark.parametrize("row", _evaluated("eligibility"))
def test_an_ineligible_flag_is_not_decided_by_its_rules(row: dict[str, Any]) -> None:
    key, call = row["flag"]["key"], _call(row)
    requested = [key] if row["flag"]["requested"] else []
    found = evaluate(
        Snapshot.parse(_document(row)),
        call.distinct_id,
        call.props,
        flag_keys=requested,
        **call.options,
    )
    answer = found.get(key)
    assert answer is None or (answer.value, answer.rule) == (None, None)


def _evidence() -> list[Any]:
    return [
        pytest.param(draw, id=f"{case['id']}-{place}")
        for case in CASES
        for place, draw in enumerate(_drawn(case))
    ]


def _drawn(case: dict[str, Any]) -> list[dict[str, Any]]:
    evidence = case.get("hash_evidence", [])
    return evidence if isinstance(evidence, list) else [evidence]


@pytest.mark.rule("R20.60", "R20.62")
@pytest.mark.parametrize("draw", _evidence())
def test_a_hash_is_the_published_number(draw: dict[str, Any]) -> None:
    text = bytes.fromhex(draw["input_utf8_hex"]).decode()
    assert draws.fraction("sha1", text[:-1], text[-1:]) == _double(draw["hash01_binary64_hex"])
