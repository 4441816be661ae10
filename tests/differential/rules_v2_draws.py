"""Random flags of format 2 with random calls, and their answers beside the oracle's.

    python -m tests.differential.rules_v2_draws --draws 100000 --seed 7

It prints what the answers were, and ends with 1 at the first difference.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from uuid import UUID

from flagengine import Resolution, Snapshot, evaluate_flag, explain
from tests.differential.rules_v2_oracle import FailedError, evaluated

__all__ = ["CALLS", "Answer", "as_published", "difference", "document", "drawn", "expected"]

Json = Any
Answer = Callable[[Snapshot, Json], Resolution]

CALLS = 10
"""The calls of one flag: enough for its second, compiled form."""

_SEEDS = ["s", "s", "t", "allocation", "é", "😀" * 400, "s.", ""]
_PERCENTAGES = [0, 100, 100, 100.0, 0.01, 99.99, 33.33, 50, 1e1]
_VALUES = {
    "boolean": [True, False],
    "string": ["blue", "green", "false", "0", "ключ"],
    "number": [0, 1, -2.5, 1.0, 9007199254740991],
    "object": [{}, {"a": [1, {"b": None}]}, {"": ""}],
}
_PROPERTIES = {
    "plan": ["pro", "PRO", "", "Ärger", "true", "False", True, False, None, 0, 1, 1.5, ["pro"], []],
    "age": [5, 5.0, "5", "1e1", "x", "", None, True, -3, [5], "+7", ".5"],
    "app": ["1.2.3", "v1.2", "2", 2, "latest", None, "0.0.3", "1.2.3.4", "01.02.03"],
}
_OPERANDS: dict[str, list[tuple[str | None, list[Json]]]] = {
    "plan": [
        (None, ["pro", ["pro", "x"]]),
        (
            "exact",
            ["PRO", True, "False", ["true", True], [False], [], 0, 1, "ÄRGER", None, [["pro"]]],
        ),
        ("is_not", ["pro", False, [], ["PRO", 1], None, "null"]),
        ("icontains", ["R", "", "Ä", "ä", "TRUE", "["]),
        ("not_icontains", ["ro", "null", ""]),
        ("starts_with", ["P", "är", "["]),
        ("not_starts_with", ["p", ""]),
        ("ends_with", ["O", "]"]),
        ("not_ends_with", ["o", ""]),
        ("icontains_multi", [["x", "RO"], [], [True, 1]]),
        ("not_icontains_multi", [["x", "ro"], [], [None]]),
        ("regex", ["^p", "r.$", "[", "^$", "(?i)PR"]),
        ("regex", ["(", "[", "+"]),
        ("not_regex", ["e$", "[", "^(pro|null)$"]),
        ("is_set", [None, "x"]),
        ("is_not_set", [None, False]),
    ],
    "age": [(operator, [5, "5", 5.5, "x", "1E1", -3]) for operator in ("gt", "gte", "lt", "lte")],
    "app": [
        *(
            (f"semver_{name}", ["1.2.3", "1.2", "2", "0.0.3", "0.2.0", "01.2.3"])
            for name in ("gt", "gte", "lt", "lte", "eq", "neq", "tilde", "caret")
        ),
        ("semver_wildcard", ["1.*", "1.2.*", "0.*", "1.*.*"]),
    ],
}


def drawn(seed: int, flags: int) -> Iterator[tuple[Json, list[Json]]]:
    """Yield configurations, each with some calls in the corpora's form."""
    random = Random(seed)
    for _ in range(flags):
        config = _config(random)
        yield config, [_context(random) for _ in range(CALLS)]


def _config(random: Random) -> Json:
    kind = random.choice(list(_VALUES))
    count = random.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 12])
    return {
        "version": random.choice([2, 2.0]),
        "return_type": kind,
        "default_value": random.choice([None, *_VALUES[kind]]),
        "rules": [_rule(random, kind, index) for index in range(count)],
    }


def _rule(random: Random, kind: str, index: int) -> Json:
    rule_type = random.choice(
        ["targeted_release", "percentage_rollout", "experiment", "experiment"]
    )
    predicates = [_predicate(random) for _ in range(random.choice([0, 1, 1, 1, 2, 3]))]
    rule = {
        "id": str(UUID(int=index)),
        "rule_type": rule_type,
        "targeting": {"properties": predicates},
    }
    if rule_type != "experiment":
        rule["value"] = random.choice(_VALUES[kind])
    if rule_type == "targeted_release":
        return rule
    rule |= {
        "rollout_percentage": _percentage(random),
        "on_rollout_miss": random.choice(["continue", "continue", "return_default"]),
        "assignment_algorithm": "sha1_60_v1",
        "seed": random.choice(_SEEDS[:-1]),
    }
    if rule_type == "percentage_rollout":
        return rule
    rule |= {
        "experiment_id": None,
        "paused": random.random() < 0.15,
        "variants": [
            {"key": f"v-{place}", "weight": weight, "value": random.choice(_VALUES[kind])}
            for place, weight in enumerate(_weights(random))
        ],
    }
    if random.random() < 0.6:
        seed, share = random.choice(["h", "holdout-", "s.", "é"]), _percentage(random)
        rule["holdout"] = {"id": None, "seed": seed, "exclusion_percentage": share}
    return rule


