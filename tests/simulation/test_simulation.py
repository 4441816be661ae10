"""A thousand seeds are clean, a seed is the same run everywhere, and planted bugs are found."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from .mutants import MUTANTS
from .shrink import shrink
from .simulation import Simulation

ROOT = Path(__file__).resolve().parents[2]
SEEDS = 1000
PARTS = 10
# Bugs of different kinds.
PLANTED = (
    "jitter-shortens-the-wait",
    "lost-connection-is-a-success",
    "wake-up-is-lost",
    "worker-spins",
    "acknowledgement-is-lost",
)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_breaks_an_invariant(part: int) -> None:
    for seed in range(part, SEEDS, PARTS):
        outcome = Simulation(seed).run()
        assert outcome.violation is None, f"python -m tests.simulation --seed {seed} --trace"
        if outcome.seed % 200 == part:
            gc.collect()


def test_a_seed_gives_the_same_run_on_greenlets_and_on_threads() -> None:
    for seed in range(30):
        on_threads = Simulation(seed, on_threads=True).run()
        assert on_threads.digest == Simulation(seed).run().digest


def test_a_seed_gives_the_same_run_in_another_process() -> None:
    code = "from tests.simulation.simulation import Simulation\n"
    code += "print([Simulation(seed).run().digest for seed in range(20)])"
    environment = {"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str([Simulation(seed).run().digest for seed in range(20)])


@pytest.mark.parametrize("name", PLANTED)
def test_the_simulation_finds_a_planted_bug(name: str) -> None:
    command = [sys.executable, "-m", "tests.simulation.mutants", "--run", name, "--seeds", "200"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("name", MUTANTS)
def test_each_planted_bug_has_its_place_in_the_code(name: str) -> None:
    mutant = MUTANTS[name]
    compile(mutant.source(), mutant.file, "exec")


def test_a_failing_plan_is_cut_to_the_steps_that_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "flagengine.transports.retry.RetryPolicy.is_exhausted", lambda self, attempts: False
    )
    found = next(o for o in (Simulation(seed).run() for seed in range(100)) if o.violation)
    shortest = shrink(found)
    assert shortest.violation.rule == found.violation.rule
    assert len(shortest.steps) < len(found.steps)
