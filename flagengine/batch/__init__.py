"""Flags for whole tables: millions of people in one call, with the answers of ``evaluate``.

EDGE: needs the extra ``batch`` (pyarrow, numpy), starts threads, reads the clock once per call.
Nothing else in the package imports this.
"""

from flagengine.batch.evaluation import Stats, TableEvaluation
from flagengine.batch.table import evaluate_table
from flagengine.columnar.errors import TableError

__all__ = ["Stats", "TableError", "TableEvaluation", "evaluate_table"]
