"""Definitions that have a number, which every answer from them shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["numbered"]


def numbered(number: int, keys: Iterable[str]) -> dict[str, Any]:
    """Return definitions in which every flag has the variant ``vn`` and the payload n for everybody."""
    value = f"v{number}"
    filters = {
        "groups": [{"properties": [], "rollout_percentage": 100}],
        "multivariate": {"variants": [{"key": value, "rollout_percentage": 100}]},
        "payloads": {value: str(number)},
    }
    return {"flags": [{"key": key, "active": True, "filters": filters} for key in keys]}
