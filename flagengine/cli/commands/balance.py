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
    from flagengine.batch import Balance, BalanceTest, FlagBalance
    from flagengine.snapshot import Snapshot

__all__ = ["command"]

_BARS: Final = "▁▂▃▄▅▆▇█"


@click.command(epilog=f"{EXIT_CODES} Findings: a test with p below 0.001, or correlated flags.")
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
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    if fail and (found.unlikely() or found.pairs()):
        raise SystemExit(1)


def _measured(
    snapshot: "Snapshot", table: str, people: Population, keys: tuple[str, ...], *, quiet: bool
) -> "Balance":
    from flagengine.batch import balance  # noqa: PLC0415 (an extra)
    from flagengine.cli.tables import opened, shown_people, troubles  # noqa: PLC0415 (an extra)

    file = opened(table, people)
    with troubles(table):
        rows = shown_people(file, quiet=quiet)
        return balance(snapshot, rows, flag_keys=keys or None, **people.arguments)


def _print(found: "Balance") -> None:
    rows: list[Any] = []
    for flag in found.flags.values():
        for place, test in enumerate(flag.tests()):
            p = f"{test.p:.3g}"
            mark = (f"{p} unlikely", "red") if test.is_unlikely else p
            drawing = _shares(test) if test.wanted else _plot(flag)
            rows.append((flag.key if place == 0 else "", test.name, drawing, mark))
    print_lines(
        [f"{found.rows:,} people with a distinct id; {len(found.flags)} flags hash distinct ids"]
    )
    print_table(("flag", "test", "expected and observed", "p"), rows)
    if found.left_out:
        print_lines([f"flags of format 2 are left out: {', '.join(found.left_out)}"])
    for pair in found.pairs()[:20]:
        print_lines([f"{pair.left} and {pair.right} are correlated: {pair.correlation:+.4f}"])


def _plot(flag: "FlagBalance") -> str:
    """Draw each bin as a bar; the height is its distance from the mean in standard deviations."""
    mean = flag.rows / len(flag.bins)
    deviation = max(mean**0.5, 1e-9)
    levels = [round((count - mean) / deviation + 3.5) for count in flag.bins.tolist()]
    return "".join(_BARS[min(max(level, 0), len(_BARS) - 1)] for level in levels)


def _shares(test: "BalanceTest") -> str:
    found = test.shares()
    return ", ".join(f"{part} {share:.2%} {found[part]:.2%}" for part, share in test.wanted.items())
