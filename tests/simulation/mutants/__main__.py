"""The command line: see the package's docstring."""

import argparse
import gc
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from . import MUTANTS
from .mutant import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many seeds to try for each")
    parser.add_argument("--only", help="mutants by name, separated by commas")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        return _hunt(given.run, given.seeds)
    names = given.only.split(",") if given.only else list(MUTANTS)
    began = time.perf_counter()
    with ThreadPoolExecutor(given.jobs) as pool:
        found = sum(pool.map(lambda name: _in_process(name, given.seeds), names))
    share = found / len(names)
    print(f"{found} of {len(names)} found ({share:.0%}) in {time.perf_counter() - began:.0f} s")
    return share < 0.95


def _in_process(name: str, seeds: int) -> bool:
    command = [
        sys.executable,
        "-m",
        "tests.simulation.mutants",
        "--run",
        name,
        "--seeds",
        str(seeds),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    print(f"{name:40} {(done.stdout or done.stderr).strip().splitlines()[-1]}", flush=True)
    return done.returncode == 1


def _hunt(name: str, seeds: int) -> int:
    MUTANTS[name].plant()
    from tests.simulation.simulation import Simulation  # noqa: PLC0415 - after the bug is planted

    gc.disable()
    for seed in range(seeds):
        violation = Simulation(seed).run().violation
        if violation is not None:
            print(f"seed {seed:5}: {violation}")
            return 1
        if seed % 100 == 0:
            gc.collect()
    print(f"NOT FOUND in {seeds} seeds")
    return 2


sys.exit(main())
