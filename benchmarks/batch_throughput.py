"""The throughput of a table, compared with loops over posthog and over the scalar engine.

    python -m benchmarks.batch_throughput [--rows 1000000] [--sample 2000] [--rounds 3]

The loops run over the first persons of the same table, as dicts without nulls that are made before
the timing. The answers are compared before the timing.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.batch_people import NOW, document, people, person_flags
from flagengine import Snapshot, evaluate
from flagengine.batch import evaluate_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

Person = dict[str, Any]


def dicts(table: pa.Table) -> list[Person]:
    """Return the rows as dicts, the form in which callers have persons."""
    return [{k: v for k, v in row.items() if v is not None} for row in table.to_pylist()]


def by_posthog(flags: list[str], persons: list[Person]) -> list[list[Any]]:
    """Evaluate every flag for every person with posthog's local evaluator, without its client."""
    from posthog.feature_flags import (  # noqa: PLC0415 (takes 174 ms, and is optional)
        InconclusiveMatchError,
        match_feature_flag_properties,
    )

    definitions = document()
    cohorts, by_key = definitions["cohorts"], {flag["key"]: flag for flag in definitions["flags"]}

    def answer(key: str, person: Person, cache: dict[str, Any]) -> Any:
        if not by_key[key]["active"]:  # as its client does
            return False
        try:
            return match_feature_flag_properties(
                by_key[key],
                person["distinct_id"],
                person,
                cohort_properties=cohorts,
                flags_by_key=by_key,
                evaluation_cache=cache,
                bucketing_value=person["distinct_id"],
            )
        except InconclusiveMatchError:
            return None

    found = []
    for person in persons:
        cache: dict[str, Any] = {}  # a cache per person, as in its client
        found.append([answer(key, person, cache) for key in flags])
    return found


def by_loop(snapshot: Snapshot, flags: list[str], persons: list[Person]) -> list[list[Any]]:
    """Evaluate every flag for every person with the scalar engine."""
    found = []
    for person in persons:
        answers = evaluate(snapshot, person["distinct_id"], person, flag_keys=flags, now=NOW)
        found.append([answer.value for answer in answers.values()])
    return found


def by_table(snapshot: Snapshot, flags: list[str], table: pa.Table, threads: int | None) -> Any:
    """Evaluate every flag for all persons at once."""
    result = evaluate_table(snapshot, table, flag_keys=flags, now=NOW, carry=[], threads=threads)
    return result.read_all()


def seconds(work: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def compare(table: list[list[Any]], other: list[list[Any]], name: str) -> None:
    """Print how many answers of another evaluator equal those of the table."""
    pairs = [
        (mine, theirs)
        for row, others in zip(table, other, strict=True)
        for mine, theirs in zip(row, others, strict=True)
    ]
    same = sum(mine == theirs for mine, theirs in pairs)
    deferred = sum(theirs is None and mine is not None for mine, theirs in pairs)
    print(f"{name}: {same} of {len(pairs)} answers are the same, {deferred} it defers")


def values(table: pa.Table) -> list[list[Any]]:
    """Return rows of values, with the texts "true" and "false" as booleans."""
    plain = {"true": True, "false": False}
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return [
        [plain.get(cell, cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    snapshot, flags = Snapshot.parse(document()), person_flags()
    table = people(options.rows)
    sample = dicts(table.slice(0, options.sample))
    answers = values(by_table(snapshot, flags, table.slice(0, options.sample), 1))
    compare(answers, by_loop(snapshot, flags, sample), "scalar engine")
    compare(answers, by_posthog(flags, sample), "posthog 7.91.1")
    candidates: dict[str, tuple[Callable[[], Any], int]] = {
        "table, 1 thread": (lambda: by_table(snapshot, flags, table, 1), options.rows),
        "table": (lambda: by_table(snapshot, flags, table, None), options.rows),
        "scalar loop": (lambda: by_loop(snapshot, flags, sample), options.sample),
        "posthog loop": (lambda: by_posthog(flags, sample), options.sample),
    }
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(options.rounds):
        for name, (work, rows) in candidates.items():
            taken[name].append(seconds(work) / rows * 1e6)
    base = median(taken["table"])
    print(f"\n{options.rows:,} people x {len(flags)} flags, microseconds per person:")
    for name, samples in taken.items():
        print(f"{name:16} {median(samples):9.3f}  {median(samples) / base:7.1f} times the table")


if __name__ == "__main__":
    main()
