"""PostHog's own hash vectors with the extension, with pure Python, and in columns."""

import json
from array import array
from bisect import bisect_right
from pathlib import Path
from typing import Any

import pytest

from flagengine.evaluation import draws
from flagengine.hashing import buckets as hashing
from flagengine.hashing import sha1
from flagengine.hashing.buckets import BUCKETS, Algorithm, bound, upper
from flagengine.hashing.string_column import StringColumn
from flagengine.plan.shares import Draw, Share, draw_of
from tests.unit.test_hashing import pure
from tests.unit.test_string_column import BACKENDS as COLUMNS

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "fixtures/official/hash_sha1_60_v1.json").read_bytes()
)


def vectors(name: str) -> Any:
    found = DOCUMENT[name]
    return pytest.mark.parametrize("vector", found, ids=[vector["id"] for vector in found])


every_hash = pytest.mark.parametrize(
    "hashed", [hashing, pure, sha1], ids=["as installed", "pure Python", "sha1"]
)


def _draw(variants: list[dict[str, Any]]) -> Draw:
    return draw_of((variant["key"], variant["rollout_percentage"]) for variant in variants)


def _number(h: float) -> int:
    """Return a bucket number with this fraction."""
    number = min(int(h * 2**60), BUCKETS - 1)
    assert float(number) / 2**60 == h
    return number


@pytest.mark.rule("R3.1", "R3.2", "R3.3", "R3.4")
@every_hash
@vectors("vectors")
def test_a_number_and_its_fraction(hashed: Any, vector: dict[str, Any]) -> None:
    parts = vector["prefix"], vector["identifier"], vector["salt"]
    number = hashed.bucket(*parts)
    assert str(number) == vector["n"]
    fraction = float(number) / 2**60
    assert fraction.hex() == vector["hash01"].hex()
    assert fraction != vector.get("hash01_if_quotient_rounded_once")


@pytest.mark.rule("R3.13")
@pytest.mark.parametrize("seam", [hashing, pure], ids=["as installed", "pure Python"])
@vectors("vectors")
def test_a_long_id_is_cut(seam: Any, vector: dict[str, Any]) -> None:
    whole = vector.get("identifier_before_truncation", vector["identifier"])
    number = seam.hasher(Algorithm.SHA1, vector["prefix"], vector["salt"], clip=True)(whole)
    assert str(number) == vector["n"]


@pytest.mark.rule("R3.1", "R3.13")
@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
@vectors("vectors")
def test_a_column_has_the_number(columns: Any, vector: dict[str, Any]) -> None:
    whole = vector.get("identifier_before_truncation", vector["identifier"]).encode()
    ends = array("i", [0, len(whole), 2 * len(whole), 3 * len(whole)])
    column = StringColumn(offsets=ends, data=whole * 3, count=3)
    out = array("Q", [0] * 3)
    prefix, salt = vector["prefix"], vector["salt"]
    columns.bucket_column(Algorithm.SHA1, prefix, salt, column, out, clip=True)
    assert list(map(str, out)) == [vector["n"]] * 3


@pytest.mark.rule("R3.6", "R4.7")
@pytest.mark.parametrize("seam", [hashing, pure], ids=["as installed", "pure Python"])
def test_a_rollout_or_holdout_lets_in_whom_it_should(seam: Any) -> None:
    checks = [
        (vector, check["rollout_percentage"], check["included"])
        for vector in DOCUMENT["vectors"]
        for check in vector.get("rollout_checks", [])
    ]
    checks += [
        (vector, check["exclusion_percentage"], check["member"])
        for vector in DOCUMENT["vectors"]
        for check in vector.get("holdout_checks", [])
    ]
    assert len(checks) >= 10
    for vector, percentage, inside in checks:
        is_inside = seam.rollout(Algorithm.SHA1, vector["prefix"], bound(percentage))
        assert is_inside(vector["identifier"]) is inside
        assert Share(percentage).contains(vector["hash01"]) is inside


@pytest.mark.rule("R3.9")
@pytest.mark.parametrize("seam", [hashing, pure], ids=["as installed", "pure Python"])
def test_a_draw_gives_the_variant(seam: Any) -> None:
    drawn = [vector for vector in DOCUMENT["vectors"] if "variant_check" in vector]
    assert drawn
    for vector in drawn:
        plans = _draw(vector["variant_check"]["variants"]).variants
        ends = [upper(plan.upper) for plan in plans]
        draw = seam.draw(Algorithm.SHA1, vector["prefix"], ends, vector["salt"])
        assert plans[draw(vector["identifier"])].key == vector["variant_check"]["selected"]


@pytest.mark.rule("R3.5", "R3.6", "R3.7", "R3.8")
@vectors("threshold_vectors")
def test_a_hash_against_a_bound(vector: dict[str, Any]) -> None:
    percentage, h = vector["rollout_percentage"], vector["hash01"]
    assert percentage / 100.0 == vector["threshold"]
    assert Share(percentage).contains(h) is vector["included"]
    assert (_number(h) <= bound(percentage)) is vector["included"]


@pytest.mark.rule("R3.9", "R3.10")
@vectors("variant_vectors")
def test_a_hash_among_variants(vector: dict[str, Any]) -> None:
    draw = _draw(vector["variants"])
    plans = draw.variants
    assert [plan.upper for plan in plans] == vector["cumulative_boundaries"]
    drawn = draw.position(vector["hash01"])
    assert [*(plan.key for plan in plans), None][drawn] == vector["selected"]
    position = bisect_right([upper(plan.upper) for plan in plans], _number(vector["hash01"]))
    keys = [*(plan.key for plan in plans), None]
    assert keys[position] == vector["selected"]


@pytest.mark.rule("R3.1", "R3.10", "R3.16")
@vectors("seed_parity")
def test_a_seed_that_is_the_flags_key_changes_no_hash(vector: dict[str, Any]) -> None:
    if "v2" not in vector:
        assert vector["divergence"] == "final_variant_fallback"
        assert _draw([{"key": "all", "rollout_percentage": 100}]).position(1.0) == 1
        return
    seeded = vector["v2"]
    parts = seeded["prefix"], seeded["identifier"], seeded["salt"]
    assert "".join(parts) == vector["v1_input"]
    assert float(hashing.bucket(*parts)) / 2**60 == vector["hash01"]
    is_empty = vector.get("divergence") == "empty_identifier"
    h = draws.fraction(Algorithm.SHA1, *parts)
    assert h == (0.0 if is_empty else vector["hash01"])
