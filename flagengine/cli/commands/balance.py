"""``flagengine balance``: whether the buckets of a population fit the shares."""

from typing import TYPE_CHECKING, Any, Final

import click

from flagengine.cli import options
from flagengine.cli.completion import files
from flagengine.cli.output import print_json, print_lines, print_table
from flagengine.cli.population import Population, needs, population
from flagengine.cli.reading import read_snapshot, shown_name
from flagengine.cli.trouble import EXIT_CODES, check_keys

if TYPE_CHECKING:
    from flagengine.batch.statistics.balance import Balance, FlagBalance
    from flagengine.batch.statistics.chi_square import Fit
    from flagengine.snapshot import Snapshot

__all__ = ["command"]

_ALARMING: Final = 0.001
"""The p below which a result is a finding; chance gives one such result in a thousand tests."""

_BARS: Final = "▁▂▃▄▅▆▇█"


@click.command(
    epilog=f"{EXIT_CODES} Findings: a test with p below {_ALARMING}, or correlated flags."
)
@click.argument("source", metavar="DEFINITIONS", shell_complete=files)
@click.argument("table", metavar="POPULATION", shell_complete=files)
@population
@options.flags
@click.option("--fail", is_flag=True, help="Exit with 1 if there are findings.")
@click.option("--quiet", is_flag=True, help="Print no progress bar.")
@options.as_json
def command(
    *,
    source: str,
    table: str,
    people: Population,
    keys: tuple[str, ...],
    fail: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Check how a population falls into buckets.

    For each flag that hashes distinct ids, test whether the buckets are even, whether rollouts
    and variants get their shares, whether the variants given fit their weights (if not, there is
    a sample ratio mismatch), and whether the buckets of two flags are correlated. Flags of format
    2 are left out, because each of their rules has a hash of its own.

    \b
    flagengine balance definitions.json people.parquet
    """  # noqa: D301 (click keeps the lines after it as they are)
    needs("batch")
    snapshot = read_snapshot(source)
    check_keys(shown_name(source), keys, snapshot.keys)
    found = _measured(snapshot, table, people, keys, quiet=quiet)
    tests = [test for flag in found.flags.values() for test in _tests(flag)]
    if as_json:
        print_json(_as_dict(found))
    else:
        flags = snapshot.flags
        _print(found, [key for key in keys or flags if flags[key].config_version == 2])
    alarming = [test for test in tests if test["p"] < _ALARMING]
    if fail and (alarming or found.pairs()):
        raise SystemExit(1)


def _measured(
    snapshot: "Snapshot", table: str, people: Population, keys: tuple[str, ...], *, quiet: bool
) -> "Balance":
    from flagengine.batch.statistics.balance import measure_balance  # noqa: PLC0415 (an extra)
    from flagengine.cli.tables import engine_for, opened, shown_rows, troubles  # noqa: PLC0415

    file = opened(table, people)
    with troubles(table):
        engine = engine_for(snapshot, file.batches.schema, people, keys or None)
        batches = shown_rows(file.batches.sized(people.batch_rows), file.rows, quiet=quiet)
        return measure_balance(engine, batches, people.workers)


def _tests(flag: "FlagBalance") -> list[dict[str, Any]]:
    """Return the tests of one flag: name, expected and observed shares, and the fit."""
    if not flag.rows:
        return []
    found = [_test(flag, "buckets", None, None, flag.spread)]
    for percentage, inside in flag.inside.items():
        name = f"rollout {percentage:g} %"
        fit = flag.rollout(percentage)
        found.append(_test(flag, name, {"in": percentage / 100}, {"in": inside / flag.rows}, fit))
    if flag.plan.variants:
        for name, counts in (("draw", flag.drawn), ("given", flag.given)):
            total = counts.total()
            if total:
                shares = {key: counts[key] / total for key in flag.shares()}
                found.append(_test(flag, name, flag.shares(), shares, flag.fit(counts)))
    return found


def _test(flag: "FlagBalance", name: str, wanted: Any, found: Any, fit: "Fit") -> dict[str, Any]:
    return {
        "flag": flag.plan.key,
        "test": name,
        "wanted": wanted,
        "found": found,
        "chi_square": fit.statistic,
        "freedom": fit.freedom,
        "p": fit.p,
    }


def _as_dict(found: "Balance") -> dict[str, Any]:
    return {
        "people": found.rows,
        "flags": {
            key: {"bins": flag.bins.tolist(), "tests": _tests(flag)}
            for key, flag in found.flags.items()
        },
        "pairs": [
            {"left": pair.left, "right": pair.right, "correlation": pair.correlation}
            for pair in found.pairs()
        ],
    }


def _print(found: "Balance", left_out: list[str]) -> None:
    rows: list[Any] = []
    for flag in found.flags.values():
        for place, test in enumerate(_tests(flag)):
            p = f"{test['p']:.3g}"
            mark = (f"{p} unlikely", "red") if test["p"] < _ALARMING else p
            drawing = _plot(flag) if test["wanted"] is None else _shares(test)
            rows.append((flag.plan.key if place == 0 else "", test["test"], drawing, mark))
    print_lines(
        [f"{found.rows:,} people with a distinct id; {len(found.flags)} flags hash distinct ids"]
    )
    print_table(("flag", "test", "expected and observed", "p"), rows)
    if left_out:
        print_lines([f"flags of format 2 are left out: {', '.join(left_out)}"])
    for pair in found.pairs()[:20]:
        print_lines([f"{pair.left} and {pair.right} are correlated: {pair.correlation:+.4f}"])


def _plot(flag: "FlagBalance") -> str:
    """Draw each bin as a bar; the height is its distance from the mean in standard deviations."""
    mean = flag.rows / len(flag.bins)
    deviation = max(mean**0.5, 1e-9)
    levels = [round((count - mean) / deviation + 3.5) for count in flag.bins.tolist()]
    return "".join(_BARS[min(max(level, 0), len(_BARS) - 1)] for level in levels)


def _shares(test: dict[str, Any]) -> str:
    wanted, found = test["wanted"], test["found"]
    return ", ".join(f"{key} {share:.2%} {found[key]:.2%}" for key, share in wanted.items())
