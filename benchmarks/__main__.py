"""The command line: `python -m benchmarks run | growth | report FILE… | compare OLD NEW | list`.

`requirements` prints the pinned rivals, so that each can be installed separately: a rival that cannot
be installed is then an absent row and does not stop the installation.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import (
    growth,
    results,
    tables,
    w1_boolean,
    w2_variants,
    w3_many_flags,
    w4_cohort,
    w5_threads,
    w6_load,
    w7_special_paths,
    w8_import,
    w9_one_answer,
    w10_client,
    w11_idle,
    w12_poll,
    w13_column,
    w14_tables,
)
from benchmarks.rivals.catalogue import CANDIDATES, find
from benchmarks.session import Session, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

_ROOT = Path(__file__).parent.parent
_RESULTS = Path(__file__).parent / "results"
QUESTIONS: dict[str, Callable[[Session], None]] = {
    "w1": w1_boolean.run,
    "w2": w2_variants.run,
    "w3": w3_many_flags.run,
    "w4": w4_cohort.run,
    "w5": w5_threads.run,
    "w6": w6_load.run,
    "w7": w7_special_paths.run,
    "w8": w8_import.run,
    "w9": w9_one_answer.run,
    "w10": w10_client.run,
    "w11": w11_idle.run,
    "w12": w12_poll.run,
    "w13": w13_column.run,
    "w14": w14_tables.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 1 if an engine answered wrongly or died, 2 for wrong usage, else 0."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0].startswith("--") and given[0] != "--help"):
        given.insert(0, "run")
    options = _parser().parse_args(given)
    code: int = options.command(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, command in (("run", _run), ("growth", _growth)):
        measuring = commands.add_parser(name)
        measuring.add_argument("--quick", action="store_true", help="a look, not for quoting")
        measuring.add_argument("--candidates", type=_names, help="comma-separated; see `list`")
        measuring.add_argument("--out", type=Path, help="where the JSON goes")
        measuring.set_defaults(command=command, name=name)
        if name == "run":
            measuring.add_argument("--only", type=_questions, default=tuple(QUESTIONS))
    reporting = commands.add_parser("report")
    reporting.add_argument("file", type=Path, nargs="+", help="the files of a run, merged")
    reporting.set_defaults(command=_report)
    comparing = commands.add_parser("compare")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.set_defaults(command=_compare)
    commands.add_parser("list").set_defaults(command=_list)
    commands.add_parser("requirements").set_defaults(command=_requirements)
    return parser


def _names(text: str) -> tuple[str, ...]:
    try:
        return tuple(find(name).name for name in text.split(","))
    except KeyError as error:
        raise argparse.ArgumentTypeError(error.args[0]) from error


def _questions(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := [name for name in chosen if name not in QUESTIONS]:
        message = f"no such workload: {', '.join(unknown)}; there are {', '.join(QUESTIONS)}"
        raise argparse.ArgumentTypeError(message)
    return chosen


def _settings(options: argparse.Namespace) -> Settings:
    candidates = options.candidates or tuple(candidate.name for candidate in CANDIDATES)
    return Settings.quickly(candidates) if options.quick else Settings(candidates)


def _target(options: argparse.Namespace) -> Path:
    """Return the path of the results; git ignores that of quick results, which are less exact."""
    folder = _RESULTS / "quick" if options.quick else _RESULTS
    given: Path | None = options.out
    return given or folder / f"{options.name}.json"


def _run(options: argparse.Namespace) -> int:
    with Session(_settings(options)) as session:
        for question in options.only:
            QUESTIONS[question](session)
    results.save(session.results, _target(options))
    print(tables.report(session.results))
    return _verdict(session)


def _growth(options: argparse.Namespace) -> int:
    with Session(_settings(options)) as session:
        growth.run(session)
    results.save(session.results, _target(options))
    print(growth.summary(session.results))
    _draw(session.results, _target(options).parent)
    return _verdict(session)


def _draw(found: results.Results, folder: Path) -> None:
    try:
        pictures = growth.plot(found, folder)
    except ImportError as error:
        print(f"no plots: {error}", file=sys.stderr)
    else:
        print("\n".join(str(picture) for picture in pictures), file=sys.stderr)


def _verdict(session: Session) -> int:
    return 1 if any(absence.wrong for absence in session.results.absences) else 0


def _report(options: argparse.Namespace) -> int:
    found = results.merged([results.load(file) for file in options.file])
    of_growth = any("/" in workload for workload in found.workloads())
    print(growth.summary(found) if of_growth else tables.report(found))
    return 0


def _compare(options: argparse.Namespace) -> int:
    print(tables.compare(results.load(options.old), results.load(options.new)))
    return 0


def _requirements(options: argparse.Namespace) -> int:
    del options
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    print("\n".join(project["dependency-groups"]["bench-rivals"]))
    return 0


def _list(options: argparse.Namespace) -> int:
    del options
    for name, question in QUESTIONS.items():
        doc = sys.modules[question.__module__].__doc__ or ""
        print(f"{name:24}{doc.splitlines()[0]}")
    for candidate in CANDIDATES:
        print(f"{candidate.name:24}{candidate.title} {candidate.version} ({candidate.engine})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
