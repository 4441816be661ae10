"""Breaks the code in many places and lists the changes that no test notices.

    python -m tests.mutation [--count 400] [--seed 1] [--jobs 2] [--areas plan,compiled]

It fails if fewer than 95 % of the mutants are killed. ``equivalents.json`` lists mutants that behave
like the original, with the reason; they do not count.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue

from tests.mutation.areas import AREAS, ROOT
from tests.mutation.mutants import Mutant, is_python, named, sampled
from tests.mutation.report import report, score
from tests.mutation.runner import Runner
from tests.mutation.trial import Trial, copied_tree, passing_seconds, tried

LEAST = 95.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=400, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--areas", default=",".join(AREAS), help="of which areas")
    parser.add_argument("--only", help="all mutants with this in their name, instead of a sample")
    return parser.parse_args()


def _trials(mutants: list[Mutant], jobs: int) -> Iterator[Trial]:
    runners: SimpleQueue[Runner] = SimpleQueue()
    for number in range(jobs):
        runners.put(Runner(copied_tree(str(number))))
    with ThreadPoolExecutor(jobs) as pool:

        def submit(function, *args):
            def with_a_runner():
                runner = runners.get()
                try:
                    return function(*args, runner)
                finally:
                    runners.put(runner)

            return pool.submit(with_a_runner)

        stages = dict.fromkeys(stage for mutant in mutants for stage in AREAS[mutant.area].stages)
        passing = {stage: submit(passing_seconds, stage) for stage in stages}
        seconds = {stage: future.result() for stage, future in passing.items()}
        running = [submit(tried, mutant, seconds) for mutant in mutants]
        for done in as_completed(running):
            yield done.result()


def main() -> int:
    arguments = _arguments()
    areas = arguments.areas.split(",")
    if arguments.only:
        mutants = [mutant for mutant in named(arguments.only, areas) if is_python(mutant)]
    else:
        mutants = sampled(arguments.count, arguments.seed, areas)
    trials = []
    for trial in _trials(mutants, arguments.jobs):
        trials.append(trial)
        place = f"{len(trials)}/{len(mutants)}"
        print(
            f"{place:8} {trial.outcome:26} {trial.seconds:5.0f} s  {trial.mutant.name}", flush=True
        )
    lines = list(report(trials))
    (ROOT / ".mutants" / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return score(trials) < LEAST


if __name__ == "__main__":
    raise SystemExit(main())
