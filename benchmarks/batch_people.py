"""A table of invented people for the 40-flag snapshot, and the flags to evaluate.

The persons are similar to those of fixtures/population, but drawn with numpy: a million in seconds.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NOW", "document", "people", "person_flags"]

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_SNAPSHOT = Path(__file__).parent.parent / "fixtures" / "snapshots" / "product-40.json"
_SEED = 20_261_124
_PLANS = ("free", "free", "free", "trial", "pro", "pro", "team", "enterprise")
_COUNTRIES = ("US", "US", "DE", "FR", "NL", "ES", "CA", "JP", "BR", "IN")
_DOMAINS = ("acme.example", "globex.example", "mail.example", "example.com", "customer.example")
_SYSTEMS = ("iOS", "Android", "Mac OS X", "Windows", "Linux")
_VERSIONS = ("4.1.9", "4.2.0", "4.10.1", "5.0.0-rc.1", "5.0.0", "5.1.3", "5.2", "6.0.0")
_ZONES = ("Asia/Tokyo", "America/New_York", "Europe/Berlin")
_SOURCES = ("friend", "ads", "spam", "search")


def document() -> dict[str, Any]:
    """Return the 40-flag snapshot."""
    return dict(json.loads(_SNAPSHOT.read_bytes()))


def person_flags(count: int = 20) -> list[str]:
    """Return the first flags that posthog's evaluator can decide for a person.

    Leave out flags of groups and devices and those that the server remembers, which it cannot decide.
    """
    every = document()["flags"]
    return [flag["key"] for flag in every if _is_of_persons(flag)][:count]


def _is_of_persons(flag: dict[str, Any]) -> bool:
    filters = flag["filters"]
    levels = [filters, *filters["groups"]]
    grouped = any(level.get("aggregation_group_type_index") is not None for level in levels)
    by_device = flag.get("bucketing_identifier") == "device_id"
    remembered = bool(flag.get("ensure_experience_continuity"))
    return not (grouped or by_device or remembered or '"group"' in json.dumps(filters))


class _Source:
    """Return random columns of the same length."""

    def __init__(self, count: int, part: int) -> None:
        self._count = count
        self._random = np.random.default_rng([_SEED, part])

    def choice(self, values: tuple[str, ...]) -> pa.Array:
        indices = pa.array(self._random.integers(0, len(values), self._count).astype(np.int32))
        return pa.DictionaryArray.from_arrays(indices, pa.array(values)).dictionary_decode()

    def below(self, most: int, least: int = 0) -> pa.Array:
        return pa.array(self._random.integers(least, most, self._count))

    def days(self) -> pa.Array:
        days = self._random.integers(0, 2_500, self._count).astype(np.int32) + 18_262
        return pc.cast(pa.array(days, pa.date32()), pa.string())

    def holds(self, share: float) -> pa.Array:
        return pa.array(self._random.random(self._count) < share)

    def known(self, column: pa.Array, share: float) -> pa.Array:
        return pc.if_else(self.holds(share), column, pa.scalar(None, column.type))

    def uuids(self) -> pa.Array:
        digits = np.frombuffer(b"0123456789abcdef", np.uint8)
        text = np.full((self._count, 36), ord("-"), np.uint8)
        places = [place for place in range(36) if place not in (8, 13, 18, 23)]
        text[:, places] = digits[self._random.integers(0, 16, (self._count, 32))]
        offsets = pa.py_buffer(np.arange(0, 36 * self._count + 1, 36, dtype=np.int32))
        return pa.StringArray.from_buffers(self._count, offsets, pa.py_buffer(text))


def people(count: int, part: int = 0) -> pa.Table:
    """Return `count` persons; each part has other persons."""
    draw = _Source(count, part)
    names = pc.cast(pa.array(np.arange(part * count, (part + 1) * count)), pa.string())
    email = pc.binary_join_element_wise("person", names, "")
    return pa.table(
        {
            "distinct_id": draw.uuids(),
            "email": pc.binary_join_element_wise(email, draw.choice(_DOMAINS), "@"),
            "email_verified": draw.holds(0.75),
            "plan": draw.choice(_PLANS),
            "country": draw.choice(_COUNTRIES),
            "created_at": draw.days(),
            "account_count": draw.below(4, 1),
            "sessions_30d": draw.below(60),
            "storage_used_gb": pc.divide(pc.cast(draw.below(1_200), pa.float64()), 10.0),
            "is_staff": draw.holds(0.03),
            "$os": draw.choice(_SYSTEMS),
            "$app_version": draw.choice(_VERSIONS),
            "beta_opt_in": draw.known(draw.holds(0.5), 0.4),
            "referrals": draw.below(4),
            "subscribed_at": draw.known(draw.days(), 0.7),
            "last_seen_at": draw.days(),
            "tickets_open": draw.below(6),
            "timezone": draw.known(draw.choice(_ZONES), 0.8),
            "trial_ends_at": draw.known(draw.days(), 0.5),
            "$initial_utm_source": draw.choice(_SOURCES),
            "$feature_enrollment/ai-assistant": draw.known(draw.holds(0.5), 0.2),
        }
    )
