"""PostHog's own vectors: the published files are unchanged, and all evaluators agree with them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate, evaluate_flag, explain
from flagengine.batch import evaluate_table

OFFICIAL = Path(__file__).parents[2] / "fixtures" / "official"
COUNTS = {"hash_sha1_60_v1.json": 32, "v1_evaluation.json": 31, "legacy_projection.json": 11}
CASES: list[dict[str, Any]] = json.loads((OFFICIAL / "v1_evaluation.json").read_bytes())["cases"]

Context = dict[str, Any]
Answer = Any
"""An object with the members of a ``Resolution`` that are compared."""


class Backend(NamedTuple):
    """An evaluator; ``can`` returns whether it takes a call."""

    name: str
    answer: Callable[[Snapshot, str, Context], Answer]
    can: Callable[[Context], bool] = lambda _: True


def _inputs(context: Context) -> tuple[Any, Any, dict[str, Any]]:
    options = dict(context)
    return options.pop("distinct_id"), options.pop("person_properties", None), options


def _interpreted(snapshot: Snapshot, key: str, context: Context) -> Answer:
    distinct_id, props, options = _inputs(context)
    return explain(snapshot, key, distinct_id, props, **options).resolution


def _single(snapshot: Snapshot, key: str, context: Context) -> Answer:
    distinct_id, props, options = _inputs(context)
    return evaluate_flag(snapshot, key, distinct_id, props, **options)


def _all(snapshot: Snapshot, key: str, context: Context) -> Answer:
    distinct_id, props, options = _inputs(context)
    return evaluate(snapshot, distinct_id, props, **options)[key]


def _bound(snapshot: Snapshot, key: str, context: Context) -> Answer:
    distinct_id, props, _ = _inputs(context)
    return snapshot.evaluator(key)(distinct_id, props)


def _tabled(snapshot: Snapshot, key: str, context: Context) -> Answer:
    distinct_id, props, options = _inputs(context)
    groups, of_groups = options.get("groups", {}), options.get("group_properties", {})
    columns = {"id": distinct_id, "props": json.dumps(props or {})}
    columns |= {f"group {name}": value for name, value in groups.items()}
    columns |= {f"properties {name}": json.dumps(value) for name, value in of_groups.items()}
    others = {name: None if name != "id" else "somebody else" for name in columns}
    table = pa.Table.from_pylist([others, columns, others], _schema(columns))
    result = evaluate_table(
        snapshot,
        table,
        distinct_id="id",
        person_json="props",
        groups={name: f"group {name}" for name in groups},
        group_json={name: f"properties {name}" for name in of_groups},
        flags=[key],
        output="long",
    )
    row = result.read_all().to_pylist()[1]
    row["value"] = {"true": True, "false": False}.get(row["value"], row["value"])
    return SimpleNamespace(**row, raw_payload=row["payload"])


def _schema(columns: dict[str, Any]) -> pa.Schema:
    kinds = {
        name: pa.int64() if isinstance(value, int) else pa.string()
        for name, value in columns.items()
    }
    return pa.schema(list(kinds.items()))


def backends() -> list[Backend]:
    """Return all evaluators."""
    return [
        Backend("interpreter", _interpreted),
        Backend("evaluate_flag", _single),
        Backend("evaluate", _all),
        Backend("evaluator", _bound, lambda context: "groups" not in context),
        Backend("evaluate_table", _tabled),
    ]


def _pairs(kind: str) -> list[Any]:
    """Return each backend with each case and each flag that it must evaluate."""
    return [
        pytest.param(backend, case, key, id=f"{case['id']}-{key}-{backend.name}")
        for case in CASES
        for key in case["expected"][kind]
        for backend in backends()
        if backend.can(case["context"])
    ]


def test_the_files_are_those_that_were_published() -> None:
    lines = (OFFICIAL / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert sums.keys() == COUNTS.keys() == {path.name for path in OFFICIAL.glob("*.json")}
    for name, checksum in sums.items():
        assert hashlib.sha256((OFFICIAL / name).read_bytes()).hexdigest() == checksum


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_no_vector_is_lost(name: str, count: int) -> None:
    document = json.loads((OFFICIAL / name).read_bytes())
    lists = [part for part in document.values() if isinstance(part, list)]
    assert sum("id" in vector for part in lists for vector in part) == count


@pytest.mark.rule("R3.16", "R18.1")
@pytest.mark.parametrize(("backend", "vector", "key"), _pairs("flags"))
def test_an_evaluation_is_the_servers(backend: Backend, vector: dict[str, Any], key: str) -> None:
    snapshot = Snapshot.parse(vector["definitions"])
    expected = vector["expected"]["flags"][key]
    for _ in range(3):
        found = backend.answer(snapshot, key, vector["context"])
        if expected["local_evaluation"] == "inconclusive":
            assert (found.value, found.reason) == (None, "unresolved")
            continue
        assert {
            "value": found.value,
            "enabled": found.enabled,
            "variant": found.variant,
            "payload": found.raw_payload,
            "reason": {"code": found.reason, "condition_index": found.condition_index},
            "local_evaluation": expected["local_evaluation"],
        } == expected


@pytest.mark.parametrize(("backend", "vector", "key"), _pairs("omitted_flags"))
def test_a_flag_that_the_server_omits_is_false(
    backend: Backend, vector: dict[str, Any], key: str
) -> None:
    snapshot = Snapshot.parse(vector["definitions"])
    for _ in range(3):
        assert backend.answer(snapshot, key, vector["context"]).value is False
