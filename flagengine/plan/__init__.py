"""The meaning of definitions: typed nodes, and how definitions are lowered to them."""

from flagengine.plan.cohorts import cohort_may_fail, leaves, lower_cohort, references
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.lower import lower_flag
from flagengine.plan.nodes import Node

__all__ = [
    "FlagPlan",
    "Node",
    "cohort_may_fail",
    "leaves",
    "lower_cohort",
    "lower_flag",
    "references",
]
