"""The published cases that posthog-python can be asked, with its answers and the engine's."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flagengine import Snapshot, evaluate_flag
from tests.differential.posthog_python import DEFERRED, Sdk, clock_at
from tests.properties.strategies import Call

__all__ = ["cases", "ours", "person", "theirs"]

_CASES: Final = Path(__file__).parents[2] / "fixtures" / "cases"

_OURS_ONLY: Final = {
    "overrides",
    "complete",
    "missing_group",
    "evaluation_runtime",
    "evaluation_contexts",
}
"""Arguments that the SDK's local evaluation does not have."""


def cases() -> Iterator[dict[str, Any]]:
    """Yield the published cases that both can evaluate."""
    for path in sorted(_CASES.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            extended = '"flagengine"' in json.dumps(case["definitions"])
            if not extended and _OURS_ONLY.isdisjoint(case["context"]):
                yield case


def ours(case: dict[str, Any]) -> Any:
    """Return the engine's answer."""
    options = dict(case["context"])
    distinct_id, props = options.pop("distinct_id"), options.pop("person_properties", None)
    if "now" in options:
        options["now"] = datetime.fromisoformat(options["now"])
    snapshot = Snapshot.parse(case["definitions"])
    resolution = evaluate_flag(snapshot, case["flag_key"], distinct_id, props, **options)
    return DEFERRED if resolution.unresolved_reason else resolution.value


def person(case: dict[str, Any]) -> Call:
    """Return the case's call, as a call of the property tests."""
    context = dict(case["context"])
    distinct_id, props = context.pop("distinct_id"), context.pop("person_properties", None)
    return Call(distinct_id, props or {}, context)


def theirs(case: dict[str, Any]) -> Any:
    """Return posthog-python's answer."""
    context = case["context"]
    now = datetime.fromisoformat(context.get("now", "2024-06-08T12:00:00+00:00"))
    try:
        with clock_at(now):
            return Sdk(case["definitions"]).answer(
                case["flag_key"],
                context["distinct_id"],
                context.get("person_properties") or {},
                context.get("groups"),
                context.get("group_properties"),
                context.get("device_id"),
            )
    except (KeyError, TypeError, AttributeError) as error:
        return f"raises {type(error).__name__}"