def _predicate(random: Random) -> Json:
    key = random.choice(list(_OPERANDS))
    operator, operands = random.choice(_OPERANDS[key])
    predicate = {"key": key, "type": "person", "value": random.choice(operands)}
    if operator is not None:
        predicate["operator"] = operator
    return predicate | random.choice(
        [{}, {}, {"negation": None}, {"negation": False}, {"negation": True}]
    )


def _percentage(random: Random) -> float:
    if random.random() < 0.6:
        return random.choice(_PERCENTAGES)
    return random.randrange(10_001) / 100


def _weights(random: Random) -> list[float]:
    """Return 2 to 20 weights in hundredths that sum to 100; some are 0."""
    count = random.choice([2, 2, 3, 3, 5, 20])
    cuts = sorted(random.choice([0, 10_000, random.randrange(10_001)]) for _ in range(count - 1))
    if random.random() < 0.3 and 10_000 % count == 0:
        cuts = [10_000 // count * place for place in range(1, count)]
    return [(upper - lower) / 100 for lower, upper in zip([0, *cuts], [*cuts, 10_000], strict=True)]


def _context(random: Random) -> Json:
    properties = {
        key: random.choice(values)
        for key, values in _PROPERTIES.items()
        if random.random() < random.choice([0.5, 0.9, 1])
    }
    is_available = random.random() < 0.93
    return {
        "identifier": _identifier(random),
        "properties": properties if is_available else None,
        "properties_complete": is_available and random.random() < 0.6,
        "explicit_exact_matching": random.random() < 0.5,
    }


def _identifier(random: Random) -> str:
    tail = str(random.randrange(10**6))
    return random.choice(
        [
            "",
            "user",
            f"user-{tail}",
            tail,
            "é" * 199 + tail,
            "😀" * 200 + tail,
            f"  {tail}\n",
            "\0" + tail,
        ]
    )


def document(config: Json, context: Json) -> Json:
    """Return a definitions document with the flag ``f``."""
    version = 2 if context["explicit_exact_matching"] else 1
    flag = {"id": 1, "key": "f", "active": True, "filters": config}
    return {"flags": [flag], "property_matching_version": version}


def expected(config: Json, context: Json) -> Json:
    """Return the oracle's answer."""
    try:
        return evaluated(config, context)
    except FailedError as failed:
        missing = [failed.key] if failed.error == "missing_context" else []
        return {"status": "error", "error": failed.error, "missing": missing}


def as_published(found: Resolution) -> Json:
    """Return a resolution in the form of the oracle's answers."""
    if found.unresolved_reason is not None:
        missing = list(found.missing.person_properties)
        return {"status": "error", "error": found.unresolved_reason.value, "missing": missing}
    answer = {"status": "success", "value": found.value, "reason": found.reason.value}
    if found.rule is not None:
        rule = found.rule
        answer["rule"] = {"id": rule.id, "rule_type": rule.type, "index": rule.index}
        if rule.variant_key is not None:
            answer["variant"] = rule.variant_key
    return answer


def difference(config: Json, context: Json, snapshot: Snapshot, answer: Answer) -> str | None:
    """Return both answers if they differ; 1, 1.0 and true are different values."""
    ours, theirs = as_published(answer(snapshot, context)), expected(config, context)
    texts = [json.dumps(one, sort_keys=True) for one in (ours, theirs)]
    if texts[0] == texts[1]:
        return None
    return f"engine {texts[0]}\noracle {texts[1]}\n{json.dumps(config)}\n{json.dumps(context)}"


def _single(snapshot: Snapshot, context: Json) -> Resolution:
    complete = context["properties_complete"]
    return evaluate_flag(
        snapshot, "f", context["identifier"], context["properties"], complete=complete
    )


def _interpreted(snapshot: Snapshot, context: Json) -> Resolution:
    complete = context["properties_complete"]
    return explain(
        snapshot, "f", context["identifier"], context["properties"], complete=complete
    ).resolution


def main() -> int:
    """Draw and compare until the first difference."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started, counts = time.perf_counter(), Counter[str]()
    for config, contexts in drawn(options.seed, options.draws // CALLS):
        snapshots: dict[bool, Snapshot] = {}
        for context in contexts:
            explicit = context["explicit_exact_matching"]
            if explicit not in snapshots:
                snapshots[explicit] = Snapshot.parse(json.dumps(document(config, context)))
            for answer in (_single, _interpreted):
                found = difference(config, context, snapshots[explicit], answer)
                if found is not None:
                    print(found)
                    return 1
            outcome = expected(config, context)
            counts[outcome.get("reason") or outcome["error"]] += 1
    print(f"{counts.total()} equal in {time.perf_counter() - started:.0f} s:", dict(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
