"""Filters, which the conditions of format 1 and the rules of format 2 share (SPEC R1, R20)."""

from typing import Any

from flagengine.values.record import Record

__all__ = ["Filter"]


class Filter(Record):
    """One property, cohort or flag filter.

    ``type`` is None when it is absent. ``value`` is any JSON value; an absent or null value is
    None. ``dependency_chain`` is None when it is absent or malformed.
    """

    key: str
    type: str | None = None
    operator: str | None = None
    value: Any = None
    group_type_index: int | None = None
    negation: bool = False
    dependency_chain: tuple[str, ...] | None = None

    @property
    def refers(self) -> bool:
        """Whether the filter names cohorts or flags."""
        return self.type in ("cohort", "flag")
