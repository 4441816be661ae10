"""The shapes of the texts that only the server's lenient date parser can read (SPEC R8.89).

They are those of the crate ``dateparser`` in its releases 0.2 and 0.3, and of RFC 2822. The parser
reads whole texts, so text without such a shape is certainly no date. Most of these forms take the
present time of day, and none depends on the project's zone.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

__all__ = ["BLANK", "YEAR", "is_lenient_text"]

# Possessive quantifiers keep the time linear in the length of the text.
BLANK: Final = r"[^\S\x1c-\x1f]"
"""Unicode's white space, without the four separators that Python adds."""
YEAR: Final = "(?:[+-][0-9]++|[0-9]{1,4}+)"
"""A year with a sign and any number of digits, or with up to four digits."""


def is_lenient_text(value: str) -> bool:
    """Tell whether the lenient parser may read the text."""
    return _shapes().fullmatch(value) is not None


@cache
def _shapes() -> re.Pattern[str]:
    """Compile the pattern at the first use, because few processes need it."""
    return re.compile("|".join((*_year_first(), *_month_by_name(), *_month_by_number())))


_B: Final = BLANK
_CLOCK: Final = "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
_FRACTION: Final = r"(?:\.[0-9]{1,9})?"
_HALF: Final = f"(?:{_B}*(?:am|pm|AM|PM))"
_ZONE: Final = "(?:[+-][0-9]{2}[+-:a-zA-Z0-9]{2,3}|[a-zA-Z][+-9a-zA-Z]{2,5})"
_MONTH: Final = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_NAME: Final = f"{_MONTH}[a-zA-Z]{{0,6}}"


def _year_first() -> Iterator[str]:
    date = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    yield f"{date}{_B}*{_ZONE}"
    yield f"{date}{_B}+{_CLOCK}{_FRACTION}{_HALF}"
    yield f"[0-9]{{4}}-{_NAME}-[0-9]{{2}}"
    yield "[0-9]{4}年[0-9]{2}月[0-9]{2}日(?:[0-9]{2}时[0-9]{2}分[0-9]{2}秒)?"


def _month_by_name() -> Iterator[str]:
    yield f"{_MONTH}{_B}+[0-9]{{1,2}}(?:{_B}*at)?{_B}+{_CLOCK}{_HALF}?"  # May 8 at 10:00
    yield rf"{_NAME}\.?{_B}+[0-9]{{1,2}},{_B}+[0-9]{{2,4}}(?:,?{_B}+{_CLOCK}{_HALF}?)?"
    # The parser takes "at" out of this form, which may thus be in the month too.
    yield (
        rf"[a-zA-Z]{{3,9}}{_B}+[0-9]{{1,2}},?{_B}+[0-9]{{4}}(?:{_B}*,)?(?:{_B}*at)?"
        rf"{_B}+{_CLOCK}{_HALF}?{_B}+{_ZONE}"
    )
    yield rf"[0-9]{{1,2}}{_B}+{_NAME}{_B}+[0-9]{{2,4}}(?:,?{_B}+{_CLOCK}{_FRACTION})?"
    # RFC 2822, which may end in comments
    yield (
        rf"{_B}*+(?:[a-zA-Z]{{3}},{_B}*+)?[0-9]{{1,2}}{_B}++{_MONTH}{_B}++[0-9]{{2,}}{_B}++"
        rf"[0-9]{{2}}{_B}*+:{_B}*+[0-9]{{2}}(?:{_B}*+:[0-9]{{2}})?{_B}++"
        rf"(?:[a-zA-Z]+|[+-][0-9]{{4}})(?:{_B}*+\((?s:.*)\))?"
    )


def _month_by_number() -> Iterator[str]:
    month, day = "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])"
    yield "[0-9]{10}|[0-9]{13}|[0-9]{19}"  # epoch digits
    yield f"{_CLOCK}{_HALF}?(?:{_B}+{_ZONE})?"  # a time of today
    # 5/8/2024, 2024/5/8, and from the release 0.3 on 5-8-2024
    yield (
        f"(?:{month}/{day}/[0-9]{{2,4}}|[0-9]{{4}}/{month}/{day}|{month}-{day}-[0-9]{{2,4}})"
        f"(?:{_B}+{_CLOCK}{_FRACTION}{_HALF}?)?"
    )
    # 5.8.2024, 2024.5.8 and 2024.05, if two digits stand next to each other
    part = f"{_B}*+[0-9]{{1,2}}+"
    yield rf"(?=(?s:.*)[0-9][^\n][0-9]{{2}}){_B}*+{YEAR}\.{part}(?:\.{_B}*+{YEAR})?"
    yield f"{_B}*+[0-9]{{6}}{_B}++[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}"  # the log of a database
