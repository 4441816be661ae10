"""Retry arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine.transports.retry import (
    EVENTS_RETRY,
    FLAGS_RETRY,
    RetryPolicy,
    clamp_retry_after,
    is_retryable_status,
    parse_retry_after,
)


@pytest.mark.contract("retry-queue")
def test_delays_double_from_one_second_to_thirty() -> None:
    assert [EVENTS_RETRY.delay(i) for i in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert EVENTS_RETRY.delay(10**9) == 30


@pytest.mark.contract("http-client")
def test_flags_are_retried_once_after_300_ms_then_600() -> None:
    assert FLAGS_RETRY.max_attempts == 2
    assert [FLAGS_RETRY.delay(i, draw=0.9) for i in range(3)] == pytest.approx([0.3, 0.6, 1.2])


@pytest.mark.contract("retry-queue")
@given(st.integers(0, 40), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 1e9))
def test_jitter_and_retry_after_only_lengthen_a_delay(
    index: int, draw: float, retry_after: float | None
) -> None:
    delay = EVENTS_RETRY.delay(index, retry_after=retry_after, draw=draw)
    assert delay >= EVENTS_RETRY.delay(index)
    assert delay >= min(retry_after or 0, 30)
    assert delay <= 33


@pytest.mark.contract("retry-queue")
def test_three_retries_are_four_attempts() -> None:
    assert [EVENTS_RETRY.is_exhausted(attempts) for attempts in range(1, 6)] == [
        False, False, False, True, True,
    ]  # fmt: skip


@pytest.mark.contract("retry-queue")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("3", 3.0),
        (" 2.5 ", 2.5),
        ("-4", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:02:00", 20.0),
        ("Thu, 99 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_negative(
    value: str | None, seconds: float | None
) -> None:
    assert parse_retry_after(value, wall=100.0) == seconds


@given(st.text())
def test_any_retry_after_text_is_survived(text: str) -> None:
    parsed = parse_retry_after(text, wall=0.0)
    assert parsed is None or parsed >= 0
    assert 0 <= clamp_retry_after(parsed) <= 30


@pytest.mark.contract("retry-queue")
def test_which_statuses_are_tried_again() -> None:
    retryable = {status for status in range(300, 600) if is_retryable_status(status)}
    assert retryable == {408, 429, *range(500, 600)}


@pytest.mark.parametrize("wrong", [{"max_retries": -1}, {"base_delay": -1.0}, {"jitter": 2.0}])
def test_a_senseless_policy_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"negative|between"):
        RetryPolicy(**wrong)  # type: ignore[arg-type]
