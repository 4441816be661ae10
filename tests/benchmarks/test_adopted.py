"""The comparison of posthog's client alone and adopted answers rightly and times both."""

import pytest

pytest.importorskip("posthog", reason="posthog is not installed: pip install --group differential")

from benchmarks import workloads
from benchmarks.adopted import measured
from benchmarks.rivals.posthog_client import EvaluateFlags, Getter


@pytest.mark.parametrize(("name", "kind"), [("w1", Getter), ("mix/10", EvaluateFlags)])
def test_both_clients_are_timed_once_a_round(name, kind):
    found = measured(workloads.make(name, 20), kind, rounds=2, least_ns=1)
    assert {who: len(samples) for who, samples in found.items()} == {"alone": 2, "adopted": 2}
    assert all(sample > 0 for samples in found.values() for sample in samples)
