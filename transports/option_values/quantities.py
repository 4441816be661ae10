"""Readers of booleans, integers and times in seconds."""

from __future__ import annotations

import math
import operator
import threading
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from numbers import Real
from typing import Any, Final

from .messages import wrong_type, wrong_value

__all__ = ["Count", "Seconds", "read_boolean", "read_timeout"]

_TRUE: Final = frozenset({"true", "1", "yes", "on", "y", "t"})
_FALSE: Final = frozenset({"false", "0", "no", "off", "n", "f"})

# Larger numbers are mistakes, such as a number of bytes for a number of events.
MOST: Final = 2**31 - 1
# Python's locks refuse to wait longer than TIMEOUT_MAX; half of it leaves room for sums of times.
LONGEST_WAIT: Final = min(1e9, threading.TIMEOUT_MAX / 2)
# Sockets refuse a timeout of more than 2**31 milliseconds.
LONGEST_REQUEST: Final = 2e6


def read_boolean(name: str, given: Any) -> bool:
    """Return True or False; text and the numbers 0 and 1 are converted.

    >>> read_boolean("debug", "off"), read_boolean("debug", " True "), read_boolean("debug", 1)
    (False, True, True)
    """
    if isinstance(given, bool):
        return given
    must = 'True or False, or a text such as "true" or "off"'
    if isinstance(given, str):
        word = given.strip().lower()
        if word not in _TRUE | _FALSE:
            raise wrong_value(name, must, given)
        return word in _TRUE
    number = _plain(given)
    if isinstance(number, bool | int) and number in (0, 1):
        return bool(number)
    raise wrong_type(name, must, given)


@dataclass(frozen=True, slots=True)
class Count:
    """A reader of integers from ``least`` to ``most``. ``example`` is for the message.

    >>> Count(100)("flush_at", " 20 ")
    20
    >>> Count(100)("flush_at", 0)
    Traceback (most recent call last):
        ...
    ValueError: flush_at must be at least 1, got 0
    """

    example: int
    least: int = 1
    is_optional: bool = False
    most: int = MOST

    def __call__(self, name: str, given: Any) -> Any:
        """Return the integer; None if it is optional and not given."""
        if given is None and self.is_optional:
            return None
        number = self._read(name, given)
        if number < self.least:
            raise wrong_value(name, f"at least {self.least}", given)
        if number > self.most:
            raise wrong_value(name, f"at most {self.most}", given)
        return number

    def _read(self, name: str, given: Any) -> int:
        must = f"an integer such as {self.example}{' or None' if self.is_optional else ''}"
        if isinstance(given, str):
            try:
                return int(given)
            except ValueError:
                raise wrong_value(name, must, given) from None
        if isinstance(given, bool):
            raise wrong_type(name, must, given)
        try:
            return operator.index(given)
        except TypeError:
            raise wrong_type(name, must, given) from None


@dataclass(frozen=True, slots=True)
class Seconds:
    """A reader of times: numbers, also as text, and ``timedelta``. ``example`` is for the message.

    >>> Seconds(10)("request_timeout", "2.5"), Seconds(10)("request_timeout", timedelta(minutes=1))
    (2.5, 60.0)
    """

    example: float
    least: float | None = None
    """The least time; None: any time above 0."""
    most: float = LONGEST_WAIT
    is_optional: bool = False
    unit: str = "seconds"
    """What messages call the number, where it is something else that has a size."""

    def __call__(self, name: str, given: Any) -> Any:
        """Return the seconds; None if they are optional and not given."""
        if given is None and self.is_optional:
            return None
        seconds = self._read(name, given)
        if math.isnan(seconds):
            raise wrong_value(name, self._must, given)
        if self.least is None and seconds <= 0:
            raise wrong_value(name, f"greater than 0 ({self.unit})", given)
        if self.least is not None and seconds < self.least:
            raise wrong_value(name, f"at least {self.least:g} ({self.unit})", given)
        if seconds > self.most:
            raise wrong_value(name, f"at most {self.most:.0f} ({self.unit})", given)
        return seconds

    @property
    def _must(self) -> str:
        return f"a number of {self.unit} such as {self.example:g}{' or None' if self.is_optional else ''}"

    def _read(self, name: str, given: Any) -> float:
        if isinstance(given, timedelta):
            return given.total_seconds()
        is_number = isinstance(given, Real | Decimal) and not isinstance(given, bool)
        if not is_number and not isinstance(given, str):
            raise wrong_type(name, self._must, given)
        try:
            return float(given)
        except OverflowError:
            return math.inf if given > 0 else -math.inf
        except (TypeError, ValueError):
            raise wrong_value(name, self._must, given) from None


_TIMEOUT: Final = Seconds(10, least=-math.inf, most=math.inf, is_optional=True)


def read_timeout(given: Any, name: str = "timeout") -> float:
    """Return the seconds of a method's ``timeout``, as each method reads it before it does anything.

    None, infinity and whatever locks cannot wait for are `LONGEST_WAIT`, which is no limit. A negative
    time is 0: a caller that subtracts times has none left.

    >>> read_timeout("2.5"), read_timeout(timedelta(minutes=1)), read_timeout(-1)
    (2.5, 60.0, 0.0)
    >>> read_timeout(None) == read_timeout(math.inf) == LONGEST_WAIT
    True
    >>> read_timeout("soon")
    Traceback (most recent call last):
        ...
    ValueError: timeout must be a number of seconds such as 10 or None, got 'soon'
    """
    seconds = _TIMEOUT(name, given)
    return LONGEST_WAIT if seconds is None else min(max(0.0, seconds), LONGEST_WAIT)


def _plain(given: Any) -> Any:
    """Return a scalar of numpy as Python's; other values as they are."""
    if type(given).__module__ == "numpy" and getattr(given, "shape", None) == ():
        return given.item()
    return given
