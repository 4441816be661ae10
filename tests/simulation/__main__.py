"""The command line: see the package's docstring."""

import argparse
import ast
import gc
import sys
import time

from .mutants import MUTANTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds to run")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="run this seed alone")
    parser.add_argument("--steps", help="carry out only these steps, as a failure prints them")
    parser.add_argument("--trace", action="store_true", help="print what happens")
    parser.add_argument("--failures", type=int, default=5, help="stop after so many failures")
    parser.add_argument("--unshrunk", action="store_true", help="do not look for the shortest plan")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), metavar="NAME", help="plant this bug")
    parser.add_argument(
        "--set", action="append", default=[], help="NAME=VALUE of the configuration"
    )
    given = parser.parse_args()
    given.fixed = {
        name: _value(value) for name, _, value in (each.partition("=") for each in given.set)
    }
    if given.mutant is not None:
        MUTANTS[given.mutant].plant()
    gc.disable()
    if given.seed is not None:
        return _replay(given)
    return _search(given)


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _replay(given: argparse.Namespace) -> int:
    from .simulation import Simulation  # noqa: PLC0415 - after a bug may have been planted

    only = (
        None
        if given.steps is None
        else {int(number) for number in given.steps.split(",") if number}
    )
    outcome = Simulation(given.seed, only, fixed=given.fixed, keeps_trace=given.trace).run()
    for line in outcome.trace:
        print(line)
    print("digest", outcome.digest)
    if outcome.violation is not None:
        print(outcome.violation)
    return outcome.violation is not None


def _search(given: argparse.Namespace) -> int:
    from .shrink import shrink  # noqa: PLC0415 - as above
    from .simulation import Simulation  # noqa: PLC0415 - as above

    settings = "".join(f" --set {each}" for each in given.set)
    settings += f" --mutant {given.mutant}" if given.mutant else ""
    began, failures, digests = time.perf_counter(), 0, 0
    for seed in range(given.first, given.first + given.seeds):
        outcome = Simulation(seed, fixed=given.fixed).run()
        digests ^= int(outcome.digest, 16)
        if seed % 100 == 0:
            gc.collect()
        if outcome.violation is not None:
            failures += 1
            shortest = outcome if given.unshrunk else shrink(outcome, given.fixed)
            steps = ",".join(map(str, shortest.steps))
            print(f"seed {seed}: {outcome.violation}")
            print(
                f"    python -m tests.simulation --seed {seed} --steps '{steps}' --trace{settings}",
                flush=True,
            )
            if failures == given.failures:
                break
    seconds = time.perf_counter() - began
    count = seed - given.first + 1
    print(f"{count} seeds in {seconds:.1f} s, {count / seconds:.0f} a second; {failures} failures")
    print(f"digest of all runs: {digests:032x}")
    return failures > 0


sys.exit(main())
