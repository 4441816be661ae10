"""The errors of the official SDKs on the published cases: ``python -m tests.differential.scoreboard``.

It prints a table in Markdown. posthog-python is run; posthog-node's answers were recorded once, for
the first 158 cases.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flagengine import Snapshot, evaluate_flag
from tests.differential.posthog_python import DEFERRED, Sdk, clock_at
from tests.properties.strategies import Call

__all__ = ["RECORDED", "cases", "judged", "ours", "person", "scores", "table", "theirs"]

_HERE: Final = Path(__file__).parent
_CASES: Final = _HERE.parents[1] / "fixtures" / "cases"
RECORDED: Final = json.loads((_HERE / "recorded.json").read_text(encoding="utf-8"))

_OURS_ONLY: Final = {
    "overrides",
    "complete",
    "missing_group",
    "evaluation_runtime",
    "evaluation_contexts",
}
"""Arguments that the SDK's local evaluation does not have."""

_COLUMNS: Final = ("cases", "ours", "py", "value wrong", "guess", "needless deferral", "crash")


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the published cases that both can evaluate, with their topics."""
    for path in sorted(_CASES.glob("*.json")):
        topic = json.loads(path.read_text(encoding="utf-8"))
        for case in topic["cases"]:
            extended = '"flagengine"' in json.dumps(case["definitions"])
            if not extended and _OURS_ONLY.isdisjoint(case["context"]):
                yield topic["topic"], case


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


def judged(case: dict[str, Any], answer: Any) -> str:
    """Return the kind of an answer: right, value wrong, guess, needless deferral, or crash."""
    wanted = [case["expected"], case.get("also_acceptable", case["expected"])]
    values = [outcome.get("value", DEFERRED) for outcome in wanted]
    if any(_is_alike(answer, value) for value in values):
        return "right"
    if answer == DEFERRED:
        return "needless deferral"
    if isinstance(answer, str) and answer.startswith("raises "):
        return "crash"
    return "guess" if DEFERRED in values else "value wrong"


def _is_alike(answer: Any, value: Any) -> bool:
    are_objects = isinstance(answer, dict) and isinstance(value, dict)
    return bool(answer == value) and (are_objects or type(answer) is type(value))


def scores(only: Collection[str] = ()) -> dict[str, Counter[str]]:
    """Return the counts of each topic, of all cases or only of those with an id in ``only``."""
    found: dict[str, Counter[str]] = {}
    for topic, case in cases():
        if only and case["id"] not in only:
            continue
        counts = found.setdefault(topic, Counter())
        counts["cases"] += 1
        counts["ours"] += judged(case, ours(case)) == "right"
        verdict = judged(case, theirs(case))
        counts["py" if verdict == "right" else verdict] += 1
        if case["id"] in RECORDED["cases"]:
            counts["recorded"] += 1
            counts["node"] += case["id"] not in RECORDED["node_differs"]
    return found


def table(found: dict[str, Counter[str]]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| topic | cases | right: ours | right: py | py: value wrong | guess | needless deferral | crash | right: node (of those recorded) |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    total: Counter[str] = Counter()
    for topic, counts in found.items():
        total.update(counts)
        yield _row(topic, counts)
    yield _row("**all**", total)


def _row(topic: str, counts: Counter[str]) -> str:
    node = f"{counts['node']} of {counts['recorded']}" if counts["recorded"] else ""
    return f"| {topic} | {' | '.join(str(counts[name]) for name in _COLUMNS)} | {node} |"


def main() -> None:
    """Print two tables: of the recorded cases, and of all cases."""
    print("The 158 cases of which both SDKs' answers are known:\n")
    print("\n".join(table(scores(only=set(RECORDED["cases"])))))
    print("\nAll cases that the SDK's local evaluation can be asked:\n")
    print("\n".join(table(scores())))


if __name__ == "__main__":
    main()
