"""The impact of a new snapshot on a population: who changes, from what to what, and why."""

from flagengine.batch.impact.causes import cause_of
from flagengine.batch.impact.measure import measure_impact
from flagengine.batch.impact.results import FlagImpact, Impact, Transition
from flagengine.batch.impact.sampling import Sample, margin

__all__ = [
    "FlagImpact",
    "Impact",
    "Sample",
    "Transition",
    "cause_of",
    "margin",
    "measure_impact",
]
