"""Between which bounds a bucket number makes no difference, to the last number."""

import numpy as np
import pytest

from flagengine.columnar.walk import Shares
from flagengine.hashing.buckets import bound
from flagengine.plan.shares import Share

LAST = (1 << 60) - 1


@pytest.mark.parametrize("many", [1, 2, 11, 12, 13, 300])
def test_the_bound_of_a_rollout_is_inside_and_the_next_number_is_not(many: int) -> None:
    shares = [Share(100 * (place + 1) / (many + 1)) for place in range(many)]
    intervals = Shares.of_rollouts(set(shares))
    for share in shares:
        end = bound(share.percentage)
        found = intervals.intervals(np.array([0, end, end + 1, LAST], np.uint64))
        assert list(found.labels) == list(range(many + 1))
        is_inside = [found.label_of(row) <= intervals.position(share) for row in range(4)]
        assert is_inside == [True, True, False, False]
