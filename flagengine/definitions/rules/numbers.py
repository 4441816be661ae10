"""Numbers of format 2 as they are written: percentages have two decimals (SPEC R20.2)."""

import math
from typing import Any, Final

from flagengine.definitions.issues import IssueCode
from flagengine.definitions.reading import is_number, shown
from flagengine.definitions.rules.notes import Members

__all__ = ["decimal", "hundredths", "is_whole", "percentage", "written"]

_HUGE: Final = 10**9
"""The power of ten that replaces one with more digits; no binary64 number comes near it."""


def is_whole(value: Any) -> bool:
    """Tell whether a JSON value is an integer, however it is written: 2, 2.0 or 2e0."""
    return is_number(value) and (isinstance(value, int) or value == math.floor(value))


def percentage(members: Members, name: str) -> float | None:
    """Return a number from 0 to 100 that is written with at most two decimals."""
    value = members.read(name, is_number, "a number from 0 to 100")
    if value is None:
        return None
    if not 0 <= value <= 100:
        message = f"must be a number from 0 to 100, got {shown(value)}"
        members.refuse(IssueCode.OUT_OF_RANGE, name, message)
        return None
    if hundredths(written(members, name)) is None:
        message = f"must have at most two decimals, got {written(members, name)[:60]}"
        members.refuse(IssueCode.OUT_OF_RANGE, name, message)
        return None
    return float(value) + 0.0  # -0.0 is 0.0


def written(members: Members, name: str) -> str:
    """Return a number as the document's text has it, if that is another number than its value."""
    return members.notes.lost.get(members.at(name)) or repr(members.source[name])


def hundredths(written: str) -> int | None:
    """Return a number from 0 to 100 in hundredths; None if it has more than two decimals.

    >>> hundredths("33.330"), hundredths("3333e-2"), hundredths("33.333")
    (3333, 3333, None)
    """
    digits, power = decimal(written)
    return int(digits or "0") * 10 ** (power + 2) if power >= -2 else None


def decimal(written: str) -> tuple[str, int]:
    """Return the significant digits of a number's text, and the power of ten to multiply them by.

    Two texts of one number give the same; zero gives no digits. The sign does not count.
    """
    mantissa, _, exponent = written.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return "", 0
    return significant, _power(exponent) - len(fraction) + len(digits) - len(significant)


def _power(exponent: str) -> int:
    digits = exponent.lstrip("+-").lstrip("0") or "0"
    power = int(digits) if len(digits) < len(str(_HUGE)) else _HUGE
    return -power if exponent.startswith("-") else power
