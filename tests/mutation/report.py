"""The report of the trials: the score of each area, and each survivor's line before and after."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutation.trial import Outcome, Trial

__all__ = ["equivalent", "report", "score"]

_EQUIVALENTS = Path(__file__).with_name("equivalents.json")


def equivalent(trial: Trial) -> str | None:
    """Return the listed reason why a survivor is equivalent to the original; None if not listed."""
    before, after = trial.mutant.change()
    for known in json.loads(_EQUIVALENTS.read_text(encoding="utf-8")):
        if (known["path"], known["before"], known["after"]) == (trial.mutant.path, before, after):
            return str(known["reason"])
    return None


def _counted(trials: Sequence[Trial]) -> tuple[int, int, int]:
    """Return the numbers of killed, surviving and equivalent mutants."""
    survivors = [trial for trial in trials if trial.outcome is Outcome.SURVIVED]
    same = sum(equivalent(trial) is not None for trial in survivors)
    return len(trials) - len(survivors), len(survivors) - same, same


def score(trials: Sequence[Trial]) -> float:
    """Return the percentage of killed mutants, without the equivalent mutants."""
    killed, survived, _ = _counted(trials)
    return 100 * killed / max(killed + survived, 1)


def report(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield the lines of the report in Markdown."""
    yield "| area | mutants | killed | survived | equivalent | score |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    areas = dict.fromkeys(
        trial.mutant.area for trial in sorted(trials, key=lambda trial: trial.mutant)
    )
    for area in areas:
        yield _row(area, [trial for trial in trials if trial.mutant.area == area])
    yield _row("**all**", trials)
    for outcome in (Outcome.TIMED_OUT, Outcome.NOT_STARTED):
        yield f"\n{sum(trial.outcome is outcome for trial in trials)} {outcome}"
    for trial in sorted(trials, key=lambda trial: trial.mutant):
        if trial.outcome is Outcome.SURVIVED:
            yield from _survivor(trial)


def _row(name: str, trials: Sequence[Trial]) -> str:
    killed, survived, same = _counted(trials)
    return f"| {name} | {len(trials)} | {killed} | {survived} | {same} | {score(trials):.1f} % |"


def _survivor(trial: Trial) -> Iterator[str]:
    before, after = trial.mutant.change()
    reason = equivalent(trial)
    yield f"\n{trial.mutant.name}" + (f": equivalent, {reason}" if reason else "")
    yield f"\n```diff\n- {before}\n+ {after}\n```"
