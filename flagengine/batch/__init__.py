"""Flags for whole tables: millions of people in one call, with the answers of ``evaluate``.

EDGE: start threads, and read the clock once per call. This package needs the extra ``batch``
(pyarrow, numpy); only the command line imports it. :mod:`flagengine.batch.plots` draws the results.
"""

from flagengine.extras import extra_for

with extra_for("flagengine.batch"):
    from flagengine.batch.evaluation import Stats, TableEvaluation
    from flagengine.batch.impact.diff import diff
    from flagengine.batch.impact.page import impact_page
    from flagengine.batch.impact.ramp import Ramp, Step
    from flagengine.batch.impact.results import FlagImpact, Impact, Transition
    from flagengine.batch.impact.sampling import Sample
    from flagengine.batch.impact.what_if import what_if
    from flagengine.batch.people import PeopleOptions
    from flagengine.batch.statistics.balance import balance
    from flagengine.batch.statistics.balance_results import Balance, BalanceTest, FlagBalance, Pair
    from flagengine.batch.statistics.exposure_stream import ExposureStream, exposures
    from flagengine.batch.statistics.overlaps import Overlaps, overlaps
    from flagengine.batch.table import evaluate_table
    from flagengine.columnar.errors import TableError

__all__ = [
    "Balance",
    "BalanceTest",
    "ExposureStream",
    "FlagBalance",
    "FlagImpact",
    "Impact",
    "Overlaps",
    "Pair",
    "PeopleOptions",
    "Ramp",
    "Sample",
    "Stats",
    "Step",
    "TableError",
    "TableEvaluation",
    "Transition",
    "balance",
    "diff",
    "evaluate_table",
    "exposures",
    "impact_page",
    "overlaps",
    "what_if",
]
