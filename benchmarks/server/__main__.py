"""The server under load, beside other products' servers, on two cores.

`python -m benchmarks.server [--quick] [--rivals FOLDER] [--only NAMES] [--out FILE]`. The server has the first
core, and wrk the second. Exit code 1 if a server answers with errors, or wrk is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.results import describe_machine
from benchmarks.server.contender import AbsentError
from benchmarks.server.contenders import CONTENDERS
from benchmarks.server.load import NoGeneratorError
from benchmarks.server.measuring import WrongAnswerError, bench
from benchmarks.server.process import StartError
from benchmarks.server.report import Target, published, side_by_side, targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.server.contender import Contender
    from benchmarks.server.measuring import Bench, Speed

__all__ = ["main"]

_LOADS = {350: 2_500.0, 5: 8_000.0}
_AIMS = {350: 6_900.0, 5: 20_000.0}
_UNCHANGED = 10_000.0
_MOST_MS = 10.0
_FLAGS, _CONNECTIONS, _MOST_MIB = 1_000, 10_000, 300.0
_EVENTS = 20_000.0
_SLOWER = 0.1
"""At most so much of the wanted load is asked of the rivals: most would fail at half of it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.server",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a look, not for quoting")
    parser.add_argument(
        "--rivals", type=Path, default=Path(), help="where the rivals are installed"
    )
    names = [each.name for each in CONTENDERS]
    parser.add_argument("--only", default=",".join(names), help="servers, comma-separated")
    parser.add_argument("--out", type=Path, help="a file for the tables as well")
    options = parser.parse_args(arguments)
    chosen = [each for each in CONTENDERS if each.name in options.only.split(",")]
    try:
        with bench(options.rivals.absolute(), 2.0 if options.quick else 10.0) as measured:
            speeds = {count: _all(measured, chosen, count) for count in _LOADS}
            text = _report(measured, speeds, connections=1_000 if options.quick else _CONNECTIONS)
    except (NoGeneratorError, WrongAnswerError) as error:
        print(f"server: failed, {error}")
        return 1
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")
    failed = any(
        isinstance(found, str) and name.startswith("flagengine")
        for each in speeds.values()
        for name, found in each.items()
    )
    return 1 if failed else 0


def _report(
    measured: Bench, speeds: Mapping[int, Mapping[str, Speed | str]], connections: int
) -> str:
    unchanged = measured.unchanged(_UNCHANGED)
    memory = measured.memory(_FLAGS, connections)
    events = measured.events()
    found: list[Target] = []
    for count, must in _LOADS.items():
        for name in ("flagengine", "flagengine-ofrep"):
            speed = speeds[count].get(name)
            if speed is None or isinstance(speed, str):
                continue
            title = f"{_title(name)}, {count} flags"
            found.append(Target(title, must, speed.per_second, _AIMS[count]))
            found.append(_p99(title, speed))
    found.append(Target("definitions with ETag, 304", _UNCHANGED, unchanged.per_second))
    found.append(_p99("definitions with ETag", unchanged))
    title = f"memory with {_FLAGS:,} flags, {connections:,} connections"
    found.append(Target(title, _MOST_MIB, memory, unit="MiB", most=True))
    title = f"events in, kept and passed on; per s of the processor {events.per_cpu_second:,.0f}"
    found.append(Target(title, _EVENTS, events.per_second))
    tables = [
        side_by_side(count, {_title(name): speed for name, speed in each.items()})
        for count, each in speeds.items()
    ]
    return "\n".join([_machine(), targets(found), *tables, published()])


def _all(measured: Bench, chosen: Sequence[Contender], count: int) -> dict[str, Speed | str]:
    found: dict[str, Speed | str] = {}
    for contender in chosen:
        is_ours = contender.name.startswith(("flagengine", "hello"))
        wanted = _LOADS[count] if is_ours else _LOADS[count] * _SLOWER
        try:
            found[contender.name] = measured.speed(contender, count, wanted)
        except (AbsentError, StartError, WrongAnswerError) as reason:
            found[contender.name] = f"absent: {reason}"
        print(f"{contender.name}, {count} flags: measured", file=sys.stderr)
    return found


def _p99(title: str, speed: Speed) -> Target:
    rate = f"{title}, p99 at {speed.at_half.per_second:,.0f} requests/s"
    return Target(rate, _MOST_MS, speed.at_half.p99, unit="ms", most=True)


def _title(name: str) -> str:
    return next(each.title for each in CONTENDERS if each.name == name)


def _machine() -> str:
    meta = describe_machine()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{meta.get('processor')}, {meta.get('cores')} cores, {meta.get('python')}; commit"
        f" {meta.get('commit')}, {meta.get('taken')}; load at the end {load}.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
