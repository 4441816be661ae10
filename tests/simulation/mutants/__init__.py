"""Planted bugs: realistic mistakes, each a small change of the client, which the simulation must find.

    python -m tests.simulation.mutants --seeds 10000

A mutant that the simulation does not find shows what it does not look at.
"""

from .breakers import MUTANTS as BREAKERS
from .mutant import Mutant
from .polling import MUTANTS as POLLING
from .queues import MUTANTS as QUEUES
from .retries import MUTANTS as RETRIES
from .spools import MUTANTS as SPOOLS

MUTANTS: dict[str, Mutant] = {
    mutant.name: mutant for mutant in (*RETRIES, *QUEUES, *SPOOLS, *POLLING, *BREAKERS)
}
