"""Shares of subjects are monotone, proportionate, and divided into variants without overlap."""

from collections import Counter
from itertools import pairwise
from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Reason, Snapshot, evaluate_flag

IDS = [f"subject-{number}" for number in range(2_000)]
_PERCENTAGES = st.floats(0, 100) | st.integers(0, 100)
_HASHES = st.sampled_from(["sha1", "murmur3"])
_KEYS = st.text(max_size=8)


def _flag(key: str, algorithm: str, filters: dict[str, Any]) -> Snapshot:
    flag = {"key": key, "active": True, "filters": filters, "flagengine": {"hash": algorithm}}
    return Snapshot.parse({"flags": [flag]})


def _rolled_out(key: str, algorithm: str, percentage: float, ids: list[str]) -> set[str]:
    snapshot = _flag(key, algorithm, {"groups": [{"rollout_percentage": percentage}]})
    return {subject for subject in ids if evaluate_flag(snapshot, key, subject).value is True}


class TestRollouts:
    """R3.5, R3.6: a subject is in a share if its hash is within the bound."""

    @pytest.mark.rule("R3.2", "R3.6", "R3.7", "R16.1")
    @given(_KEYS, _HASHES, st.lists(_PERCENTAGES, min_size=2, max_size=4))
    def test_a_larger_share_holds_the_smaller(self, key: str, algorithm: str, shares: list[float]):
        ids = IDS[:60]
        reached = [_rolled_out(key, algorithm, share, ids) for share in sorted(shares)]
        for smaller, larger in pairwise(reached):
            assert smaller <= larger

    @pytest.mark.rule("R3.5", "R3.8")
    @given(_KEYS, _HASHES, st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()))
    def test_nobody_is_in_nothing_and_everybody_in_all(
        self, key: str, algorithm: str, subject: str
    ):
        assert _rolled_out(key, algorithm, 0, [subject]) == set()
        assert _rolled_out(key, algorithm, 100, [subject]) == {subject}

    @pytest.mark.rule("R3.1", "R3.2", "R16.2")
    @pytest.mark.parametrize("algorithm", ["sha1", "murmur3"])
    @pytest.mark.parametrize("percentage", [1, 12.5, 50, 99])
    def test_a_share_is_proportionate(self, algorithm: str, percentage: float):
        expected = len(IDS) * percentage / 100
        deviation = sqrt(expected * (1 - percentage / 100))
        found = len(_rolled_out("proportionate", algorithm, percentage, IDS))
        assert abs(found - expected) < 4 * deviation


class TestVariants:
    """R3.9, R3.10, R3.11: variants divide the interval in their stored order."""

    @pytest.mark.rule("R3.3", "R3.9", "R3.10", "R3.11", "R4.13")
    @given(_KEYS, _HASHES, st.lists(st.integers(0, 60), max_size=4))
    def test_variants_partition_the_subjects(self, key: str, algorithm: str, weights: list[int]):
        variants = [
            {"key": f"v{index}", "rollout_percentage": weight}
            for index, weight in enumerate(weights)
        ]
        filters = {"groups": [{}], "multivariate": {"variants": variants}}
        snapshot = _flag(key, algorithm, filters)
        values = {evaluate_flag(snapshot, key, subject).value for subject in IDS[:40]}
        drawable = {f"v{index}" for index, weight in enumerate(weights) if weight}
        assert values <= (drawable if sum(weights) > 100 else drawable | {True})
        assert True not in values or sum(weights) <= 100

    @pytest.mark.rule("R3.9", "R3.10")
    @pytest.mark.parametrize("algorithm", ["sha1", "murmur3"])
    def test_variants_are_proportionate(self, algorithm: str):
        weights = {"a": 50, "b": 0, "c": 30, "d": 12.5}
        variants = [{"key": key, "rollout_percentage": share} for key, share in weights.items()]
        filters = {"groups": [{}], "multivariate": {"variants": variants}}
        snapshot = _flag("split", algorithm, filters)
        counts = Counter(evaluate_flag(snapshot, "split", subject).value for subject in IDS)
        for value, share in {**weights, True: 7.5}.items():
            expected = len(IDS) * share / 100
            assert abs(counts[value] - expected) <= 4 * sqrt(expected)

    @pytest.mark.rule("R3.3")
    @given(_KEYS, _HASHES, _PERCENTAGES)
    def test_a_variant_does_not_depend_on_the_rollout(
        self, key: str, algorithm: str, percentage: float
    ):
        variants = [{"key": "a", "rollout_percentage": 40}, {"key": "b", "rollout_percentage": 60}]
        filters = {"multivariate": {"variants": variants}}
        part = _flag(key, algorithm, filters | {"groups": [{"rollout_percentage": percentage}]})
        whole = _flag(key, algorithm, filters | {"groups": [{}]})
        for subject in IDS[:20]:
            found = evaluate_flag(part, key, subject)
            if found.value is not False:
                assert found.value == evaluate_flag(whole, key, subject).value

    @pytest.mark.rule("R3.12", "R4.11")
    @given(_KEYS, st.sampled_from(["a", "b"]))
    def test_a_pinned_variant_needs_no_draw(self, key: str, pinned: str):
        variants = [{"key": "a", "rollout_percentage": 100}, {"key": "b", "rollout_percentage": 0}]
        filters = {"groups": [{"variant": pinned}], "multivariate": {"variants": variants}}
        assert evaluate_flag(_flag(key, "sha1", filters), key, "").value == pinned


class TestHoldouts:
    """R4.7: a holdout takes its share before any condition is evaluated."""

    @pytest.mark.rule("R3.4", "R4.7", "R4.8")
    @given(_KEYS, _HASHES, _PERCENTAGES)
    def test_a_holdout_is_the_same_for_every_flag(self, key: str, algorithm: str, share: float):
        filters = {"holdout": {"id": 3, "exclusion_percentage": share}, "groups": [{}]}
        first, second = _flag(key, algorithm, filters), _flag("other", algorithm, filters)
        for subject in IDS[:30]:
            found = evaluate_flag(first, key, subject)
            assert found.value == evaluate_flag(second, "other", subject).value
            held_out = found.reason is Reason.HOLDOUT_CONDITION_VALUE
            assert found.value == ("holdout-3" if held_out else True)
