"""Generated code compared with closures: W1 with both, and its hash alone.

`python -m benchmarks.code_or_closures`. It runs without the accelerator, which would walk W1 in C. The
closures answer only the common case; the other cases would make them slower.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["main"]

_SLOTS, _CALLS = 400, 2_000
_ID = "0b4b9a1e-6f0c-4f0e-9a67-6f5a8a1c2d3e"
_PROPERTIES = {"country": "DE", "email": "ada@example.com", "plan": "pro", "seats": 12}
_FILTERS = [
    {"key": "country", "type": "person", "operator": "exact", "value": ["DE", "AT", "CH"]},
    {"key": "email", "type": "person", "operator": "icontains", "value": "@example"},
]

Test = "Callable[[Mapping[str, Any]], bool | None]"


def _one_of(key: str, members: frozenset[str]) -> Test:
    def test(properties: Mapping[str, Any]) -> bool | None:
        value = properties.get(key)
        return value.lower() in members if type(value) is str else None

    return test


def _containing(key: str, needle: str) -> Test:
    def test(properties: Mapping[str, Any]) -> bool | None:
        value = properties.get(key)
        if type(value) is not str or not value.isascii():
            return None
        return needle in value.lower()

    return test


def _flag(
    tests: tuple[Test, ...], within: Callable[[str], bool], match: object, out: object
) -> Callable[[str, Mapping[str, Any]], object]:
    def evaluate(distinct_id: str, properties: Mapping[str, Any]) -> object:
        if type(distinct_id) is not str or not distinct_id:
            return None
        for test in tests:
            verdict = test(properties)
            if verdict is not True:
                return None
        return match if within(distinct_id) else out

    return evaluate


def _fastest(call: Callable[[], object]) -> float:
    """Return the nanoseconds of a call in the fastest of many short slots."""
    best = float("inf")
    for _ in range(_SLOTS):
        start = time.perf_counter_ns()
        for _ in range(_CALLS):
            call()
        best = min(best, (time.perf_counter_ns() - start) / _CALLS)
    return best


def main() -> None:
    """Print the three times, and the ratio of code and closures without the hash."""
    sys.modules["flagengine.native._accelerator"] = None  # type: ignore[assignment]
    from flagengine import Snapshot  # noqa: PLC0415 after the accelerator is blocked
    from flagengine.hashing.buckets import Algorithm, bound, rollout  # noqa: PLC0415

    groups = [{"properties": _FILTERS, "rollout_percentage": 50}]
    flags = [{"key": "w1", "active": True, "filters": {"groups": groups}}]
    generated = Snapshot.parse({"flags": flags}).evaluator("w1")
    within = rollout(Algorithm.SHA1, "w1.", bound(50), clip=True)
    tests = (_one_of("country", frozenset({"de", "at", "ch"})), _containing("email", "@example"))
    closures = _flag(tests, within, True, False)
    assert closures(_ID, _PROPERTIES) is generated(_ID, _PROPERTIES).value
    timed = {
        "the hash alone": _fastest(lambda: within(_ID)),
        "generated code": _fastest(lambda: generated(_ID, _PROPERTIES)),
        "closures": _fastest(lambda: closures(_ID, _PROPERTIES)),
    }
    for name, nanoseconds in timed.items():
        print(f"{name:16} {nanoseconds:8,.0f} ns")
    alone = timed["the hash alone"]
    ratio = (timed["closures"] - alone) / (timed["generated code"] - alone)
    print(f"beside the hash, closures take {ratio:.2f} times as long")


if __name__ == "__main__":
    main()
