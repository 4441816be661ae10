"""The cohort that a filter names (SPEC R10.1)."""

import re
from typing import Final

from flagengine.definitions.model import Filter
from flagengine.definitions.reading import is_integer

__all__ = ["named_cohort"]

_DIGITS: Final = "([+-]?)0*([0-9]{1,10})"
_GREATEST: Final = 2**31


def named_cohort(leaf: Filter) -> str | None:
    """Return the id that a cohort filter names, as a key of ``cohorts``; None for no id."""
    value = leaf.value
    if isinstance(value, str) and (written := re.fullmatch(_DIGITS, value)):
        value = int("".join(written.groups()))
    if not is_integer(value) or not -_GREATEST <= value < _GREATEST:
        return None
    return str(value)
