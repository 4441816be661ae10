"""New UUIDs: unique over threads and processes, although their random bits are drawn in blocks."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flagengine.transports.batching import uuids
from flagengine.transports.batching.event_fields import format_utc
from flagengine.transports.batching.uuids import BLOCK, new_uuid
from tests.threads import at_once

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")


def random_bits(uuid: str) -> int:
    """Return the bits that are neither time, version nor variant."""
    number = UUID(uuid).int
    return (number >> 64 & 0xFFF) << 62 | number & ((1 << 62) - 1)


@given(st.floats(0, 2**37))
def test_uuids_are_version_7_and_carry_the_time(wall: float) -> None:
    uuid = UUID(new_uuid(wall))
    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    assert str(uuid) == new_uuid(wall)[:13] + str(uuid)[13:]
    assert uuid.int >> 80 == int(wall * 1000)


@pytest.mark.parametrize("wall", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_clock_may_say_anything(wall: float) -> None:
    assert UUID(new_uuid(wall)).version == 7


def test_the_random_bits_are_never_the_same() -> None:
    assert len({random_bits(new_uuid(1.0)) for _ in range(20 * BLOCK)}) == 20 * BLOCK


def test_every_random_bit_takes_both_values() -> None:
    drawn = [random_bits(new_uuid(1.0)) for _ in range(4 * BLOCK)]
    ones = zeros = 0
    for bits in drawn:
        ones |= bits
        zeros |= ~bits
    assert ones == zeros & ((1 << 74) - 1) == (1 << 74) - 1


def test_threads_share_no_random_bits() -> None:
    count = 10 * BLOCK
    found = at_once(8, lambda _: [random_bits(new_uuid(1.0)) for _ in range(count)])
    assert len({bits for each in found for bits in each}) == 8 * count


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_the_child_of_a_fork_shares_none_with_its_parent() -> None:
    new_uuid(1.0)
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        os.close(receive)
        with os.fdopen(send, "w") as file:
            file.write(" ".join(new_uuid(1.0) for _ in range(BLOCK)))
        os._exit(0)
    os.close(send)
    own = {new_uuid(1.0) for _ in range(BLOCK)}
    with os.fdopen(receive) as file:
        others = set(file.read().split())
    os.waitpid(child, 0)
    assert len(own | others) == 2 * BLOCK


def test_another_process_draws_anew_also_without_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a fork that Python does not hear of: the child only has another process id."""
    new_uuid(1.0)
    inherited = list(uuids._current[0].ready)
    assert inherited
    monkeypatch.setattr(uuids.os, "getpid", lambda: -1)
    drawn = [new_uuid(1.0) for _ in range(BLOCK)]
    monkeypatch.undo()
    assert not {uuid[14:] for uuid in drawn} & set(inherited)


# The edges of seconds and milliseconds, from both sides.
EDGES = [
    base + step
    for base in (0.0, 0.001, 0.999, 1.0, 1_735_787_045.0, 1_735_787_045.999, 253_402_300_799.0)
    for step in (-1e-3, -1e-6, -5e-7, -4e-7, 0.0, 4e-7, 5e-7, 6e-7, 1e-6, 9.995e-4, 9.999999e-4)
]


@given(
    st.floats(-62_135_596_799.0, 253_402_300_799.0)
    | st.sampled_from(EDGES)
    | st.integers(0, 2**33).map(float)
    | st.builds(
        lambda second, micro: second + micro / 1e6, st.integers(0, 3), st.integers(0, 10**6)
    )
)
@example(1.9999999)
@example(-1e-7)
@example(0.9999995)
def test_a_time_is_written_as_isoformat_does(wall: float) -> None:
    try:
        moment = datetime.fromtimestamp(wall, UTC)
    except (ValueError, OverflowError):
        return
    expected = moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    assert format_utc(wall) == expected
    # Once more, with the second kept.
    assert format_utc(wall) == expected


@pytest.mark.parametrize(
    ("wall", "text"),
    [
        (float("nan"), "0001-01-01T00:00:00.000Z"),
        (float("-inf"), "0001-01-01T00:00:00.000Z"),
        (float("inf"), "9999-12-31T23:59:59.000Z"),
        (253_402_300_799.9999999, "9999-12-31T23:59:59.000Z"),
        (1e300, "9999-12-31T23:59:59.000Z"),
    ],
)
def test_a_time_outside_of_the_calendar_is_its_nearest(wall: float, text: str) -> None:
    assert format_utc(wall) == text


def test_threads_get_the_texts_of_their_own_times() -> None:
    def write(number: int) -> bool:
        walls = [float(number * 1000 + each) for each in range(300)]
        texts = [format_utc(wall) for wall in walls]
        return texts == [
            datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
            for wall in walls
        ]

    assert all(at_once(4, write))
