"""Flags for whole tables: millions of people in one call, with the answers of ``evaluate``.

EDGE: start threads, and read the clock once per call. This package needs the extra ``batch``
(pyarrow, numpy); only the command line imports it.
"""

from flagengine.extras import extra_for

with extra_for("flagengine.batch"):
    from flagengine.batch.evaluation import Stats, TableEvaluation
    from flagengine.batch.table import evaluate_table
    from flagengine.columnar.errors import TableError

__all__ = ["Stats", "TableError", "TableEvaluation", "evaluate_table"]
