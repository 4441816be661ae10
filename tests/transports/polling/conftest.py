"""A clock that the test advances."""

from __future__ import annotations

import pytest

from flagengine.transports.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(monotonic=1000.0)
